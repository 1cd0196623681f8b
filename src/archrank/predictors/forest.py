"""Fast predictions of a fitted LightGBM model for many architectures at once.

LightGBM follows the path of one architecture at a time, and the processor mispredicts about half of the branches. Here
each split of a tree is evaluated for all architectures before the next one, or all splits of all trees at once if the
architectures are few: operations on long arrays, which take a fraction of the time. The scores are equal bit for bit.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np
import numpy.typing as npt

from archrank.predictors.tree_text import Trees, read_trees

__all__ = ["Forest", "LargeTrees"]

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
Masks = npt.NDArray[np.uint16]

_MAX_LEAVES = 16
"""The leaves of a small tree are the bits of a 16-bit number."""

_ALL = np.uint16(0xFFFF)

_PART = 8_192
"""Architectures per block; the intermediate arrays of a block fit into the processor's cache."""

_FEW = 256
"""Up to this many architectures, all splits are evaluated at once: calls take longer than what they compute."""


@dataclass(frozen=True)
class Forest:
    """A LightGBM model whose trees have at most 16 leaves, which are numbered from left to right.

    Attributes:
        features: The feature of each of the Q distinct splits: (Q,).
        thresholds: The largest value of that feature that goes left: (Q,).
        splits: Which of them each of the S splits of all trees is: (S,).
        remaining: For each split, the leaves of its tree that are not below its left child, as bits: (S,).
        begins: Where the splits of each of the T trees begin; every tree has one: (T,).
        values: The values of the leaves: (T, 16).

    Reference: Lucchese et al., QuickScorer (SIGIR 2015).
    """

    features: Indices
    thresholds: Floats
    splits: Indices
    remaining: Masks
    begins: Indices
    values: Floats

    @classmethod
    def read(cls, text: str, features: int) -> "Self | LargeTrees":
        """The model of a text in LightGBM's format.

        Args:
            text: What ``Booster.model_to_string`` returned.
            features: F, the number of features.

        Raises:
            ValueError: The text is damaged, or its trees are not over these features.
        """
        trees = read_trees(text, features)
        if trees.splits.max(initial=0) >= _MAX_LEAVES:
            return LargeTrees(trees)
        first, below, order = _left_to_right(trees)
        values = np.zeros((len(trees), _MAX_LEAVES))
        tree = np.repeat(np.arange(len(trees)), trees.splits + 1)
        values[tree, order] = trees.values
        remaining = ~((np.uint32(1) << (first + below)) - (np.uint32(1) << first)).astype(np.uint16)
        # A tree of one leaf gets a split that leaves all of it.
        alone = trees.first_splits[trees.splits == 0]
        pairs = np.stack([trees.features, trees.thresholds], axis=1)
        pairs, remaining = np.insert(pairs, alone, 0.0, axis=0), np.insert(remaining, alone, _ALL)
        distinct, splits = np.unique(pairs, axis=0, return_inverse=True)
        counts = np.maximum(trees.splits, 1)
        return cls(
            distinct[:, 0].astype(np.intp),
            distinct[:, 1],
            splits.ravel(),
            remaining,
            np.cumsum(counts) - counts,
            values,
        )

    def __call__(self, features: npt.NDArray[np.float32]) -> Floats:
        """Score B architectures by their F features, (B, F), none of which may be NaN: (B,)."""
        scores = np.empty(len(features))
        for begin in range(0, len(features), _PART):
            part = features[begin : begin + _PART]
            scores[begin : begin + _PART] = self._few(part) if len(part) <= _FEW else self._many(part)
        return scores

    def _few(self, features: npt.NDArray[np.float32]) -> Floats:
        """All splits of all trees at once."""
        below = features.T[self.features] <= self.thresholds[:, None]
        kept = np.where(below[self.splits], _ALL, self.remaining[:, None])
        # The leftmost remaining leaf is that of the architecture.
        ends = _lowest()[np.bitwise_and.reduceat(kept, self.begins, axis=0)]
        values = np.take_along_axis(self.values, ends, axis=1)
        scores: Floats = np.cumsum(values, axis=0)[-1]  # tree after tree, as LightGBM adds them
        return scores

    def _many(self, features: npt.NDArray[np.float32]) -> Floats:
        """One split after the other."""
        columns = np.ascontiguousarray(features.T, dtype=np.float64)
        # All bits where an architecture goes left, no bit where it goes right: (Q, B).
        left: Masks = np.empty((len(self.features), len(features)), dtype=np.uint16)
        for bits, feature, threshold in zip(left, self.features, self.thresholds, strict=True):
            np.negative(columns[feature] <= threshold, out=bits, dtype=np.uint16, casting="unsafe")
        lowest = _lowest()
        scores = np.zeros(len(features))
        leaves, kept = np.empty((2, len(features)), dtype=np.uint16)
        ends, value = np.empty(len(features), dtype=np.intp), np.empty(len(features))
        splits, remaining = self.splits.tolist(), list(self.remaining)
        bounds = [*self.begins.tolist(), len(splits)]
        for values, begin, end in zip(self.values, bounds, bounds[1:], strict=False):
            leaves.fill(_ALL)
            for split in range(begin, end):
                np.bitwise_or(left[splits[split]], remaining[split], out=kept)
                np.bitwise_and(leaves, kept, out=leaves)
            np.take(lowest, leaves, out=ends, mode="clip")
            np.take(values, ends, out=value, mode="clip")
            scores += value
        return scores


