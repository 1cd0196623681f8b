"""``archrank evaluate``: the accuracy of a trained network."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table as Grid
from rich.text import Text

from archrank.cli.console import Console
from archrank.cli.training import DataFolderOption, DataOption, DeviceOption, decoding

if TYPE_CHECKING:
    pass

__all__ = ["command"]


def command(
    folder: Annotated[
        Path, typer.Argument(help="The folder that `archrank train` wrote.", show_default=False)
    ],
    split: Annotated[str, typer.Option(help="test | validation")] = "test",
    data: DataOption = None,
    data_folder: DataFolderOption = None,
    device: DeviceOption = None,
    batch: Annotated[int, typer.Option(help="Number of images in a batch.", min=1)] = 256,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Measure a trained network on images that it was not trained on: those of its own data, or others (--data).

    Example: archrank evaluate best --split validation
    """
    from archrank.cli.executors import warnings_on
    from archrank.verbs.evaluate import evaluate

    console = Console(stderr=True)
    with warnings_on(console), decoding(console) as on_progress:
        found = evaluate(
            folder,
            split,
            data=data,
            data_folder=data_folder,
            device=device or "auto",
            batch=batch,
            on_progress=on_progress,
        )
    if as_json:
        sys.stdout.write(json.dumps(asdict(found), indent=2, ensure_ascii=False) + "\n")
        return
    rows = [
        ("images", f"{found.images:,} ({found.split} of {found.data})"),
        ("accuracy", f"{found.accuracy:.2%}"),
        *([("among the top 5", f"{found.top5:.2%}")] if found.top5 is not None else []),
        ("error", f"{1 - found.accuracy:.2%}"),
        ("cross-entropy", f"{found.loss:.4f}"),
        ("parameters", f"{found.parameters:,}"),
        ("multiply-adds", f"{found.multiply_adds:,}"),
    ]
    grid = Grid.grid(padding=(0, 2))
    for name, value in rows:
        grid.add_row(Text(name, style="bold"), Text(value))
    Console().print(grid)
