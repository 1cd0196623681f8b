"""One score for trials that ended at different steps, as pruned ones do."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["win_rates"]

Floats = npt.NDArray[np.float64]


def win_rates(curves: Sequence[Mapping[int, float]], finals: Sequence[float | None]) -> Floats:
    """How often each trial is better than another one, compared at the last step that both reached.

    Values at different steps cannot be compared: after one epoch all networks are bad. So a trial that was pruned at
    step 3 is compared with one that went on by the values of both at step 3, and two that ended by their final values.
    Equals, and two that reported at no common step, count as half. Where learning curves do not cross, this is the
    order of what the final values would have been.

    Args:
        curves: The reported values of each of n trials by step, higher is better; NaN is worse than all.
        finals: Its final value; None where it was pruned.

    Returns:
        From 0 to 1: (n,).

    Reference: Li et al., A System for Massively Parallel Hyperparameter Tuning (MLSys 2020), for comparing trials
    within a rung only; the mean over all comparisons is Borda's count.

    >>> win_rates([{1: 0.3}, {1: 0.5, 2: 0.6}, {1: 0.4, 2: 0.7}], [None, None, 0.8]).tolist()
    [0.0, 0.5, 1.0]
    """
    count = len(curves)
    if count < 2:
        return np.full(count, 0.5)
    steps = sorted({step for curve in curves for step in curve})
    column = {step: index for index, step in enumerate(steps)}
    values = np.full((count, len(steps) + 1), np.nan)
    last = np.zeros(count, dtype=np.intp)
    for i, (curve, final) in enumerate(zip(curves, finals, strict=True)):
        for step, value in curve.items():
            values[i, column[step]] = -np.inf if np.isnan(value) else value
        if final is not None:
            values[i, -1] = final
        known = np.flatnonzero(~np.isnan(values[i]))
        last[i] = known[-1] if len(known) else 0
        # Between two reports the earlier one is what is known.
        filled = np.maximum.accumulate(np.where(np.isnan(values[i]), -1, np.arange(len(steps) + 1)))
        values[i] = np.where(filled >= 0, values[i, filled], np.nan)
    common = np.minimum.outer(last, last)
    mine = values[np.arange(count)[:, None], common]
    wins = np.where(np.isnan(mine) | np.isnan(mine.T) | (mine == mine.T), 0.5, mine > mine.T)
    rates: Floats = (wins.sum(axis=1) - 0.5) / (count - 1)
    return rates
