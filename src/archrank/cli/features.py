"""``archrank features``: the graph features that predictors use."""

import json
import sys
from typing import Annotated

import typer
from rich.table import Table as Grid

from archrank.cli.completion import space_names
from archrank.cli.console import Console

__all__ = ["command"]


def command(
    space: Annotated[
        str,
        typer.Argument(
            help="A space's name, or your own as path/to/file.py:Name.",
            show_default=False,
            autocompletion=space_names,
        ),
    ],
    architecture: Annotated[
        str | None,
        typer.Argument(
            help="Show the features of this architecture, in the space's text form.", show_default=False
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """List the graph features of a space, and their values over 1,000 random architectures.

    Example: archrank features nas-bench-201
    """
    from archrank.cli import names
    from archrank.verbs.features import SAMPLE, feature_table

    chosen = names.space(space)
    records = feature_table(chosen, architecture)
    if as_json:
        sys.stdout.write(json.dumps(records, indent=2, ensure_ascii=False) + "\n")
        return
    grid = Grid(*records[0], box=None, pad_edge=False)
    for record in records:
        numbers = (f"{value:.3g}" for value in list(record.values())[1:])
        grid.add_row(str(record["feature"]), *numbers)
    console = Console()
    console.print(grid)
    constant = sum(record["min"] == record["max"] for record in records)
    console.print(
        f"{len(records)} features of what an architecture of {chosen.name} computes; {constant} never vary among "
        f"{SAMPLE:,} random ones, and predictors leave these out."
    )
