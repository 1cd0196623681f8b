"""Drawings of the best architectures of a search."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from archrank.benchmarks.table import Table
from archrank.plot.style import encode
from archrank.report.drawing.sketch import figure_of, svg_of
from archrank.report.render import number
from archrank.report.run.sketches import Sketcher, description_of
from archrank.space import SearchSpace
from archrank.system.files import write_whole
from archrank.system.text import shortened

__all__ = ["DrawnCell", "drawings", "drawings_title"]


_FLAT = 2.2
"""From this ratio of width to height on a drawing is too flat to stand beside a text."""


@dataclass(frozen=True, slots=True)
class DrawnCell:
    """One of the best architectures.

    Attributes:
        values: Its values by name, as text.
        details: What else is known of it.
        text: The architecture as text.
        svg: The drawing.
        flat: Whether it is much wider than high.
    """

    values: str
    details: list[str]
    text: str
    svg: Markup
    flat: bool


def drawings(
    folder: Path,
    result: Mapping[str, Any],
    space: SearchSpace,
    table: Table | None,
    indices: Sequence[int],
    sketcher: Sketcher,
) -> list[DrawnCell]:
    """Draw evaluations, into ``plots/best-N.svg`` and for the page.

    Args:
        folder: The run folder.
        result: What ``result.json`` holds.
        space: The space that was searched.
        table: The table that was searched.
        indices: Of the evaluations, the best first.
        sketcher: Draws them.

    Raises:
        FileError: A file cannot be written.
    """
    evaluations = [result["evaluations"][i] for i in indices]
    parsed = [space.parse(evaluation["architecture"]) for evaluation in evaluations]
    several = result.get("front") is not None
    drawn = []
    for rank, (i, evaluation) in enumerate(zip(indices, evaluations, strict=True), start=1):
        architecture, text = parsed[rank - 1], str(evaluation["architecture"])
        sketch = sketcher(architecture)
        write_whole(folder / "plots" / f"best-{rank}.svg", encode(figure_of(sketch), ".svg"))
        svg = Markup(svg_of(sketch, description_of(text)))
        values = evaluation["values"] if several else {result["metric"]: evaluation["value"]}
        names = [name for name in result.get("objectives") or values if name in values]
        details = []
        if evaluation.get("test_value") is not None:
            details.append(f"test value {number(evaluation['test_value'], 5)}")
        if table is not None and architecture in table and not several:
            details.append(f"true rank {table.true_rank(architecture, result['metric']):,}")
        details.append(f"evaluation {i + 1:,}")
        shown = ", ".join(f"{shortened(name)} {number(values[name], 5)}" for name in names)
        drawn.append(DrawnCell(shown, details, text, svg, sketch.width > _FLAT * sketch.height))
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
