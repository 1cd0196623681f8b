"""Searches replayed in memory on a table: the curves that a real run is compared with."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from archrank.benchmarks.table import Table
from archrank.strategies.base import Evaluated, History, Strategy

__all__ = ["best_so_far", "random_search_curve", "simulate"]

Floats = npt.NDArray[np.float64]


def simulate(table: Table, metric: str, strategy: Strategy, budget: int, seed: int) -> Floats:
    """Run a strategy against a table, with the rounds and the random numbers that a real study would use.

    Args:
        table: Where the measurements come from.
        metric: The metric that the strategy is shown.
        strategy: Any strategy over the table's architectures.
        budget: How many architectures to look up.
        seed: Seed of the run.

    Returns:
        Scores in the order of asking, higher is better, NaN where the table has no value: (budget,), shorter
        only where the strategy had nothing more to propose.
    """
    sign = 1.0 if table.metric(metric).higher_is_better else -1.0
    history = History()
    scores: list[float] = []
    while len(scores) < budget:
        rng = np.random.default_rng([seed, len(history)])
        proposals = strategy.propose(history, min(strategy.batch, budget - len(scores)), rng)
        if not proposals:
            break
        for proposal in proposals:
            score = sign * table.value(proposal.architecture, metric)
            scores.append(score)
            history.record(Evaluated(proposal.architecture, None if np.isnan(score) else score))
    return np.array(scores, dtype=np.float64)


def best_so_far(scores: Sequence[float] | Floats) -> Floats:
    """The best score up to each evaluation, NaN until the first finished one: (n,).

    >>> best_so_far([1.0, float("nan"), 3.0, 2.0]).tolist()
    [1.0, 1.0, 3.0, 3.0]
    """
    return np.fmax.accumulate(np.asarray(scores, dtype=np.float64))


def random_search_curve(
    scores: Floats, draws: int, quantiles: Sequence[float] = (0.25, 0.5, 0.75)
) -> tuple[Floats, Floats]:
    """The best of 1, 2, … random draws without replacement, by order statistics instead of simulation.

    Of M scores in ascending order, the best of k draws is at most the i-th with probability
    C(i, k) / C(M, k).

    Args:
        scores: All M scores, higher is better; NaN are left out: (M,).
        draws: n, the largest number of draws; at most M.
        quantiles: The Q quantiles wanted, each above 0 and at most 1.

    Returns:
        The expected best after 1 … n draws, (n,), and its quantiles, (Q, n): the smallest value that the best
        does not exceed with at least that probability.

    Raises:
        ValueError: ``draws`` is below 1 or above M.

    >>> expected, (median,) = random_search_curve(np.array([1.0, 2.0, 3.0]), 3, [0.5])
    >>> expected.round(3).tolist(), median.tolist()
    ([2.0, 2.667, 3.0], [2.0, 3.0, 3.0])
    """
    ordered = np.sort(scores[~np.isnan(scores)])
    size = len(ordered)
    if not 1 <= draws <= size:
        raise ValueError(f"draws is {draws}, expected 1 to {size}, the number of measured scores")
    steps = np.diff(ordered)
    # The tolerance keeps a probability that equals the quantile from being missed by a rounding error.
    levels = np.asarray(quantiles, dtype=np.float64) - 1e-12
    below = np.arange(1, size + 1, dtype=np.float64)
    at_most = np.ones(size)
    expected = np.empty(draws)
    places = np.empty((len(levels), draws), dtype=np.intp)
    for k in range(draws):
        at_most *= np.maximum(below - k, 0) / (size - k)
        expected[k] = ordered[-1] - at_most[:-1] @ steps
        places[:, k] = np.searchsorted(at_most, levels)
    return expected, ordered[places]
