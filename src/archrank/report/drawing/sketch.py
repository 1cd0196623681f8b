"""A drawing as shapes, which become a matplotlib figure or a small SVG."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch, PathPatch, Polygon
from matplotlib.path import Path

from archrank.plot.style import THEMED, theme
from archrank.system.text import printable

__all__ = ["Curve", "Disc", "Head", "Label", "Point", "Rectangle", "Shape", "Sketch", "figure_of", "svg_of"]

Point = tuple[float, float]

_FONTS = "DejaVu Sans, Verdana, sans-serif"
_BASELINE = 0.36
"""How far the baseline of a text lies below its middle, in its size."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A line of straight parts and cubic Bézier curves.

    Attributes:
        start: Where it begins.
        steps: A point for a straight part, or two control points and the end for a curve.
        color: Its color.
        width: In points.
        alpha: Its opacity.
        dashed: Whether it is dashed.
    """

    start: Point
    steps: tuple[tuple[Point, ...], ...]
    color: str
    width: float
    alpha: float = 1.0
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """The head of an arrow.

    Attributes:
        corners: Its three corners.
        color: Its color.
        alpha: Its opacity.
    """

    corners: tuple[Point, ...]
    color: str
    alpha: float = 1.0


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A rectangle with round corners.

    Attributes:
        center: Its center.
        size: Width and height.
        radius: Of the corners.
        fill: The color inside.
        edge: The color of its border.
        width: Of the border.
        alpha: Its opacity.
    """

    center: Point
    size: tuple[float, float]
    radius: float
    fill: str
    edge: str
    width: float
    alpha: float = 1.0


@dataclass(frozen=True, slots=True)
class Disc:
    """A circle.

    Attributes:
        center: Its center.
        radius: Its radius.
        fill: The color inside.
        edge: The color of its border.
        width: Of the border.
        alpha: Its opacity.
    """

    center: Point
    radius: float
    fill: str
    edge: str
    width: float
    alpha: float = 1.0


@dataclass(frozen=True, slots=True)
class Label:
    """A text.

    Attributes:
        at: Its middle; with ``corner`` its upper left corner.
        text: The text.
        size: The size of the font.
        color: Its color.
        alpha: Its opacity.
        bold: Whether it is bold.
        corner: Whether it begins at a corner.
    """

    at: Point
    text: str
    size: float
    color: str
    alpha: float = 1.0
    bold: bool = False
    corner: bool = False


Shape = Curve | Head | Rectangle | Disc | Label
_LAYERS: dict[type, int] = {Curve: 1, Head: 2, Rectangle: 3, Disc: 3, Label: 4}


@dataclass(slots=True)
class Sketch:
    """Shapes on paper, in points of type; y grows upwards.

    Attributes:
        width: Of the paper.
        height: Of the paper.
        shapes: What is on it.
    """

    width: float
    height: float
    shapes: list[Shape] = field(default_factory=list)


def figure_of(sketch: Sketch) -> Figure:
    """The figure, whose data unit is one point."""
    with theme():
        figure = Figure(figsize=(sketch.width / 72, sketch.height / 72))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, sketch.width), ylim=(0, sketch.height))
        axes.axis("off")
        for shape in sketch.shapes:
            _add(axes, shape)
    return figure


