"""Figures of comparisons: which marks belong to which method, and the values that its lines go through."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from archrank.plot.style import WIDTH, legend_above, widths

__all__ = ["KEY", "MARK", "MethodFigure", "copy_marks", "without_marks"]

Floats = npt.NDArray[np.float64]

MARK, KEY = "method", "key"
"""Marks of a method are called this, its index and their own number; in a legend, with the second word in between."""

_MARKED = re.compile(rb' id="method-\d+(?:-key-\w+)?-\d+"')
_POINTS = 200
"""The number of places at which a page reads values off a line."""


@dataclass(slots=True)
class _Panel:
    """What is read off the lines of a panel.

    Attributes:
        words: What a place on the horizontal axis is called.
        lines: The places and the texts of the values of each method, by its index.
    """

    words: Callable[[float], str]
    lines: dict[int, tuple[Floats, list[str]]] = field(default_factory=dict)


class MethodFigure(Figure):
    """A figure with a line for each of some methods; a page can hide the marks of one, and read values off its line.

    Args:
        labels: The methods, with their names in the legend, in the order of drawing.
        colors: Their colors.
        height: Inches.
    """

    def __init__(self, labels: Mapping[str, str], colors: Mapping[str, str], height: float) -> None:
        super().__init__(figsize=(WIDTH, height), layout="constrained")
        self.labels, self.colors = dict(labels), colors
        self._widths = dict(zip(labels, widths(len(labels)), strict=True))
        self._indices = {name: index for index, name in enumerate(labels)}
        self._panels: dict[Axes, _Panel] = {}
        self._marks = 0

    def mark(self, artist: Artist, name: str, key: str = "") -> None:
        """State that an artist belongs to a method; ``key`` is its part of an entry in a legend."""
        self._marks += 1
        between = f"{KEY}-{key}-" if key else ""
        artist.set_gid(f"{MARK}-{self._indices[name]}-{between}{self._marks}")

    def draw_line(
        self,
        axes: Axes,
        name: str,
        x: npt.ArrayLike,
        curve: npt.ArrayLike,
        words: Callable[[float], str],
        *,
        floor: float = -np.inf,
        **style: Any,
    ) -> None:
        """Draw the line of a method, with its band, and keep the values for reading.

        Args:
            axes: Where.
            name: The method.
            x: Places on the horizontal axis: (n,).
            curve: Lower end of the band, middle, upper end; or the middle alone: (3, n) or (n,). Infinite where nothing
                is known.
            words: What a place on the horizontal axis is called.
            floor: The height at which smaller values are drawn.
            style: Of the line, beside color, width and label.
        """
        places, values = np.asarray(x, dtype=np.float64), np.atleast_2d(np.asarray(curve, dtype=np.float64))
        drawn = np.where(np.isinf(values), np.nan, np.maximum(values, floor))
        look: dict[str, Any] = {
            "color": self.colors[name],
            "linewidth": self._widths[name],
            "label": self.labels[name],
        } | style
        if len(drawn) == 3:
            step: Literal["post"] | None = "post" if style.get("drawstyle") == "steps-post" else None
            # An infinite end cannot be drawn; the band begins where it is finite.
            band = axes.fill_between(
                places, drawn[0], drawn[2], step=step, color=self.colors[name], alpha=0.15, linewidth=0
            )  # fmt: skip
            self.mark(band, name)
        self.mark(axes.plot(places, drawn[len(drawn) // 2], **look)[0], name)
        panel = self._panels.setdefault(axes, _Panel(words))
        panel.lines[self._indices[name]] = (places, [_text(column) for column in values.T])

    def add_legend(self) -> None:
        """Put a legend above the figure."""
        axes = next(iter(self._panels), None)
        if axes is None:
            return
        legend_above(self, axes)
        by_label = {label: name for name, label in self.labels.items()}
        handles = [handle for handle in self.legends[0].legend_handles if handle is not None]
        for handle, text in zip(handles, self.legends[0].get_texts(), strict=True):
            if (name := by_label.get(text.get_text())) is not None:
                self.mark(handle, name, "line")
                self.mark(text, name, "name")

    def readings(self) -> dict[str, Any] | None:
        """What a page reads off the lines, as JSON values; None where there is no line.

        Returns:
            The ``names`` of the methods; and for each of the ``panels`` its ``title``, places ``x``, what they are
            called (``at``), and the ``values`` there by the method's index, as texts.
        """
        panels = []
        for axes, panel in self._panels.items():
            x = _places([places for places, _ in panel.lines.values()])
            values = {
                str(method): [texts[i] for i in _nearest(places, x)]
                for method, (places, texts) in panel.lines.items()
            }
            at = [panel.words(place) for place in x.tolist()]
            panels.append({"title": axes.get_title(loc="left"), "x": x.tolist(), "at": at, "values": values})
        names = [" ".join(label.split()) for label in self.labels.values()]
        return {"names": names, "panels": panels} if panels else None

    def boxes(self) -> list[list[float]]:
        """Where the panels of :meth:`readings` are, in points, once the figure was written.

        Returns:
            For each panel its left, upper edge, width, height, the ends of its horizontal axis, and 1 if that is
            logarithmic.
        """
        width, height = (72 * float(size) for size in self.get_size_inches())
        found = []
        for axes in self._panels:
            box, (low, high) = axes.get_position(), axes.get_xlim()
            edges = (box.x0 * width, (1 - box.y1) * height, box.width * width, box.height * height)
            found.append([*(round(float(e), 2) for e in edges), low, high, float(axes.get_xscale() == "log")])
        return found


def copy_marks(before: Sequence[Artist | None], after: Sequence[Artist | None]) -> None:
    """Give the artists of a legend the marks of those that they replace."""
    for old, new in zip(before, after, strict=True):
        if old is not None and new is not None:
            new.set_gid(old.get_gid())


def without_marks(svg: bytes) -> bytes:
    """A figure as a file of its own, which nothing changes."""
    return _MARKED.sub(b"", svg)


def _text(column: Floats) -> str:
    """A value, with the ends of its band."""
    middle = column[len(column) // 2]
    if not np.isfinite(middle):
        return "–"
    ends = dict.fromkeys(f"{end:.4g}" if np.isfinite(end) else "…" for end in column[[0, -1]])
    shown = f"{middle:.4g}"
    band = f" ({'–'.join(ends)})" if len(column) == 3 and list(ends) != [shown] else ""
    return f"{shown}{band}".replace("-", "\N{MINUS SIGN}")


def _places(every: Sequence[Floats]) -> Floats:
    """Places at which all lines are read: those of the longest, thinned."""
    longest = max(every, key=len)
    kept = np.unique(np.geomspace(1, len(longest), min(_POINTS, len(longest))).round().astype(int)) - 1
    return longest[kept] if len(longest) > _POINTS else longest


def _nearest(places: Floats, x: Floats) -> list[int]:
    return [int(np.abs(places - at).argmin()) for at in x.tolist()]
