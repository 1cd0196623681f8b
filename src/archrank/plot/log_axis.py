"""A logarithmic axis of distances from the best, with a line for zero."""

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter

__all__ = ["log_axis", "zero_height"]

Floats = npt.NDArray[np.float64]


def zero_height(seen: Floats) -> float:
    """The height at which zero is drawn: a logarithmic axis has no zero, so it gets a line below the smallest distance.

    Args:
        seen: The distances that are drawn, 0 or more; NaN and infinite ones do not count.
    """
    positive = seen[(seen > 0) & np.isfinite(seen)]
    if not len(positive):
        return 0.1
    return float(positive.min()) / (2.5 if np.any(seen == 0) else 1.3)


def log_axis(axes: Axes, seen: Floats, top: float) -> None:
    """Make the vertical axis logarithmic, with a line for zero where a distance is zero.

    Args:
        axes: The axes to change.
        seen: The distances that are drawn, zeros raised to :func:`zero_height`.
        top: The upper end of the axis.
    """
    floor, reached = zero_height(seen), bool(np.any(seen == 0))
    top = max(top, floor * 4)
    axes.set_yscale("log")
    axes.set_ylim(floor * 0.8, top)
    ticks = _round_ticks(floor * (1.5 if reached else 1.0), top)
    axes.yaxis.set_major_locator(FixedLocator([floor, *ticks] if reached else ticks))
    axes.yaxis.set_minor_locator(FixedLocator([]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda t, _: "0" if reached and t == floor else f"{t:g}"))


def _round_ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of ten, thinned to those that fit."""
    decades = range(int(np.floor(np.log10(low))) - 1, int(np.ceil(np.log10(high))) + 1)
    for leading in ((1, 2, 5), (1, 3), (1,)):
        ticks = [m * 10.0**d for d in decades for m in leading if low <= m * 10.0**d <= high]
        if len(ticks) <= 6:
            return ticks
    return ticks[:: len(ticks) // 6 + 1]
