"""Grown trees, scored for many architectures at once.

LightGBM takes an architecture down a tree node by node, and the processor guesses half of the turns wrongly. Here every
node of a tree is asked about all architectures before the next one is: a few plain operations on long arrays, which
take a fraction of the time. The scores are the same to the last bit.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from lightgbm import Booster

__all__ = ["Forest"]

Floats = npt.NDArray[np.float64]
Masks = npt.NDArray[np.uint16]

_MOST_LEAVES = 16
"""A tree's leaves are the bits of such a number."""

_ALL = np.uint16(0xFFFF)

_PART = 8_192
"""So many architectures at a time: what is known of them fits into a processor's cache."""


@dataclass(frozen=True, slots=True)
class _Tree:
    """A tree whose leaves are numbered from left to right.

    Attributes:
        questions: For each of its nodes, which of the forest's questions it asks: (nodes,).
        remaining: For each node, the leaves that may still be reached from its right side, as bits: all but those below
            its left side: (nodes,).
        values: What the leaves are worth: (leaves,).
    """

    questions: list[int]
    remaining: list[np.uint16]
    values: Floats


@dataclass(frozen=True)
class Forest:
    """A model of LightGBM whose trees have few leaves.

    Attributes:
        trees: The trees, whose values add up.
        features: For each of the Q questions, the feature that it is about: (Q,).
        thresholds: And the largest value for which the answer is "left": (Q,).

    Reference: Lucchese et al., QuickScorer (SIGIR 2015).
    """

    trees: tuple[_Tree, ...]
    features: tuple[int, ...]
    thresholds: tuple[float, ...]

    @classmethod
    def of(cls, booster: "Booster") -> Self | None:
        """The trees of a fitted model; None where one of them has more than 16 leaves."""
        asked: dict[tuple[int, float], int] = {}
        trees = []
        for block in booster.model_to_string().split("\nTree=")[1:]:
            fields = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
            if int(fields["num_leaves"]) > _MOST_LEAVES:
                return None
            trees.append(_tree(fields, asked))
        return cls(tuple(trees), tuple(f for f, _ in asked), tuple(t for _, t in asked))

    def __call__(self, features: npt.NDArray[np.float32]) -> Floats:
        """Score B architectures by their F features, (B, F), none of which may be NaN: (B,)."""
        scores = np.empty(len(features))
        for begin in range(0, len(features), _PART):
            scores[begin : begin + _PART] = self._scored(features[begin : begin + _PART])
        return scores

    def _scored(self, features: npt.NDArray[np.float32]) -> Floats:
        columns = np.ascontiguousarray(features.T, dtype=np.float64)
        # All bits where an architecture goes left, none where it goes right: (Q, B).
        answers: Masks = np.empty((len(self.features), len(features)), dtype=np.uint16)
        for answer, feature, threshold in zip(answers, self.features, self.thresholds, strict=True):
            np.negative(columns[feature] <= threshold, out=answer, dtype=np.uint16, casting="unsafe")
        scores = np.zeros(len(features))
        lowest = _lowest()
        leaves, kept = np.empty((2, len(features)), dtype=np.uint16)
        ends, worth = np.empty(len(features), dtype=np.intp), np.empty(len(features))
        for tree in self.trees:
            leaves.fill(_ALL)
            for question, remaining in zip(tree.questions, tree.remaining, strict=True):
                np.bitwise_or(answers[question], remaining, out=kept)
                np.bitwise_and(leaves, kept, out=leaves)
            # The leftmost of those that are left is where an architecture ends.
            np.take(lowest, leaves, out=ends, mode="clip")
            np.take(tree.values, ends, out=worth, mode="clip")
            scores += worth
        return scores


@lru_cache(maxsize=1)
def _lowest() -> npt.NDArray[np.intp]:
    """The place of the lowest bit of every number of 16 bits: (65536,)."""
    numbers = np.arange(1, 1 << _MOST_LEAVES)
    return np.append(0, np.log2(numbers & -numbers)).astype(np.intp)


def _tree(fields: dict[str, str], asked: dict[tuple[int, float], int]) -> _Tree:
    """Read a tree from LightGBM's text; its questions join those that the forest asks already."""
    worth = [float(word) for word in fields["leaf_value"].split()]
    if len(worth) == 1:
        return _Tree([], [], np.array(worth))
    features = [int(word) for word in fields["split_feature"].split()]
    thresholds = [float(word) for word in fields["threshold"].split()]
    children = [[int(w) for w in fields[side].split()] for side in ("left_child", "right_child")]
    questions, remaining, values = [0] * len(features), [_ALL] * len(features), list[float]()

    def walk(node: int) -> None:
        if node < 0:  # a leaf, counted from -1 downwards
            values.append(worth[~node])
            return
        first = len(values)
        walk(children[0][node])
        remaining[node] = ~np.uint16((1 << len(values)) - (1 << first))
        questions[node] = asked.setdefault((features[node], thresholds[node]), len(asked))
        walk(children[1][node])

    walk(0)
    return _Tree(questions, remaining, np.array(values))
