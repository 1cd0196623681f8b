"""What guided search maximises: the mean of an ensemble's scores, or a use of their disagreement."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy.special import erfcx, ndtr

from archrank.architecture import Architecture
from archrank.errors import ArchrankError

if TYPE_CHECKING:
    from archrank.predictors.base import Ranker

__all__ = [
    "ACQUISITIONS",
    "Acquisition",
    "Floats",
    "Members",
    "Utility",
    "log_expected_improvement",
    "member_scores",
    "upper_confidence_bound",
    "utilities",
]

Floats = npt.NDArray[np.float64]
Acquisition = Literal["mean", "ucb", "ei", "ts"]
ACQUISITIONS: tuple[Acquisition, ...] = get_args(Acquisition)

_CERTAIN = 1e-9

Members = Callable[[Any], Floats]
"""Scores of candidates by every member of an ensemble: (members, B)."""
Utility = Callable[[Floats], Floats]
"""What to maximise, from the members' scores: (members, B) to (B,)."""


def member_scores(acquisition: Acquisition, ranker: "Ranker") -> Members:
    """How candidates are scored; the mean needs no more than a ranker's single score.

    Args:
        acquisition: What the scores are for.
        ranker: The fitted predictor.

    Returns:
        A function from candidates to scores (members, B).

    Raises:
        ArchrankError: Another acquisition than the mean with a ranker that has no ``predict_members``; the function
            raises it where there is a single member.
    """
    if acquisition == "mean":
        return lambda candidates: ranker.predict(candidates)[None]
    # A wrapper may have the method only where the ranker inside has it, so it is asked for by name.
    predict_members = getattr(ranker, "predict_members", None)
    if predict_members is None:
        raise ArchrankError(
            f"the acquisition {acquisition!r} needs the scores of an ensemble's members, and {ranker!r} has no "
            "predict_members; give a predictor that has it, or the acquisition 'mean'"
        )

    def scores(candidates: Any) -> Floats:
        found: Floats = predict_members(candidates)
        if len(found) < 2:
            raise ArchrankError(
                f"the acquisition {acquisition!r} needs 2 or more members, which may disagree, and {ranker!r} has "
                f"{len(found)}; give it more, or the acquisition 'mean'"
            )
        return found

    return scores


def utilities(
    acquisition: Acquisition,
    members: Members,
    measured: Sequence[Architecture],
    n: int,
    beta: float,
    rng: np.random.Generator,
) -> list[tuple[Utility, int]]:
    """What to maximise for the picks of a round.

    Args:
        acquisition: ``"mean"``; ``"ucb"``, the upper confidence bound; ``"ei"``, the expected improvement on the
            highest mean score of what was measured: both sides are the ensemble's own scores, in standard deviations
            of its training set, so no measurement has to be brought to their scale; ``"ts"``, Thompson sampling:
            every pick goes by a member drawn for it.
        members: The fitted ensemble.
        measured: What was measured.
        n: How many picks there are, at least 1.
        beta: For ``"ucb"``: how many standard deviations are added to the mean.
        rng: The source of randomness, used by ``"ts"`` only.

    Returns:
        Utilities, and how many picks go by each: ``n`` in all.
    """
    if acquisition == "mean":
        return [(_mean, n)]
    if acquisition == "ucb":
        return [(partial(upper_confidence_bound, beta=beta), n)]
    known = members(measured)
    if acquisition == "ei":
        return [(partial(log_expected_improvement, best=float(_mean(known).max())), n)]
    drawn = np.bincount(rng.integers(len(known), size=n), minlength=len(known))
    return [(partial(_one, member=i), int(picks)) for i, picks in enumerate(drawn) if picks]


def upper_confidence_bound(scores: Floats, beta: float) -> Floats:
    """Mean plus ``beta`` standard deviations over the members: (members, B) to (B,).

    Reference: Srinivas et al., Gaussian Process Optimization in the Bandit Setting (ICML 2010).

    >>> upper_confidence_bound(np.array([[0.0, 1.0], [2.0, 1.0]]), 0.5).round(3).tolist()
    [1.707, 1.0]
    """
    bound: Floats = _mean(scores) + beta * scores.std(axis=0, ddof=1)
    return bound


def log_expected_improvement(scores: Floats, best: float) -> Floats:
    """Logarithm of the expected excess over ``best``, the members' scores taken as a normal distribution's.

    The logarithm keeps the order of candidates whose improvement is too small for a floating-point number.

    Args:
        scores: Members' scores: (members, B).
        best: What is to be improved on, in the scores' unit.

    Returns:
        (B,).

    Reference: Jones et al., Efficient Global Optimization (1998), equation 15; Ament et al., Unexpected Improvements
    to Expected Improvement (NeurIPS 2023), for the logarithm.

    >>> log_expected_improvement(np.array([[0.0, 3.0], [2.0, 3.0]]), 1.0).round(3).tolist()
    [-0.572, 0.693]
    """
    # Members that agree exactly are as good as certain, and the logarithm stays finite.
    spread = np.maximum(scores.std(axis=0, ddof=1), _CERTAIN)
    improvement: Floats = np.log(spread) + _log_excess((_mean(scores) - best) / spread)
    return improvement


def _log_excess(z: Floats) -> Floats:
    """Logarithm of φ(z) + z Φ(z), the expected excess of z + N(0, 1) over 0."""
    high = np.maximum(z, -1.0)
    plain = np.log(np.exp(-(high**2) / 2) / np.sqrt(2 * np.pi) + high * ndtr(high))
    # Far below, the two terms cancel: factor the density out, and write Φ(z) / φ(z) as √(π/2) erfcx(−z/√2).
    low = np.clip(z, -1e4, -1.0)
    tail = np.log1p(low * np.sqrt(np.pi / 2) * erfcx(-low / np.sqrt(2)))
    log: Floats = np.where(z > -1.0, plain, tail - z**2 / 2 - np.log(2 * np.pi) / 2)
    return log


def _mean(scores: Floats) -> Floats:
    mean: Floats = scores.mean(axis=0)
    return mean


def _one(scores: Floats, member: int) -> Floats:
    score: Floats = scores[member]
    return score
