"""Boxes and lines of a drawing: where lines touch boxes, how they bend, and their style."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import atan2, cos, sin
from typing import Literal

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from archrank.plot.style import INK, MUTED, NEUTRAL, PAPER, passes_on, tint
from archrank.report.drawing.layout import Layout, lay_out
from archrank.report.drawing.sketch import Curve, Disc, Head, Label, Point, Rectangle, Sketch

__all__ = ["Box", "Line", "sketch_cells", "text_width"]

_LABEL = 9.0
_DOT = 8.0
_MARGIN = 10.0
_BETWEEN = 46.0
_TITLE = 24.0
_WIDEST_ROW = 1100.0
_PALE = 0.32
_ON_COLOR = "#10151b"
_HEAD = (7.5, 3.2)


@dataclass(slots=True)
class Box:
    """Something with a position: an operation, a junction, or an input or output of the cell."""

    kind: Literal["end", "dot", "operation"]
    text: str
    color: str
    live: bool

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in points."""
        if self.kind == "dot":
            return 2 * _DOT, 2 * _DOT
        return text_width(self.text) + 18, 22.0


@dataclass(slots=True)
class Line:
    """A line from box to box: gray in the on-node style, of its operation's color in the on-edge style."""

    start: int
    end: int
    color: str
    thick: float
    arrow: bool
    live: bool


def _layout(boxes: list[Box], lines: list[Line]) -> Layout:
    pairs = [(line.start, line.end) for line in lines]
    # An output that nothing leads to still stands at the right of everything.
    starts, ends = {start for start, _ in pairs}, {end for _, end in pairs}
    cut_off = [i for i, box in enumerate(boxes) if box.text == "out" and i not in ends]
    unseen = [(v, i) for i in cut_off for v in range(len(boxes)) if v != i and v not in starts]
    return lay_out([box.size for box in boxes], pairs + unseen)


def sketch_cells(plans: list[tuple[list[Box], list[Line]]], titles: Sequence[str]) -> Sketch:
    """A sketch just large enough for the cells: side by side, or below each other where that is too wide.

    Args:
        plans: The boxes and lines of every cell.
        titles: One a cell, or empty texts.
    """
    layouts = [_layout(boxes, lines) for boxes, lines in plans]
    widths = [max(a.width, text_width(t, 11)) for a, t in zip(layouts, titles, strict=True)]
    head = _TITLE if any(titles) else 0.0
    beside = sum(widths) + _BETWEEN * (len(widths) - 1) <= _WIDEST_ROW
    if beside:
        width = sum(widths) + _BETWEEN * (len(widths) - 1)
        height = max(a.height for a in layouts) + head
    else:
        width = max(widths)
        height = sum(a.height + head for a in layouts) + _BETWEEN / 2 * (len(layouts) - 1)
    width, height = width + 2 * _MARGIN, height + 2 * _MARGIN

    sketch = Sketch(width, height)
    x, top = _MARGIN, height - _MARGIN
    for (boxes, lines), layout, title, cell_width in zip(plans, layouts, titles, widths, strict=True):
        if title:
            sketch.shapes.append(Label((x, top), title, 11, INK, bold=True, corner=True))
        # Cells side by side are centered on one line.
        room = height - 2 * _MARGIN - head if beside else layout.height
        origin = (x, top - head - (room + layout.height) / 2)
        _draw_cell(sketch, boxes, lines, layout, origin)
        if beside:
            x += cell_width + _BETWEEN
        else:
            top -= layout.height + head + _BETWEEN / 2
    return sketch


def _draw_cell(sketch: Sketch, boxes: list[Box], lines: list[Line], layout: Layout, origin: Point) -> None:
    def moved(point: Point) -> Point:
        return origin[0] + point[0], origin[1] + point[1]

    centers = [moved(center) for center in layout.centers]
    routes = [[moved(point) for point in route] for route in layout.routes]
    columns = [(origin[0] + left, origin[0] + right) for left, right in layout.columns]
    leaving: dict[int, _Port] = {}
    entering: dict[int, _Port] = {}
    for place, box in enumerate(boxes):
        shape = _Place(box, centers[place], columns[place], layout.alone[place])
        out = {i: (*routes[i], centers[line.end])[0] for i, line in enumerate(lines) if line.start == place}
        into = {i: (centers[line.start], *routes[i])[-1] for i, line in enumerate(lines) if line.end == place}
        leaving |= _ports(shape, out, side=1)
        entering |= _ports(shape, into, side=-1)
    for i, line in enumerate(lines):
        _draw_line(sketch, line, leaving[i], routes[i], entering[i])
    for box, center in zip(boxes, centers, strict=True):
        _draw_box(sketch, box, center)


@dataclass(frozen=True, slots=True)
class _Place:
    """A box, where it stands, and how much room its layer has around it."""

    box: Box
    center: Point
    column: tuple[float, float]
    alone: tuple[bool, bool]


