"""Boxes and lines of a network on paper, from top to bottom."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from archrank.plot.style import INK, MUTED, NEUTRAL, PAPER, tint
from archrank.report.drawing.layout import Layout, lay_out
from archrank.report.drawing.shapes import text_width
from archrank.report.drawing.sketch import Curve, Disc, Head, Label, Point, Rectangle, Sketch

__all__ = ["Block", "sketch_columns"]

_NAME = 9.0
_DETAIL = 7.0
_DOT = 8.0
_GAP = (24.0, 16.0)
_MARGIN = 12.0
_BETWEEN = 46.0
_TITLE = 22.0
_BEND = 12.0
"""Points of type that a long line may be moved to be straight."""
_HEAD = (6.5, 2.9)


@dataclass(slots=True)
class Block:
    """A box of a drawing.

    Attributes:
        kind: A box, a small circle, or an end of the network.
        name: The text.
        detail: A second line, smaller.
        color: Its color.
    """

    kind: Literal["box", "dot", "end"]
    name: str
    detail: str
    color: str

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in points."""
        if self.kind == "dot":
            return 2 * _DOT, 2 * _DOT
        wide = max(text_width(self.name, _NAME), text_width(self.detail, _DETAIL) if self.detail else 0.0)
        return wide + 18, 31.0 if self.detail else 21.0


def sketch_columns(plans: Sequence[tuple[Sequence[Block], Sequence[tuple[int, int]]]], title: str) -> Sketch:
    """A sketch just large enough for cells side by side.

    Args:
        plans: The boxes of every cell, and from which box to which its lines go.
        title: A line above all.
    """
    layouts = [lay_out([(b.size[1], b.size[0]) for b in blocks], lines, _GAP) for blocks, lines in plans]
    # The layout goes from left to right; here that is from top to bottom.
    width = sum(layout.height for layout in layouts) + _BETWEEN * (len(layouts) - 1)
    width = max(width, text_width(title, _NAME)) + 2 * _MARGIN
    height = max(layout.width for layout in layouts) + 2 * _MARGIN + _TITLE
    sketch = Sketch(width, height)
    sketch.shapes.append(Label((_MARGIN, height - _MARGIN), title, _NAME, MUTED, corner=True))
    all_of_them = sum(layout.height for layout in layouts) + _BETWEEN * (len(layouts) - 1)
    left, top = (width - all_of_them) / 2, height - _MARGIN - _TITLE
    for (blocks, lines), layout in zip(plans, layouts, strict=True):
        _draw(sketch, blocks, lines, layout, (left, top))
        left += layout.height + _BETWEEN
    return sketch


def _draw(
    sketch: Sketch, blocks: Sequence[Block], lines: Sequence[tuple[int, int]], layout: Layout, origin: Point
) -> None:
    def turned(point: Point) -> Point:
        return origin[0] + point[1], origin[1] - point[0]

    centers = [turned(center) for center in layout.centers]
    routes = [_straight([turned(point) for point in route]) for route in layout.routes]
    leaving = _ports(
        blocks, centers, {i: (a, (*routes[i], centers[b])[0]) for i, (a, b) in enumerate(lines)}, -1
    )
    entering = _ports(
        blocks, centers, {i: (b, (centers[a], *routes[i])[-1]) for i, (a, b) in enumerate(lines)}, 1
    )
    for i in range(len(lines)):
        _draw_line(sketch, leaving[i], routes[i], entering[i])
    for block, center in zip(blocks, centers, strict=True):
        _draw_block(sketch, block, center)


def _straight(route: list[Point]) -> list[Point]:
    """A way past boxes without small bends, which the layout leaves in it."""
    across = sorted(x for x, _ in route)
    if not route or across[-1] - across[0] > _BEND:
        return route
    return [(across[len(across) // 2], y) for _, y in route]


def _ports(
    blocks: Sequence[Block], centers: Sequence[Point], touching: dict[int, tuple[int, Point]], side: int
) -> dict[int, Point]:
    """Where lines touch boxes, above (side 1) or below, in the order in which they come or go."""
    by_block: dict[int, list[tuple[float, int]]] = {}
    for line, (touched, towards) in touching.items():
        by_block.setdefault(touched, []).append((towards[0], line))
    ports = {}
    for place, found in by_block.items():
        block, (x, y) = blocks[place], centers[place]
        width, height = block.size
        step = 0.0 if block.kind == "dot" else min(14.0, 0.7 * width / max(1, len(found) - 1))
        for rank, (_, line) in enumerate(sorted(found)):
            ports[line] = (x + (rank - (len(found) - 1) / 2) * step, y + side * height / 2)
    return ports


def _draw_line(sketch: Sketch, start: Point, route: Sequence[Point], end: Point) -> None:
    head, half = _HEAD
    last = (end[0], end[1] + head * 0.8)
    steps: list[tuple[Point, ...]] = []
    for a, b in zip([start, *route[1::2]], [*route[::2], last], strict=True):
        if steps:
            steps.append((a,))
        reach = 0.5 * (a[1] - b[1])
        steps.append(((a[0], a[1] - reach), (b[0], b[1] + reach), b))
    sketch.shapes.append(Curve(start, tuple(steps), NEUTRAL, 1.0))
    corners = (end, (end[0] - half, end[1] + head), (end[0] + half, end[1] + head))
    sketch.shapes.append(Head(corners, NEUTRAL))


def _draw_block(sketch: Sketch, block: Block, center: Point) -> None:
    (x, y), size = center, block.size
    if block.kind == "dot":
        sketch.shapes.append(Disc(center, _DOT, PAPER, MUTED, 1.1))
        sketch.shapes.append(Label(center, block.name, _NAME, INK))
        return
    is_end = block.kind == "end"
    fill = PAPER if is_end else tint(block.color, 0.12 if block.color == NEUTRAL else 0.28)
    edge = MUTED if is_end else block.color
    width = 0.8 if is_end or block.color == NEUTRAL else 1.2
    sketch.shapes.append(Rectangle(center, size, size[1] / 2 if is_end else 5, fill, edge, width))
    above = 6.0 if block.detail else 0.0
    sketch.shapes.append(Label((x, y + above), block.name, _NAME, INK))
    if block.detail:
        sketch.shapes.append(Label((x, y - 7.5), block.detail, _DETAIL, MUTED))
