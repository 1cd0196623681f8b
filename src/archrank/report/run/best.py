"""Drawings of the best architectures of a search."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from archrank.benchmarks.table import Table
from archrank.report.drawing.graph import draw, style_of
from archrank.report.drawing.network import draw_network, is_network
from archrank.report.parts import write_picture
from archrank.report.render import number
from archrank.space import SearchSpace
from archrank.system.text import shortened

__all__ = ["DrawnCell", "drawings", "drawings_title"]


@dataclass(frozen=True, slots=True)
class DrawnCell:
    """One of the best architectures.

    Attributes:
        values: Its values by name, as text.
        details: What else is known of it.
        text: The architecture as text.
        svg: The drawing.
    """

    values: str
    details: list[str]
    text: str
    svg: Markup


def drawings(
    folder: Path, result: Mapping[str, Any], space: SearchSpace, table: Table | None, indices: Sequence[int]
) -> list[DrawnCell]:
    """Draw evaluations, into ``plots/best-N.svg`` and for the page.

    Args:
        folder: The run folder.
        result: What ``result.json`` holds.
        space: The space that was searched.
        table: The table that was searched.
        indices: Of the evaluations, the best first.

    Raises:
        FileError: A file cannot be written.
    """
    if not indices:
        return []
    evaluations = [result["evaluations"][i] for i in indices]
    parsed = [space.parse(evaluation["architecture"]) for evaluation in evaluations]
    graphs = [space.graph(architecture) for architecture in parsed]
    networks = any(map(is_network, graphs))
    # A chain alone does not tell which style suits the space; more of its architectures do.
    others = [] if networks else space.sample(16, np.random.default_rng(0))
    style = style_of([*graphs, *map(space.graph, others)])
    several = result.get("front") is not None
    drawn = []
    for rank, (i, evaluation) in enumerate(zip(indices, evaluations, strict=True), start=1):
        architecture, graph, text = parsed[rank - 1], graphs[rank - 1], str(evaluation["architecture"])
        if networks:
            figure = draw_network(graph, None)
        else:
            figure = draw(graph, operations=space.operations, style=style, titles=space.cell_names or None)
        svg = write_picture(folder, f"best-{rank}", figure, f"drawing of {shortened(text, 200)}")
        values = evaluation["values"] if several else {result["metric"]: evaluation["value"]}
        names = [name for name in result.get("objectives") or values if name in values]
        details = []
        if evaluation.get("test_value") is not None:
            details.append(f"test value {number(evaluation['test_value'], 5)}")
        if table is not None and architecture in table and not several:
            details.append(f"true rank {table.true_rank(architecture, result['metric']):,}")
        details.append(f"evaluation {i + 1:,}")
        shown = ", ".join(f"{shortened(name)} {number(values[name], 5)}" for name in names)
        drawn.append(DrawnCell(shown, details, text, svg))
    return drawn


def drawings_title(drawn: int, front: Sequence[Any] | None) -> str:
    """The heading of the drawings.

    Args:
        drawn: How many there are.
        front: The Pareto front; None for a search with one objective.
    """
    if front is not None:
        some = "All" if drawn == len(front) else f"{drawn} of the"
        return f"{some} {len(front):,} of the Pareto front, by the first objective"
    return "The best architecture found" if drawn == 1 else f"The best {drawn} architectures found"
