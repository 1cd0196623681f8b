"""What guided search maximises: the predicted score, or a use of how unsure the prediction is."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.errors import ArchrankError

if TYPE_CHECKING:
    from archrank.predictors.base import Ranker

__all__ = [
    "ACQUISITIONS",
    "Acquisition",
    "Believe",
    "Floats",
    "Led",
    "Utility",
    "belief",
    "led_by",
    "log_expected_improvement",
    "thompson_sample",
    "unchanged",
    "upper_confidence_bound",
    "utilities",
]

Floats = npt.NDArray[np.float64]
Acquisition = Literal["mean", "ucb", "ei", "ts", "portfolio"]
ACQUISITIONS: tuple[Acquisition, ...] = get_args(Acquisition)

_CERTAIN = 1e-9

Believe = Callable[[Any], tuple[Floats, Floats]]
"""Mean and standard deviation of the predicted score of candidates: (B,), (B,)."""
Utility = Callable[[Floats, Floats, "Floats | None"], Floats]
"""What to maximise, from mean, standard deviation and the probability of being feasible, None where everything is:
three times (B,) to (B,)."""

Led = Callable[[Sequence[Architecture], Floats], Floats]
"""Candidates and their utilities (B,) to utilities that a prior has changed: (B,)."""


def belief(acquisition: Acquisition, ranker: "Ranker") -> Believe:
    """How candidates are predicted; the mean needs no more than a ranker's single score.

    Args:
        acquisition: What the prediction is for.
        ranker: The fitted predictor.

    Returns:
        A function from candidates to mean and standard deviation, (B,) each.

    Raises:
        ArchrankError: Another acquisition than the mean with a ranker that has no ``predict_distribution``, or
            a single member.
    """
    if acquisition == "mean":
        return partial(_certain, ranker)
    # A wrapper may have the method only where the ranker inside has it, so it is asked for by name.
    predict_distribution: Believe | None = getattr(ranker, "predict_distribution", None)
    if predict_distribution is None:
        raise ArchrankError(
            f"the acquisition {acquisition!r} needs to know how unsure a prediction is, and {ranker!r} has no "
            "predict_distribution; give a predictor that has it, or the acquisition 'mean'"
        )
    if getattr(ranker, "members", None) == 1:
        raise ArchrankError(
            f"the acquisition {acquisition!r} needs an ensemble, and {ranker!r} has one member: choose 2 members or "
            "more, or the acquisition 'mean'"
        )
    return predict_distribution


def utilities(
    acquisition: Acquisition,
    believe: Believe,
    measured: Sequence[Architecture],
    feasible: Sequence[Architecture],
    n: int,
    beta: float,
    rng: np.random.Generator,
) -> list[tuple[Utility, int]]:
    """What to maximize for the picks of a round.

    Args:
        acquisition: ``"mean"``; ``"ucb"``, the upper confidence bound; ``"ei"``, the expected improvement on the
            highest mean of what was measured: both sides are predictions, so no measurement has to be brought to
            their scale; ``"ts"``, independent Thompson sampling: every pick is the best of a draw of its own;
            ``"portfolio"``, half of the picks by the expected improvement, which may lead far from where anything is
            known, the other half by the mean.
        believe: The fitted predictor.
        measured: What was measured.
        feasible: What of it meets the constraints. Where nothing does, only the probability of being feasible counts.
        n: How many picks there are, at least 1.
        beta: For ``"ucb"``: how many standard deviations are added to the mean.
        rng: The source of randomness, used by ``"ts"`` and, for an odd number of picks, by ``"portfolio"``.

    Returns:
        Utilities, and how many picks go by each: ``n`` in all. The expected improvement is multiplied by the
        probability of being feasible; by the others, what is not feasible counts as much as the worst measured.

    Reference: Gardner et al., Bayesian Optimization with Inequality Constraints (ICML 2014), for the improvement under
    constraints; White et al., BANANAS (AAAI 2021), for independent Thompson sampling; Hoffman et al., Portfolio
    Allocation for Bayesian Optimization (UAI 2011), for several acquisitions side by side, here with fixed shares.
    """
    if not feasible:
        return [(_feasibility, n)]
    if acquisition == "ei":
        best = float(believe(feasible)[0].max())
        return [(partial(_improvement, best=best), n)]
    worst = partial(_lowest, believe, measured)
    if acquisition == "mean":
        return [(partial(_expected, _mean, worst), n)]
    if acquisition == "ucb":
        return [(partial(_expected, partial(upper_confidence_bound, beta=beta), worst), n)]
    if acquisition == "ts":
        return [(partial(_expected, partial(thompson_sample, rng=rng), worst), 1)] * n
    best = float(believe(feasible)[0].max())
    certain = (n + int(rng.integers(2))) // 2
    both = ((partial(_improvement, best=best), n - certain), (partial(_expected, _mean, worst), certain))
    return [(utility, picks) for utility, picks in both if picks]


def led_by(
    log_prior: Callable[[Sequence[Architecture]], Floats], share: float, utility: Utility, width: float
) -> Led:
    """Utilities are multiplied by a power of a prior; those that are no logarithms are shifted instead.

    Candidates of equal utility, which are equal to the predictor, stay equal: the prior of the likeliest counts.

    Args:
        log_prior: The prior's logarithm: (B,).
        share: The power.
        utility: What the utilities are.
        width: What a shift by 1 is, where they are no logarithms.
    """

    def led(architectures: Sequence[Architecture], values: Floats) -> Floats:
        shift = share * log_prior(architectures) * (1.0 if is_logarithm else width)
        _, groups = np.unique(values, return_inverse=True)
        highest = np.full(groups.max(initial=-1) + 1, -np.inf)
        np.maximum.at(highest, groups, shift)
        return values + highest[groups]

    is_logarithm = getattr(utility, "func", None) is _improvement
    # Before anything feasible is known, what is good does not matter.
    return unchanged if utility is _feasibility else led


def unchanged(architectures: Sequence[Architecture], values: Floats) -> Floats:
    """The utilities without a prior."""
    return values


def upper_confidence_bound(mean: Floats, std: Floats, beta: float) -> Floats:
    """Mean plus ``beta`` standard deviations: (B,).

    Reference: Srinivas et al., Gaussian Process Optimization in the Bandit Setting (ICML 2010).

    >>> upper_confidence_bound(np.array([1.0, 2.0]), np.array([2.0, 0.0]), 0.5).tolist()
    [2.0, 2.0]
    """
    return mean + beta * std


def thompson_sample(mean: Floats, std: Floats, rng: np.random.Generator) -> Floats:
    """A draw from each candidate's own normal distribution: (B,)."""
    return rng.normal(mean, std)


