"""``archrank draw``: a picture of one architecture."""

from pathlib import Path
from typing import Annotated

import typer

from archrank.cli.console import Console

__all__ = ["command"]


def command(
    space: Annotated[
        str, typer.Argument(help="A space's name, or your own as path/to/file.py:Name.", show_default=False)
    ],
    architecture: Annotated[
        str, typer.Argument(help="The architecture in the space's text form.", show_default=False)
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write, .svg or .png.")] = Path(
        "architecture.svg"
    ),
) -> None:
    """Draw an architecture."""
    import numpy as np

    from archrank.cli import names

    chosen = names.space(space)
    graph = chosen.graph(chosen.parse(architecture))

    from archrank.report.drawing import draw, style_of

    # Which style suits the space shows in several architectures, not in every single one.
    others = chosen.sample(16, np.random.default_rng(0))
    style = style_of([graph, *map(chosen.graph, others)])
    draw(graph, out, operations=chosen.operations, style=style, titles=chosen.cell_names or None)
    Console().print(f"drew {out}", soft_wrap=True)
