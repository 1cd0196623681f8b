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
    from archrank.cli import names
    from archrank.verbs.draw import draw

    draw(names.space(space), architecture).save(out)
    Console().print(f"drew {out}", soft_wrap=True)