def log_expected_improvement(mean: Floats, std: Floats, best: float) -> Floats:
    """Logarithm of the expected excess over ``best`` of a normal distribution.

    The logarithm keeps the order of candidates whose improvement is too small for a floating-point number.

    Args:
        mean: Of the candidates' scores: (B,).
        std: Their standard deviations: (B,).
        best: What is to be improved on, in the scores' unit.

    Returns:
        (B,).

    Reference: Jones et al., Efficient Global Optimization (1998), equation 15; Ament et al., Unexpected Improvements
    to Expected Improvement (NeurIPS 2023), for the logarithm.

    >>> log_expected_improvement(np.array([1.0, 3.0]), np.array([2**0.5, 0.0]), 1.0).round(3).tolist()
    [-0.572, 0.693]
    """
    # What is as good as certain improves by its gain, and the logarithm stays finite.
    std = np.maximum(std, _CERTAIN)
    improvement: Floats = np.log(std) + _log_excess((mean - best) / std)
    return improvement


def _log_excess(z: Floats) -> Floats:
    """Logarithm of φ(z) + z Φ(z), the expected excess of z + N(0, 1) over 0."""
    from scipy.special import erfcx, ndtr  # here, because the command line's help would wait for it

    high = np.maximum(z, -1.0)
    plain = np.log(np.exp(-(high**2) / 2) / np.sqrt(2 * np.pi) + high * ndtr(high))
    # Far below, the two terms cancel: factor the density out, and write Φ(z) / φ(z) as √(π/2) erfcx(−z/√2).
    low = np.clip(z, -1e4, -1.0)
    tail = np.log1p(low * np.sqrt(np.pi / 2) * erfcx(-low / np.sqrt(2)))
    log: Floats = np.where(z > -1.0, plain, tail - z**2 / 2 - np.log(2 * np.pi) / 2)
    return log


def _certain(ranker: "Ranker", candidates: Any) -> tuple[Floats, Floats]:
    scores = ranker.predict(candidates)
    return scores, np.zeros_like(scores)


def _mean(mean: Floats, std: Floats) -> Floats:
    return mean


def _lowest(believe: Believe, measured: Sequence[Architecture]) -> float:
    return float(believe(measured)[0].min())


def _improvement(mean: Floats, spread: Floats, chance: Floats | None, best: float) -> Floats:
    improvement = log_expected_improvement(mean, spread, best)
    return improvement if chance is None else improvement + np.log(chance)


def _expected(
    utility: Callable[[Floats, Floats], Floats],
    worst: Callable[[], float],
    mean: Floats,
    spread: Floats,
    chance: Floats | None,
) -> Floats:
    """A utility where feasible, and the worst mean that was measured otherwise."""
    value = utility(mean, spread)
    if chance is None:
        return value
    low = worst()
    return low + chance * (value - low)


def _feasibility(mean: Floats, spread: Floats, chance: Floats | None) -> Floats:
    return np.zeros_like(mean) if chance is None else chance
