"""Fast predictions of a fitted LightGBM model for many architectures at once.

LightGBM follows the path of one architecture at a time, and the processor mispredicts about half of the branches. Here
a split of every tree is evaluated for all architectures before the next one, with one bit for each architecture:
operations on long arrays, which take a fraction of the time where many splits of the trees are alike, as with counts
and choices. With features of which each value is another, LightGBM itself is faster. The scores are equal bit for bit.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from archrank.predictors.tree_text import Trees, read_trees

__all__ = ["Forest"]

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
Bits = npt.NDArray[np.uint8]

_BYTES = 1 << 23
"""Of the intermediate arrays of a block of architectures, so that they fit into the processor's cache."""


@dataclass(frozen=True, slots=True)
class Forest:
    """A LightGBM model of T trees with up to L leaves, which are numbered from left to right.

    Attributes:
        features: The feature of each of the Q distinct splits: (Q,).
        thresholds: The largest value of that feature that goes left: (Q,).
        splits: Which of them each split of each tree is: (L - 1, T).
        children: The row of the left and of the right child of each split, of 2 L: L - 1 for splits, L for leaves, and
            the last for what a tree of fewer leaves does not have: (2, L - 1, T).
        values: The values of the leaves: (T, L).
    """

    features: Indices
    thresholds: npt.NDArray[np.float32]
    splits: Indices
    children: Indices
    values: Floats

    @classmethod
    def read(cls, text: str, features: int) -> Self:
        """The model of a text in LightGBM's format.

        Args:
            text: What ``Booster.model_to_string`` returned.
            features: F, the number of features.

        Raises:
            ValueError: The text is damaged, or its trees are not over these features.
        """
        trees = read_trees(text, features)
        first, below, order = _left_to_right(trees)
        pairs = np.stack([trees.features, _rounded_down(trees.thresholds)], axis=1)
        distinct, which = np.unique(pairs, axis=0, return_inverse=True)
        inner = int(trees.splits.max(initial=0))
        tree = np.repeat(np.arange(len(trees)), trees.splits)
        own = np.arange(len(tree)) - trees.first_splits[tree]
        splits = np.zeros((inner, len(trees)), dtype=np.intp)
        splits[own, tree] = which.ravel()
        children = np.full((2, inner, len(trees)), 2 * inner + 1)
        leaves = inner + np.stack([first, first + below])
        children[:, own, tree] = np.where(trees.children < 0, leaves, trees.children)
        values = np.zeros((len(trees), inner + 1))
        values[np.repeat(np.arange(len(trees)), trees.splits + 1), order] = trees.values
        kinds, thresholds = distinct[:, 0].astype(np.intp), distinct[:, 1].astype(np.float32)
        return cls(kinds, thresholds, splits, children, values)

    def __call__(self, features: npt.NDArray[np.float32]) -> Floats:
        """Score B architectures by their F features, (B, F), none of which may be NaN: (B,)."""
        part = 8 * max(1, _BYTES // (2 * self.values.size))
        scores = np.zeros(len(features))
        for begin in range(0, len(features), part):
            self._add(features[begin : begin + part], scores[begin : begin + part])
        return scores

    def _add(self, features: npt.NDArray[np.float32], scores: Floats) -> None:
        """Add the values of each tree to the scores of B architectures, (B,), tree after tree, as LightGBM does."""
        codes, value = self._leaves(features), np.empty(len(features))
        for values, code in zip(self.values, codes, strict=True):
            np.take(values, code, out=value, mode="clip")
            scores += value

    def _leaves(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.unsignedinteger]:
        """The number of the leaf that B architectures come to in each tree: (T, B)."""
        columns = np.ascontiguousarray(features.T, dtype=np.float32)
        goes_left = np.packbits(columns[self.features] <= self.thresholds[:, None], axis=1)
        trees, leaves = self.values.shape
        inner, width = leaves - 1, goes_left.shape[1]
        # Which architectures come to each split and to each leaf, as bits: (2 L, T, B / 8).
        reach: Bits = np.zeros((2 * leaves, trees, width), dtype=np.uint8)
        reach[0] = 0xFF
        rows = reach.reshape(-1, width)
        left, right = self.children * trees + np.arange(trees)
        for split, here in enumerate(reach[:inner]):
            to_left = here & goes_left[self.splits[split]]
            rows[right[split]] = here ^ to_left
            rows[left[split]] = to_left
        code = np.zeros((trees, len(features)), dtype=np.min_scalar_type(inner))
        for digit in reversed(range(inner.bit_length())):
            with_digit = [number for number in range(leaves) if number >> digit & 1]
            bits = np.bitwise_or.reduce(reach[inner:-1][with_digit], axis=0)
            np.add(code, code, out=code)
            np.bitwise_or(code, np.unpackbits(bits, axis=1, count=len(features)), out=code)
        return code


def _rounded_down(thresholds: Floats) -> Floats:
    """The largest 32-bit numbers that are no larger: comparisons of 32-bit features with them give the same."""
    with np.errstate(over="ignore"):
        near = thresholds.astype(np.float32)
    return np.where(near > thresholds, np.nextafter(near, np.float32(-np.inf)), near).astype(np.float64)


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
