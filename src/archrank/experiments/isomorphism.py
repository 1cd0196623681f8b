"""Isomorphic encodings: rows of choices that encode the same graph, and how differently a predictor scores them.

GATES maps isomorphic architectures to one embedding; an encoder of the flat choices has to learn that they are one.

Reference: Ning et al., GATES (ECCV 2020), whose code prints the variance of the scores within such groups.
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from archrank.architecture import Architecture
from archrank.errors import MeasureError
from archrank.predictors.base import Predictor
from archrank.space import Rows, SearchSpace

__all__ = ["Relabels", "isomorphic_encodings", "isomorphism_spread"]

Row = tuple[int, ...]

_DRAWN = 20_000
"""How many encodings are drawn in a space that does not relabel."""


@runtime_checkable
class Relabels(Protocol):
    """A space that finds other encodings of a graph itself, because chance rarely draws them."""

    def relabelled(self, choices: tuple[int, ...], rng: np.random.Generator) -> tuple[int, ...]:
        """A random row that encodes the same graph as ``choices``; it may be the same row."""


def isomorphic_encodings(
    space: SearchSpace, classes: int, rng: np.random.Generator, max_size: int = 8
) -> list[Rows]:
    """Draw groups of encodings whose graphs are the same up to relabelling, by their exact keys.

    A space that has a ``relabelled`` method is asked for other encodings of sampled architectures. In any other space
    encodings that are isomorphic by chance are grouped: among all of a small space, among 20,000 drawn of a large one.

    Args:
        space: Any space.
        classes: How many groups are wanted.
        rng: The source of randomness.
        max_size: The largest number of encodings in a group.

    Returns:
        Groups of 2 to ``max_size`` distinct valid rows, canonical or not, (group size, number of choices) each; no two
        groups encode the same graph. There are fewer groups than wanted, or none, where no more are found;
        none in a space whose choices are conditional, which has no rows.

    Raises:
        MeasureError: ``classes`` is below 1 or ``max_size`` below 2.

    >>> from archrank.spaces import NASBench201
    >>> (pair,) = isomorphic_encodings(NASBench201(), 1, np.random.default_rng(0))
    >>> len({NASBench201().graph(a).key for a in NASBench201().architectures(pair)})
    1
    """
    if classes < 1:
        raise MeasureError(f"classes is {classes}; it must be 1 or more")
    if max_size < 2:
        raise MeasureError(f"max_size is {max_size}; a group needs at least 2 encodings")
    if space.conditional:
        return []
    found: dict[Hashable, dict[Row, None]] = {}
    for row in _encodings(space, classes, rng, max_size):
        members = found.setdefault(space.graph(Architecture(space.name, row)).key, {})
        if len(members) < max_size:
            members[row] = None
    groups = [np.array(list(members), dtype=np.int16) for members in found.values() if len(members) > 1]
    return [groups[place] for place in rng.permutation(len(groups))[:classes]]


def isomorphism_spread(predictor: Predictor, groups: Sequence[Rows]) -> float:
    """How differently a predictor scores isomorphic architectures, measured by how it scores different ones.

    It is 0 where all encodings of a graph get one score. Groups of random scores give 1.1 if they are pairs, and more
    the larger they are.

    Args:
        predictor: A fitted predictor.
        groups: What :func:`isomorphic_encodings` found in its space, at least one group.

    Returns:
        The largest minus the smallest score of a group, averaged over the groups, in standard deviations of the
        scores of one architecture from each group; NaN where these are all equal, so that there is no scale.

    Raises:
        MeasureError: No group was given.
    """
    if not groups:
        raise MeasureError(
            "no groups of isomorphic encodings were given: either the space has none, or none were drawn"
        )
    scores = predictor.predict(predictor.space.architectures(np.concatenate(groups)))
    starts = np.cumsum([0, *(len(group) for group in groups[:-1])])
    firsts = scores[starts]
    if firsts.min() == firsts.max():
        return float("nan")
    spreads = np.maximum.reduceat(scores, starts) - np.minimum.reduceat(scores, starts)
    return float(spreads.mean() / firsts.std())


def _encodings(space: SearchSpace, classes: int, rng: np.random.Generator, max_size: int) -> Iterator[Row]:
    """Valid encodings among which some are isomorphic."""
    if isinstance(space, Relabels):
        # Four times as many as wanted, for many have a single encoding, and the same one may be sampled again.
        for architecture in space.sample(4 * classes, rng):
            row = architecture.choices
            others = (space.relabelled(row, rng) for _ in range(4 * max_size))
            yield from [*dict.fromkeys((row, *others))][:max_size]
        return
    drawn: Iterable[Row]
    if space.encodings <= _DRAWN:
        every = list(space.all_encodings())
        drawn = (every[place] for place in rng.permutation(len(every)))
    else:
        sizes = [len(choice.options) for choice in space.choices]
        drawn = (tuple(row) for row in rng.integers(sizes, size=(_DRAWN, len(sizes))).tolist())
    yield from (row for row in drawn if space.is_valid(row))
