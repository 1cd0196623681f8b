"""Draws the pictures of docs/concepts.md: ``python scripts/draw_concepts.py``.

The numbers in the first picture are those of a small random network in this file: GATES without biases, in which the
input keeps its state. The second picture computes which junctions of three cells have equal histories.
"""

import os
import runpy
from pathlib import Path

os.environ.setdefault("SOURCE_DATE_EPOCH", "0")

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, Rectangle

IMAGES = Path(__file__).parents[1] / "docs" / "images"
COLORS = {"conv3x3": "#3366cc", "conv1x1": "#cc7722", "skip": "#338855", "pool": "#884499"}
INK, PALE = "#222222", "#bbbbbb"
WIDTH = 6

SITES = (("conv3x3", 0, 1), ("skip", 0, 2), ("conv1x1", 1, 2), ("conv3x3", 1, 3), ("pool", 2, 3))
"""The cell of the first picture: operation, source, target."""


def canvas(width: float, height: float) -> Axes:
    """Axes without a frame, one unit an inch."""
    axes = Figure(figsize=(width, height)).add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(0, height), aspect="equal")
    axes.axis("off")
    return axes


def arrow(
    axes: Axes, start: tuple[float, float], end: tuple[float, float], color: str, bend: float = 0.0
) -> None:
    """An operation, from a junction to a junction."""
    style = f"arc3,rad={bend}"
    patch = FancyArrowPatch(
        start, end, connectionstyle=style, color=color, arrowstyle="-|>", mutation_scale=11, lw=1.6
    )
    axes.add_patch(patch)


def strip(axes: Axes, x: float, y: float, values: np.ndarray, color: str) -> None:
    """A vector, centered at a point; a value is the darkness of a square."""
    size = 0.17
    for index, value in enumerate(values):
        corner = (x + (index - len(values) / 2) * size, y - size / 2)
        axes.add_patch(Rectangle(corner, size, size, facecolor="white", edgecolor=PALE, lw=0.5))
        axes.add_patch(
            Rectangle(corner, size, size, facecolor=color, alpha=float(np.clip(abs(value), 0, 1)), lw=0)
        )


def gates_reads_a_cell() -> Figure:
    """Information enters at the input, and each layer carries it through one operation."""
    rng = np.random.default_rng(4)
    gates = {kind: 1 / (1 + np.exp(-3 * rng.standard_normal(WIDTH))) for kind in COLORS}
    states = np.zeros((4, WIDTH))
    states[0] = 0.45 + 0.55 * rng.random(WIDTH)
    axes = canvas(7.0, 5.9)
    across = [1.85 + 1.5 * junction for junction in range(4)]
    for junction, x in enumerate(across):
        name = {0: "input", 3: "output"}.get(junction, f"junction {junction}")
        axes.text(x, 5.65, name, ha="center", va="center", size=10, color=INK)
    for layer in range(4):
        y = 5.25 - 1.3 * layer
        label = "at the start" if layer == 0 else f"after layer {layer}"
        axes.text(0.1, y, label, va="center", size=10, color=INK)
        for junction, x in enumerate(across):
            strip(axes, x, y, states[junction], "#222222")
        if layer == 3:
            break
        weights = np.abs(rng.standard_normal((WIDTH, WIDTH))) / 4
        messages = [(gates[kind] * (states[source] @ weights), target) for kind, source, target in SITES]
        for kind, source, target in SITES:
            color = COLORS[kind] if states[source].any() else "#e4e4e4"
            arrow(axes, (across[source], y - 0.1), (across[target], y - 1.18), color)
        fed = [
            sum((m for m, target in messages if target == junction), np.zeros(WIDTH)) for junction in range(4)
        ]
        # The information of the input stays there, so that later layers can read it again.
        states = np.array([states[0], *fed[1:]])
    axes.text(0.1, 0.35, "gates", va="center", size=10, color=INK)
    for x, (kind, gate) in zip(across, gates.items(), strict=True):
        axes.text(x, 0.6, kind, ha="center", va="center", size=10, color=COLORS[kind])
        strip(axes, x, 0.35, gate, COLORS[kind])
    axes.text(across[3], 1.08, "= embedding", ha="center", va="center", size=10, color=INK)
    return axes.figure


