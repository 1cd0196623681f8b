"""Pareto fronts, and the volume that they dominate."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Volume", "dominated_volume", "hypervolume", "pareto_front"]

Floats = npt.NDArray[np.float64]

_MARGIN = 0.1
"""So far beyond the worst of the front lies the reference point, as a share of the front's width; with none, its ends
would count for nothing."""

_MOST_OBJECTIVES = 4
"""The time of a hypervolume grows exponentially with the number of objectives."""


def pareto_front(scores: Floats) -> npt.NDArray[np.bool_]:
    """Which of n points no other one dominates: is at least as good in every objective, and better in one.

    Equal points do not dominate one another.

    Args:
        scores: The K scores of each, higher is better; a point with NaN is not in the front: (n, K).

    Returns:
        Whether each is in the front: (n,).

    >>> pareto_front(np.array([[1.0, 2.0], [2.0, 1.0], [1.0, 1.0]]))
    array([ True,  True, False])
    """
    front = np.asarray(~np.isnan(scores).any(axis=1))
    # From the best sum on, whatever is dominated is dominated by something already met, which need not be asked again.
    for i in np.argsort(-scores.sum(axis=1), kind="stable"):
        if front[i]:
            beaten = (scores <= scores[i]).all(axis=1) & (scores < scores[i]).any(axis=1)
            front &= ~beaten
    return front


def hypervolume(points: Floats, corner: Floats) -> float:
    """The volume of all that lies between a corner and at least one of n points.

    The space is cut into slabs at the points' last coordinates; a slab is as thick as it is, times the volume, in one
    dimension less, of the points that reach it.

    Args:
        points: Higher is better; none may be below the corner in any coordinate: (n, K).
        corner: Where the volume begins: (K,).

    Reference: While et al., A Faster Algorithm for Calculating Hypervolume (2006), for slabs.

    >>> hypervolume(np.array([[2.0, 1.0], [1.0, 2.0]]), np.zeros(2))
    3.0
    """
    if not len(points):
        return 0.0
    sides = (points - corner)[np.argsort(-points[:, -1], kind="stable")]
    thickness = sides[:, -1] - np.append(sides[1:, -1], 0.0)
    if points.shape[1] == 1:
        return float(sides[0, 0])
    if points.shape[1] == 2:
        return float(np.maximum.accumulate(sides[:, 0]) @ thickness)
    origin = np.zeros(points.shape[1] - 1)
    return sum(
        float(thick) * hypervolume(sides[: i + 1, :-1], origin) for i, thick in enumerate(thickness) if thick
    )


@dataclass(frozen=True, slots=True)
class Volume:
    """The hypervolume that a search dominates.

    Attributes:
        reference: The corner that it is measured from, in the objectives' own units: (K,).
        curve: The hypervolume after every evaluation: (n,).
        of_everything: What all architectures of a table dominate; None where there is no table.
    """

    reference: Floats
    curve: Floats
    of_everything: float | None

    def record(self, names: Sequence[str]) -> dict[str, Any]:
        """As JSON values; ``names`` are the objectives'."""
        last = float(self.curve[-1]) if len(self.curve) else 0.0
        share = last / self.of_everything if self.of_everything else None
        return {
            "value": last,
            "reference": dict(zip(names, self.reference.tolist(), strict=True)),
            "of_everything": self.of_everything,
            "share": share,
            "curve": self.curve.tolist(),
        }


def dominated_volume(scores: Floats, signs: Floats, everything: Floats | None = None) -> Volume | None:
    """The hypervolume after every evaluation of a search.

    It is measured from a corner that lies a tenth of the front's width beyond the worst that the front has in each
    objective; the front is the table's, or where there is none, that of the whole search. Points beyond the corner
    count for nothing.

    Args:
        scores: The K scores of each evaluation, higher is better, NaN where it failed or broke a constraint: (n, K).
        signs: What turns each score into its objective's value again, 1 or -1: (K,).
        everything: The scores of all architectures of a table: (M, K).

    Returns:
        The volume; None where nothing has all scores, or with more than four objectives, where it takes too long.

    Reference: Zitzler and Thiele, Multiobjective evolutionary algorithms (1999).
    """
    if scores.shape[1] > _MOST_OBJECTIVES:
        return None
    known = scores if everything is None else everything
    known = known[pareto_front(known)]
    if not len(known):
        return None
    low, high = known.min(axis=0), known.max(axis=0)
    width = np.where(high > low, high - low, np.maximum(np.abs(low), 1.0))
    corner = low - _MARGIN * width

    def volume(points: Floats) -> float:
        inside = points[(points >= corner).all(axis=1)]
        return hypervolume(inside, corner)

    curve, front = np.zeros(len(scores)), np.empty((0, scores.shape[1]))
    for i, point in enumerate(scores):
        # Most evaluations change nothing: only a new member of the front is worth a computation.
        if np.isnan(point).any() or (front >= point).all(axis=1).any():
            curve[i] = curve[i - 1] if i else 0.0
            continue
        front = np.vstack([front[~(front <= point).all(axis=1)], point])
        curve[i] = volume(front)
    return Volume(signs * corner, curve, None if everything is None else volume(known))