def _add(axes: Axes, shape: Shape) -> None:
    layer = _LAYERS[type(shape)]
    match shape:
        case Curve():
            vertices, codes = [shape.start], [Path.MOVETO]
            for step in shape.steps:
                vertices += step
                codes += [Path.LINETO] if len(step) == 1 else [Path.CURVE4] * 3
            axes.add_patch(
                PathPatch(
                    Path(vertices, codes),
                    facecolor="none",
                    edgecolor=shape.color,
                    linewidth=shape.width,
                    linestyle=(0, (3, 2)) if shape.dashed else "-",
                    capstyle="butt",
                    alpha=shape.alpha,
                    zorder=layer,
                )
            )
        case Head():
            axes.add_patch(
                Polygon(
                    shape.corners, facecolor=shape.color, edgecolor="none", alpha=shape.alpha, zorder=layer
                )
            )
        case Rectangle():
            (x, y), (width, height) = shape.center, shape.size
            axes.add_patch(
                FancyBboxPatch(
                    (x - width / 2, y - height / 2),
                    width,
                    height,
                    boxstyle=f"round,pad=0,rounding_size={shape.radius}",
                    facecolor=shape.fill,
                    edgecolor=shape.edge,
                    linewidth=shape.width,
                    alpha=shape.alpha,
                    zorder=layer,
                )
            )
        case Disc():
            axes.add_patch(
                Circle(
                    shape.center,
                    shape.radius,
                    facecolor=shape.fill,
                    edgecolor=shape.edge,
                    linewidth=shape.width,
                    alpha=shape.alpha,
                    zorder=layer,
                )
            )
        case Label():
            axes.text(
                *shape.at,
                shape.text,
                fontsize=shape.size,
                fontweight="bold" if shape.bold else "normal",
                color=shape.color,
                alpha=shape.alpha,
                ha="left" if shape.corner else "center",
                va="top" if shape.corner else "center_baseline",
                zorder=layer,
                parse_math=False,
            )


def svg_of(sketch: Sketch, description: str) -> str:
    """The sketch as part of a page: in the page's colors, with texts that can be selected.

    Args:
        sketch: The sketch.
        description: What it shows, for people who do not see it.
    """
    shapes = sorted(sketch.shapes, key=lambda shape: _LAYERS[type(shape)])
    parts = [_element(shape, sketch.height) for shape in shapes]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(sketch.width)} {_n(sketch.height)}" '
        f'style="--natural: {sketch.width:.0f}pt" role="img" aria-label="{_escaped(description)}" '
        f'font-family="{_FONTS}" text-anchor="middle" fill="none">{"".join(parts)}</svg>'
    )


def _element(shape: Shape, height: float) -> str:
    def point(at: Point) -> str:
        return f"{_n(at[0])} {_n(height - at[1])}"

    def look(fill: str, edge: str = "", width: float = 0.0) -> Iterator[str]:
        yield f"fill:{_color(fill)}" if fill else ""
        yield f"stroke:{_color(edge)};stroke-width:{_n(width)}" if edge else ""
        yield f"opacity:{shape.alpha:g}" if shape.alpha < 1 else ""

    def style(fill: str, edge: str = "", width: float = 0.0, more: str = "") -> str:
        return f'style="{";".join(filter(None, (*look(fill, edge, width), more)))}"'

    match shape:
        case Curve():
            steps = "".join(
                ("L" if len(step) == 1 else "C") + " ".join(map(point, step)) for step in shape.steps
            )
            dashes = "stroke-dasharray:3 2" if shape.dashed else ""
            return f'<path d="M{point(shape.start)}{steps}" {style("", shape.color, shape.width, dashes)}/>'
        case Head():
            return f'<path d="M{"L".join(map(point, shape.corners))}Z" {style(shape.color)}/>'
        case Rectangle():
            (x, y), (w, h) = shape.center, shape.size
            return (
                f'<rect x="{_n(x - w / 2)}" y="{_n(height - y - h / 2)}" width="{_n(w)}" height="{_n(h)}" '
                f'rx="{_n(shape.radius)}" {style(shape.fill, shape.edge, shape.width)}/>'
            )
        case Disc():
            x, y = shape.center
            return (
                f'<circle cx="{_n(x)}" cy="{_n(height - y)}" r="{_n(shape.radius)}" '
                f"{style(shape.fill, shape.edge, shape.width)}/>"
            )
        case Label():
            x, y = shape.at
            down = shape.size * (1.0 if shape.corner else _BASELINE)
            more = "font-weight:bold" if shape.bold else ""
            anchor = ' text-anchor="start"' if shape.corner else ""
            return (
                f'<text x="{_n(x)}" y="{_n(height - y + down)}" font-size="{_n(shape.size)}"{anchor} '
                f"{style(shape.color, more=more)}>{_escaped(shape.text)}</text>"
            )


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _color(color: str) -> str:
    return f"var(--{THEMED[color]})" if color in THEMED else color


def _escaped(text: str) -> str:
    return escape(printable(text))