CELLS = {
    "cell A": (("conv3x3", 0, 1), ("skip", 0, 2), ("conv1x1", 1, 2), ("conv3x3", 2, 3)),
    "cell B": (("conv3x3", 0, 1), ("skip", 0, 2), ("conv1x1", 1, 2), ("pool", 2, 3)),
    "cell C": (("conv3x3", 0, 1), ("pool", 1, 2), ("conv3x3", 2, 3)),
}
"""The cells of the second picture."""


def histories(sites: tuple[tuple[str, int, int], ...]) -> list[tuple[object, ...]]:
    """What each junction of a cell has received: two junctions with equal histories have equal states."""
    found: list[tuple[object, ...]] = [("input",)]
    for junction in (1, 2, 3):
        fed = [(kind, found[source]) for kind, source, target in sites if target == junction]
        found.append(tuple(sorted(fed, key=repr)))
    return found


def merging() -> Figure:
    """Three cells on the left; their distinct states, each drawn once, on the right."""
    axes = canvas(7.0, 4.4)
    palette = ["#222222", "#3366cc", "#338855", "#cc7722", "#884499", "#bb3355", "#557788", "#99aa22"]
    numbers: dict[tuple[object, ...], int] = {}
    edges: set[tuple[int, str, int]] = set()
    ends: dict[int, str] = {}
    for row, (name, sites) in enumerate(CELLS.items()):
        y = 3.5 - 1.35 * row
        places = [(1.0 + 0.72 * junction, y) for junction in range(4)]
        states = [numbers.setdefault(history, len(numbers)) for history in histories(sites)]
        axes.text(0.1, y, name, va="center", size=10, color=INK)
        for kind, source, target in sites:
            draw_site(axes, places[source], places[target], kind, 0.0 if target == source + 1 else -0.45)
            edges.add((states[source], kind, states[target]))
        for place, state in zip(places, states, strict=True):
            axes.add_patch(Circle(place, 0.13, facecolor=palette[state], edgecolor="white", zorder=3))
        ends[states[3]] = name
    axes.text(2.1, 4.2, f"{4 * len(CELLS)} junctions", ha="center", va="center", size=11, color=INK)
    axes.text(5.3, 4.2, f"{len(numbers)} distinct states", ha="center", va="center", size=11, color=INK)
    arrow(axes, (3.45, 2.15), (3.9, 2.15), INK)
    merged = {
        0: (4.2, 2.5),
        1: (4.92, 2.5),
        2: (5.64, 2.95),
        3: (6.2, 3.5),
        4: (6.2, 2.5),
        5: (5.64, 1.35),
        6: (6.2, 1.35),
    }
    for source, kind, target in sorted(edges):
        bend = -0.35 if (source, target) == (0, 2) else 0.0
        draw_site(axes, merged[source], merged[target], kind, bend)
    for state, place in merged.items():
        axes.add_patch(Circle(place, 0.13, facecolor=palette[state], edgecolor="white", zorder=3))
        if state in ends:
            axes.text(place[0] + 0.2, place[1], ends[state], va="center", size=10, color=INK)
    for index, (kind, color) in enumerate(COLORS.items()):
        axes.text(4.2 + 0.75 * index, 0.45, kind, ha="center", va="center", size=10, color=color)
    return axes.figure


def draw_site(
    axes: Axes, start: tuple[float, float], end: tuple[float, float], kind: str, bend: float
) -> None:
    """An arrow between two circles."""
    step = np.subtract(end, start)
    away = 0.15 * step / np.hypot(*step)
    arrow(axes, tuple(np.add(start, away)), tuple(np.subtract(end, away)), COLORS[kind], bend)


if __name__ == "__main__":
    mpl.rcParams |= {"svg.hashsalt": "archrank", "svg.fonttype": "none"}
    slimmed = runpy.run_path(str(Path(__file__).with_name("refresh_docs.py")))["slimmed"]
    for name, figure in (("gates-reads-a-cell", gates_reads_a_cell()), ("merging", merging())):
        path = IMAGES / f"{name}.svg"
        figure.savefig(path)
        path.write_text(slimmed(path.read_text(encoding="utf-8")), encoding="utf-8")