@dataclass(frozen=True)
class LargeTrees:
    """A LightGBM model with trees of more leaves, which are followed one level at a time."""

    trees: Trees

    def __call__(self, features: npt.NDArray[np.float32]) -> Floats:
        """Score B architectures by their F features, (B, F), none of which may be NaN: (B,)."""
        columns = np.ascontiguousarray(features.T, dtype=np.float64)
        scores = np.zeros(len(features))
        for tree in self.trees.each():
            nodes = np.full(len(features), 0 if len(tree.features) else ~0, dtype=np.intp)
            while len(inner := np.flatnonzero(nodes >= 0)):
                split = nodes[inner]
                right = columns[tree.features[split], inner] > tree.thresholds[split]
                nodes[inner] = tree.children[right.astype(np.intp), split]
            scores += tree.values[~nodes]
        return scores


@lru_cache(maxsize=1)
def _lowest() -> Indices:
    """The index of the lowest bit of every 16-bit number: (65536,)."""
    numbers = np.arange(1, 1 << _MAX_LEAVES)
    return np.append(0, np.log2(numbers & -numbers)).astype(np.intp)


def _left_to_right(trees: Trees) -> tuple[Indices, Indices, Indices]:
    """For each split its first leaf, and the number of leaves below its left child; the place of each leaf.

    Leaves are numbered from left to right in each tree: (S,), (S,), (S + T,).
    """
    begins, ends = trees.first_splits, trees.first_leaves
    most = int(trees.splits.max(initial=0))
    # Sizes of what is below a node: 1 for a leaf, which has a negative number.
    size = np.zeros(len(trees.features), dtype=np.intp)
    below = np.zeros((2, len(trees.features)), dtype=np.intp)
    levels = []
    for split in range(most):  # splits of the same number in all trees that have it
        tree = np.flatnonzero(trees.splits > split)
        levels.append((tree, begins[tree] + split))
    for tree, place in reversed(levels):  # children come after their parents
        for side in (0, 1):
            child = trees.children[side, place]
            below[side, place] = np.where(child >= 0, size[begins[tree] + np.maximum(child, 0)], 1)
        size[place] = below[0, place] + below[1, place]
    first = np.zeros(len(trees.features), dtype=np.intp)
    order = np.zeros(len(trees.values), dtype=np.intp)
    for tree, place in levels:
        for side in (0, 1):
            child = trees.children[side, place]
            begin = first[place] + side * below[0, place]
            inner = child >= 0
            first[begins[tree[inner]] + child[inner]] = begin[inner]
            order[ends[tree[~inner]] + ~child[~inner]] = begin[~inner]
    return first, below[0], order