@dataclass(frozen=True, slots=True)
class _Port:
    """Where a line touches a box.

    Attributes:
        at: The point.
        direction: A unit vector, pointing right, that the line has there.
        clear: Where the line has left the layer of the box: ``at``, or the edge of the layer where a wider
            box stands in the way.
    """

    at: Point
    direction: Point
    clear: Point


def _ports(place: _Place, towards: Mapping[int, Point], side: Literal[1, -1]) -> dict[int, _Port]:
    """Where lines leave (side 1) or enter (side -1) a box: apart from each other, and never crossing there.

    Args:
        place: The box.
        towards: For every line that touches it, the point that it comes from or goes to.
        side: Right or left.
    """
    x, y = place.center
    width, height = place.box.size
    edge = place.column[side == 1]
    step = min(6.5, 0.68 * height / max(1, len(towards) - 1))
    ports: dict[int, _Port] = {}
    for rank, i in enumerate(sorted(towards, key=lambda i: (towards[i][1], i))):
        rise, run = towards[i][1] - y, abs(towards[i][0] - x)
        blocked = abs(edge - x) > width / 2 + 1 and not place.alone[rise > 0]
        direction = (1.0, 0.0)
        if place.box.kind == "dot":
            angle = max(-1.1, min(1.1, 1.5 * atan2(rise, run))) if len(towards) > 1 else 0.0
            if blocked:
                angle = max(-0.6, min(0.6, angle))
            else:
                direction = (cos(angle), side * sin(angle))
            at = (x + side * _DOT * cos(angle), y + _DOT * sin(angle))
        else:
            at = (x + side * width / 2, y + (rank - (len(towards) - 1) / 2) * step)
        ports[i] = _Port(at, direction, (edge, at[1]) if blocked else at)
    return ports


def _draw_line(sketch: Sketch, line: Line, start: _Port, route: list[Point], end: _Port) -> None:
    head, half = _HEAD
    (tip_x, tip_y), (dx, dy) = end.at, end.direction
    # The line ends inside its head, not at the tip, where its width would show.
    last = (tip_x - head * dx * 0.8, tip_y - head * dy * 0.8) if line.arrow else end.at
    clear = last if end.clear == end.at else end.clear
    steps: list[tuple[Point, ...]] = [(start.clear,)]
    # Curves between layers, straight across each.
    exits = [(start.clear, start.direction), *((point, (1.0, 0.0)) for point in route[1::2])]
    entries = [*((point, (1.0, 0.0)) for point in route[::2]), (clear, end.direction)]
    for (a, a_direction), (b, b_direction) in zip(exits, entries, strict=True):
        reach = 0.5 * (b[0] - a[0])
        steps += [
            (a,),
            (
                (a[0] + reach * a_direction[0], a[1] + reach * a_direction[1]),
                (b[0] - reach * b_direction[0], b[1] - reach * b_direction[1]),
                b,
            ),
        ]
    steps.append((last,))
    alpha = 1.0 if line.live else _PALE
    sketch.shapes.append(Curve(start.at, tuple(steps), line.color, line.thick, alpha, dashed=not line.live))
    if line.arrow:
        base = (tip_x - head * dx, tip_y - head * dy)
        corners = (
            (tip_x, tip_y),
            (base[0] - half * dy, base[1] + half * dx),
            (base[0] + half * dy, base[1] - half * dx),
        )
        sketch.shapes.append(Head(corners, line.color, alpha))


def _draw_box(sketch: Sketch, box: Box, center: Point) -> None:
    alpha = 1.0 if box.live else _PALE
    if box.kind == "dot":
        sketch.shapes.append(Disc(center, _DOT, PAPER, MUTED, 1.1, alpha))
    else:
        light = passes_on(box.text)
        fill = PAPER if box.kind == "end" else tint(box.color, 0.12 if light else 0.28)
        radius = box.size[1] / 2 if box.kind == "end" else 5
        edge = MUTED if box.kind == "end" else box.color
        sketch.shapes.append(Rectangle(center, box.size, radius, fill, edge, 0.8 if light else 1.2, alpha))
    color = INK if box.kind != "operation" else "#57606a" if box.color == NEUTRAL else _ON_COLOR
    size = 7.5 if box.kind == "dot" else _LABEL
    sketch.shapes.append(Label(center, box.text, size, color, 1.0 if box.live else 0.6))


@lru_cache(maxsize=1024)
def text_width(text: str, size: float = _LABEL) -> float:
    """The width of a text in points."""
    font = FontProperties(family="DejaVu Sans", size=size, weight="bold" if size > _LABEL else "normal")
    with warnings.catch_warnings():
        # A letter that the font lacks is drawn as a box, and a warning would not help.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return float(width)
