"""Drawings of architectures: the boxes and lines of a graph."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from matplotlib.figure import Figure

from archrank.graph import Cell, Graph
from archrank.plot.style import MUTED, operation_colors, passes_on, save
from archrank.report.drawing.shapes import Box, Line, sketch_cells
from archrank.report.drawing.sketch import Sketch, figure_of
from archrank.system.text import shortened

__all__ = ["Style", "draw", "sketch_graph", "style_of"]

Style = Literal["edge", "node"]
"""Operations as labels on the arrows between junctions, or as boxes with arrows between."""

_LONGEST_NAME = 40


def style_of(graphs: Iterable[Graph]) -> Style:
    """The style that suits graphs of one space.

    Operations are on edges where each reads one junction and several write to the same one; else they are on
    nodes. A single graph may be ambiguous (a chain is both), so give several of the space.

    >>> from archrank.spaces import NASBench201
    >>> space = NASBench201()
    >>> style_of([space.graph(space.architecture((3, 1, 2, 3, 1, 3)))])
    'edge'
    """
    shared = False
    for cell in (cell for graph in graphs for cell in graph.cells):
        if any(len(site.sources) != 1 for site in cell.sites):
            return "node"
        targets = [site.target for site in cell.sites]
        shared = shared or len(set(targets)) < len(targets)
    return "edge" if shared else "node"


def draw(
    graph: Graph,
    path: Path | str | None = None,
    *,
    operations: Sequence[str] | None = None,
    style: Style | None = None,
    titles: Sequence[str] | None = None,
) -> Figure:
    """Draw a graph. What no data reaches, or what does not reach the output, is pale.

    Args:
        graph: What to draw; several cells stand side by side.
        path: An ``.svg`` or ``.png`` file to write it to as well.
        operations: The space's operations: with the same list, an operation has the same color in every
            drawing. Without it, colors follow the names in this graph.
        style: Operations on edges or on nodes; without it, what suits this graph.
        titles: One for each cell; by default the cells of a graph with several are numbered.

    Returns:
        The figure, whose data unit is one point (1/72 inch); its ``savefig`` writes other formats.

    Raises:
        UnknownName: ``path`` has another suffix.
        ArchrankError: The file cannot be written.
    """
    figure = figure_of(sketch_graph(graph, operations=operations, style=style, titles=titles))
    if path is not None:
        save(figure, path)
    return figure


def sketch_graph(
    graph: Graph,
    *,
    operations: Sequence[str] | None = None,
    style: Style | None = None,
    titles: Sequence[str] | None = None,
) -> Sketch:
    """The shapes of a drawing; the arguments are those of :func:`draw`."""
    used = sorted({site.operation for cell in graph.cells for site in cell.sites})
    colors = operation_colors([*(operations or []), *used])
    style = style or style_of([graph])
    if titles is None:
        titles = [f"Cell {i}" for i in range(1, len(graph.cells) + 1)] if len(graph.cells) > 1 else [""]
    shown = [shortened(title, _LONGEST_NAME) for title in titles]
    return sketch_cells([_plan(cell, style, colors) for cell in graph.cells], shown)


def _plan(cell: Cell, style: Style, colors: Mapping[str, str]) -> tuple[list[Box], list[Line]]:
    """The boxes and lines of a cell, without their positions."""
    fed, useful = _flow(cell)
    live = [j in fed and j in useful for j in range(cell.junctions)]
    writers = [[s for s, site in enumerate(cell.sites) if site.target == j] for j in range(cell.junctions)]
    read = {j for site in cell.sites for j in site.sources}
    # An output that is read inside the cell, or one among several, stays what it is and leads to the end.
    end = cell.outputs[0] if len(cell.outputs) == 1 and cell.outputs[0] not in read else None

    boxes: list[Box] = []
    stands_for: dict[int, int] = {}
    for j in range(cell.junctions):
        if j < cell.inputs:
            text = "in" if cell.inputs == 1 else f"in {j + 1}"
            boxes.append(Box("end", text, MUTED, live=True))
        elif style == "node" and len(writers[j]) == 1:
            continue
        elif j == end:
            boxes.append(Box("end", "out", MUTED, live=True))
        elif writers[j] or j in read or j in cell.outputs:
            boxes.append(Box("dot", str(j) if style == "edge" else "+", MUTED, live[j]))
        else:
            continue
        stands_for[j] = len(boxes) - 1

    lines: list[Line] = []
    for j in range(cell.junctions):
        for s in writers[j]:
            site = cell.sites[s]
            alive = j in useful and any(source in fed for source in site.sources)
            color = colors[site.operation]
            kind: Literal["end", "operation"] = "end" if site.operation == "output" else "operation"
            boxes.append(Box(kind, shortened(site.operation, _LONGEST_NAME), color, alive))
            place = len(boxes) - 1
            thick = 1.0 if style == "node" else 1.2 if passes_on(site.operation) else 1.8
            line_color = MUTED if style == "node" else color
            for source in site.sources:
                flows = alive and source in fed
                lines.append(Line(stands_for[source], place, line_color, thick, style == "node", flows))
            if j in stands_for:
                lines.append(Line(place, stands_for[j], line_color, thick, True, alive))
            else:
                stands_for[j] = place

    if end is None or boxes[stands_for[end]].kind != "end":
        boxes.append(Box("end", "out", MUTED, live=True))
        lines += [Line(stands_for[j], len(boxes) - 1, MUTED, 1.0, True, j in fed) for j in cell.outputs]
    return boxes, lines


def _flow(cell: Cell) -> tuple[set[int], set[int]]:
    """The junctions that data from the input reaches, and those from which data reaches an output."""
    fed = set(range(cell.inputs))
    for site in sorted(cell.sites, key=lambda site: site.target):
        if fed.intersection(site.sources):
            fed.add(site.target)
    useful = set(cell.outputs)
    for site in sorted(cell.sites, key=lambda site: -site.target):
        if site.target in useful:
            useful.update(site.sources)
    return fed, useful
