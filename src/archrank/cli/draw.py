"""``archrank draw``: a picture of one architecture, or of a network."""

from pathlib import Path
from typing import Annotated

import typer

from archrank.cli.completion import space_names
from archrank.cli.console import Console
from archrank.cli.example import example_shape
from archrank.errors import ArchrankError

__all__ = ["command"]


def command(
    drawn: Annotated[
        str,
        typer.Argument(
            help="A space's name, or your own as path/to/file.py:Name; or a network: timm:NAME, path/to/file.onnx, or "
            "path/to/file.py:Name with --example, with choices also an architecture.",
            show_default=False,
            autocompletion=space_names,
            metavar="SPACE_OR_NETWORK",
        ),
    ],
    architecture: Annotated[
        str | None, typer.Argument(help="The architecture in the space's text form.", show_default=False)
    ] = None,
    example: Annotated[
        str | None, typer.Option("--example", help="The shape of a network's input, such as 1,3,32,32.")
    ] = None,
    level: Annotated[
        int | None,
        typer.Option(
            "--level",
            help="How many levels of modules, or of the rules of a grammar, to show; 1 for the outermost parts.",
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write, .svg or .png.")] = Path(
        "architecture.svg"
    ),
) -> None:
    """Draw an architecture, or a network.

    Example: archrank draw model.py:Net --example 1,3,32,32 --out net.svg
    """
    from archrank.cli import names
    from archrank.verbs.draw import draw

    shape = None if example is None else example_shape(example)
    if architecture is None:
        _check_is_network(drawn, example)
        drawing = draw(drawn, shape, level=level)
    elif example is not None and ":" not in drawn:
        raise ArchrankError(f"--example is for a network, but {drawn!r} is a space")
    else:
        drawing = draw(names.space(drawn, example=shape), architecture, level=level)
    drawing.save(out)
    Console().print(f"drew {out}", soft_wrap=True)


def _check_is_network(name: str, example: str | None) -> None:
    if example is not None or name.startswith("timm:") or Path(name).suffix.lower() == ".onnx":
        return
    raise ArchrankError(
        f"{name!r} alone cannot be drawn: after the name of a space give an architecture, and for a network give the "
        "shape of an input, such as --example 1,3,32,32"
    )
