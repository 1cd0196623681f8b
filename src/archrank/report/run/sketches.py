"""Drawings of the architectures of a search, small enough that a page holds those of all of them."""

import base64
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from archrank.architecture import Architecture
from archrank.graph import Graph
from archrank.report.drawing.graph import sketch_graph, style_of
from archrank.report.drawing.network import is_network, sketch_network
from archrank.report.drawing.sketch import Sketch, svg_of
from archrank.report.run.rows import row_numbers
from archrank.space import SearchSpace
from archrank.system.text import shortened

__all__ = ["Sketcher", "description_of", "packed_drawings"]

_MOST = 1_000
"""How many architectures are drawn for the page."""

_SAMPLE = 16
"""A chain alone does not tell which style suits a space; this many more of its architectures do."""


class Sketcher:
    """Sketches architectures of one space in one style, an operation in one color.

    Args:
        space: The space.
        some: Graphs of some architectures.
    """

    def __init__(self, space: SearchSpace, some: Sequence[Graph]) -> None:
        self._space = space
        self._networks = any(map(is_network, some))
        others = [] if self._networks else space.sample(_SAMPLE, np.random.default_rng(0))
        self._style = style_of([*some, *map(space.graph, others)])

    def __call__(self, architecture: Architecture) -> Sketch:
        """The drawing of an architecture."""
        graph = self._space.graph(architecture)
        if self._networks:
            return sketch_network(graph)
        titles = self._space.cell_names or None
        return sketch_graph(graph, operations=self._space.operations, style=self._style, titles=titles)


def description_of(text: str) -> str:
    """What a drawing shows, for people who do not see it."""
    return f"drawing of {shortened(text, 200)}"


def packed_drawings(
    sketcher: Sketcher,
    space: SearchSpace,
    evaluations: Sequence[Mapping[str, Any]],
    order: Sequence[int],
    room: int,
) -> tuple[str, int]:
    """Drawings for the page's script: lines of evaluation numbers, a tab and an SVG, deflated, as base64.

    Args:
        sketcher: Draws them.
        space: The space that was searched.
        evaluations: As ``result.json`` holds them.
        order: Indices of the evaluations, those to draw rather than others first.
        room: How many bytes the text may have, about.

    Returns:
        The text, and how many architectures are drawn in it.
    """
    numbers = row_numbers(evaluations)
    rows: dict[str, list[int]] = {}
    for index in order:
        rows.setdefault(str(evaluations[index]["architecture"]), []).append(numbers[index])
    packer, found, drawn = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS), bytearray(), 0
    for text, of in list(rows.items())[:_MOST]:
        if len(found) * 4 // 3 > room:
            break
        svg = svg_of(sketcher(space.parse(text)), description_of(text))
        found += packer.compress(f"{','.join(map(str, of))}\t{svg}\n".encode())
        drawn += 1
    found += packer.flush()
    return base64.b64encode(found).decode(), drawn
