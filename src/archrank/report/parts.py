"""The parts of pages, which the templates lay out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup
from matplotlib.figure import Figure

from archrank.plot.links import without_links
from archrank.plot.methods import MethodFigure, without_marks
from archrank.plot.narrow import make_narrow
from archrank.plot.style import encode
from archrank.report.inline import inline_svg
from archrank.system.files import write_whole

__all__ = ["Picture", "TableCell", "Tile", "picture_of", "pictures_of", "write_picture"]


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure with its title and caption.

    Attributes:
        title: Its heading.
        caption: What it shows.
        svg: The figure as SVG.
        narrow: The figure as SVG for a narrow screen.
        readings: What a script reads off its lines; see :meth:`archrank.plot.methods.MethodFigure.readings`.
        boxes: Where the panels are in it.
        narrow_boxes: Where they are in the narrow one.
    """

    title: str
    caption: str
    svg: Markup
    narrow: Markup
    readings: Mapping[str, Any] | None = None
    boxes: Sequence[Sequence[float]] = ()
    narrow_boxes: Sequence[Sequence[float]] = ()


@dataclass(frozen=True, slots=True)
class Tile:
    """A number at the top of a page.

    Attributes:
        name: What it is.
        value: The number.
        remark: What it compares with.
    """

    name: str
    value: str
    remark: str = ""


@dataclass(frozen=True, slots=True)
class TableCell:
    """A cell of a table whose columns can be sorted.

    Attributes:
        value: A number, or any other value.
        digits: Significant digits of a number.
        note: A small line below it.
    """

    value: Any
    digits: int = 6
    note: str = ""


def write_picture(folder: Path, name: str, figure: Figure, description: str) -> Markup:
    """Write ``plots/NAME.svg``, and give the figure as part of a page.

    Args:
        folder: The report's folder.
        name: The figure's name.
        figure: The figure.
        description: What it shows, for people who do not see it.

    Raises:
        FileError: The file cannot be written.
    """
    svg = encode(figure, ".svg")
    write_whole(folder / "plots" / f"{name}.svg", without_marks(without_links(svg)))
    return inline_svg(svg, name, description)


def _narrow(name: str, figure: Figure, description: str) -> Markup:
    make_narrow(figure)
    return inline_svg(encode(figure, ".svg"), f"{name}-narrow", description)


def picture_of(name: str, figure: Figure, title: str, caption: str) -> Picture:
    """A figure with its title and caption, of which no file is written."""
    wide = inline_svg(encode(figure, ".svg"), name, title)
    return Picture(title, caption, wide, _narrow(name, figure, title))


def pictures_of(
    folder: Path, figures: Mapping[str, Figure], captions: Mapping[str, tuple[str, str]]
) -> list[Picture]:
    """Write figures as files, and give them with their titles and captions.

    Args:
        folder: The report's folder.
        figures: The figures by name.
        captions: Title and caption by name.

    Raises:
        FileError: A file cannot be written.
    """
    return [_picture(folder, name, figure, *captions[name]) for name, figure in figures.items()]


def _picture(folder: Path, name: str, figure: Figure, title: str, caption: str) -> Picture:
    svg = write_picture(folder, name, figure, title)
    if not isinstance(figure, MethodFigure):
        return Picture(title, caption, svg, _narrow(name, figure, title))
    boxes = figure.boxes()
    return Picture(
        title, caption, svg, _narrow(name, figure, title), figure.readings(), boxes, figure.boxes()
    )
