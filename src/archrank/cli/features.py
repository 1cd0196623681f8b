"""``archrank features``: what the predictors see of a space's architectures."""

import json
import sys
from typing import Annotated

import typer
from rich.table import Table as Grid

from archrank.cli.console import Console

__all__ = ["command"]

_SAMPLE = 1_000


def command(
    space: Annotated[
        str, typer.Argument(help="A space's name, or your own as path/to/file.py:Name.", show_default=False)
    ],
    architecture: Annotated[
        str | None, typer.Argument(help="Show this one's, in the space's text form.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """List the graph features of a space: what they are, and their values over 1,000 random architectures."""
    import numpy as np

    from archrank.cli import names
    from archrank.predictors.feature_map import named_features

    chosen = names.space(space)
    drawn = chosen.sample(_SAMPLE, np.random.default_rng(0))
    shown = [] if architecture is None else [chosen.parse(architecture)]
    every, values = named_features(chosen, np.array([a.choices for a in [*shown, *drawn]], dtype=np.int16))
    sampled = values[len(shown) :]
    records = [
        {
            "feature": name,
            **({"value": float(values[0, place])} if shown else {}),
            "mean": float(sampled[:, place].mean()),
            "least": float(sampled[:, place].min()),
            "most": float(sampled[:, place].max()),
        }
        for place, name in enumerate(every)
    ]
    if as_json:
        sys.stdout.write(json.dumps(records, indent=2, ensure_ascii=False) + "\n")
        return
    grid = Grid(*records[0], box=None, pad_edge=False)
    for record in records:
        numbers = (f"{value:.3g}" for value in list(record.values())[1:])
        grid.add_row(str(record["feature"]), *numbers)
    console = Console()
    console.print(grid)
    constant = sum(record["least"] == record["most"] for record in records)
    console.print(
        f"{len(records)} features of what an architecture of {chosen.name} computes; {constant} never vary among "
        f"{_SAMPLE:,} random ones, and predictors leave these out."
    )
