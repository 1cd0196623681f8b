"""The style of all figures, and their files: the same bytes for the same input on every machine."""

import io
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

from archrank.errors import UnknownName
from archrank.system.arguments import checked_path
from archrank.system.files import write_whole

__all__ = [
    "FORMATS",
    "WIDTH",
    "encode",
    "legend_above",
    "operation_colors",
    "save",
    "theme",
    "tint",
    "widths",
]

WIDTH = 7.4
"""Inches across a figure."""

INK = "#24292f"
MUTED = "#6b7480"
GRID = "#dfe4ea"
PAPER = "#ffffff"
RUN = "#0b6bcb"
THEMED = {INK: "ink", MUTED: "muted", GRID: "grid", PAPER: "paper", RUN: "run"}
"""Colors that a page may swap for those of its light or dark theme, with the names of its CSS variables."""

NEUTRAL = "#8c959f"
RANDOM = "#8c959f"
EVOLUTION = "#d55e00"
FAILED = "#cf222e"
REASONS = {
    "random": NEUTRAL,
    "predicted": RUN,
    "explored": "#e69f00",
    "evolved": "#009e73",
    "given": "#cc79a7",
    "zero-cost": "#882255",
    "promoted": "#56b4e9",
}
"""A color for every reason why an architecture was evaluated."""

INFEASIBLE = "infeasible"
"""The state of an evaluation that broke a constraint."""

# Okabe and Ito's and Tol's colors, chosen to be told apart by color-blind readers on white and on black.
_CYCLE = (
    "#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7",
    "#999933", "#882255", "#44aa99", "#aa4499", "#ddcc77", "#332288",
)  # fmt: skip

_LETTERS_PER_INCH = 12
_HANDLE_LETTERS = 6
"""The width of the line beside a name in a legend, and of the space between columns."""

FORMATS = (".svg", ".png")
"""The file formats of figures."""


def operation_colors(operations: Iterable[str]) -> dict[str, str]:
    """A fixed color for every operation, by its index in the list; operations that only pass data on are gray.

    Args:
        operations: A space's operations, in its own order. From the 13th on, colors repeat.

    >>> operation_colors(["skip_connect", "conv", "pool"])
    {'skip_connect': '#8c959f', 'conv': '#0072b2', 'pool': '#e69f00'}
    """
    names = list(dict.fromkeys(operations))
    working = [name for name in names if not passes_on(name)]
    colors = {name: _CYCLE[i % len(_CYCLE)] for i, name in enumerate(working)}
    return {name: colors.get(name, NEUTRAL) for name in names}


def passes_on(operation: str) -> bool:
    """Whether an operation passes its input on unchanged, judged by its name."""
    return operation.lower().startswith(("skip", "identity", "input", "output"))


def tint(color: str, strength: float) -> str:
    """A color mixed with white, ``strength`` of it left."""
    red, green, blue = (1 - strength * (1 - part) for part in to_rgb(color))
    return to_hex((red, green, blue))


def widths(count: int) -> list[float]:
    """Widths of lines in the order of drawing: where lines coincide, those below are wider, so that all stay visible.

    >>> widths(1), widths(3)
    ([1.6], [4.0, 2.8, 1.6])
    """
    widest = 1.6 + 1.2 * min(count - 1, 3)
    return [widest - (widest - 1.6) * place / max(1, count - 1) for place in range(count)]


@contextmanager
def theme() -> Iterator[None]:
    """A context with this style instead of the reader's matplotlib settings."""
    defaults: dict[Any, Any] = {
        key: value for key, value in mpl.rcParamsDefault.items() if not key.startswith("backend")
    }
    look: dict[Any, Any] = {
        "svg.hashsalt": "archrank",
        # A name with a dollar is a name, not mathematics.
        "text.parse_math": False,
        "font.size": 9.5,
        "axes.titlesize": 11,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.labelsize": 9.5,
        "axes.edgecolor": MUTED,
        "axes.linewidth": 0.8,
        "axes.labelcolor": INK,
        "axes.titlecolor": INK,
        "axes.facecolor": "none",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.formatter.useoffset": False,
        "grid.color": GRID,
        "grid.linewidth": 0.7,
        "text.color": INK,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "legend.frameon": False,
        "legend.fontsize": 9,
        "figure.facecolor": PAPER,
        "savefig.facecolor": PAPER,
    }
    with mpl.rc_context({**defaults, **look}), warnings.catch_warnings():
        # A letter that the font lacks is drawn as a box, and a warning would not help.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        yield


def legend_above(figure: Figure, axes: Axes) -> None:
    """Put a legend of the lines of ``axes`` above the figure, in as many columns as fit."""
    handles, labels = axes.get_legend_handles_labels()
    longest = max((len(line) for label in labels for line in label.splitlines()), default=0)
    columns = int(figure.get_figwidth() * _LETTERS_PER_INCH) // (longest + _HANDLE_LETTERS)
    figure.legend(
        handles,
        labels,
        loc="outside upper left",
        ncols=min(4, max(1, columns)),
        handlelength=1.6,
        columnspacing=1.6,
    )


def encode(figure: Figure, suffix: str) -> bytes:
    """A figure as the bytes of a file.

    Args:
        figure: What to write.
        suffix: One of :data:`FORMATS`.

    Raises:
        UnknownName: Another format.
    """
    if suffix not in FORMATS:
        raise UnknownName("picture format", suffix, FORMATS)
    # Dates and versions would make equal pictures differ.
    undated: dict[str, str | None] = {"Date": None} if suffix == ".svg" else {"Software": None}
    stream = io.BytesIO()
    with theme():
        FigureCanvasAgg(figure)
        figure.savefig(stream, format=suffix[1:], dpi=160, metadata=undated)
    return stream.getvalue()


def save(figure: Figure, path: Path | str) -> Path:
    """Write a figure to an ``.svg`` or ``.png`` file, whole or not at all.

    Raises:
        UnknownName: The file name has another suffix.
        FileError: The file cannot be written.
    """
    path = checked_path("path", path)
    return write_whole(path, encode(figure, path.suffix.lower()))
