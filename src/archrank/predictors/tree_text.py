"""The trees of a model in LightGBM's text format, which may come from any file, so all of it is checked."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Tree", "read_trees"]

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

_CATEGORICAL, _ZERO_IS_MISSING = 1, 4
"""Bits of LightGBM's ``decision_type``, of splits that are not by a threshold."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A binary tree of L leaves and L - 1 splits; split 0 is the root.

    Attributes:
        features: The feature of each split: (L - 1,).
        thresholds: The largest value of that feature that goes left: (L - 1,).
        children: The left and the right child of each split; leaf i is ~i: (2, L - 1).
        values: The values of the leaves: (L,).
    """

    features: Indices
    thresholds: Floats
    children: Indices
    values: Floats


def read_trees(text: str, features: int) -> list[Tree]:
    """The trees of a model of F features.

    Raises:
        ValueError: The text is damaged, or its trees are not over these features.
    """
    body, end, _ = text.partition("\nend of trees")
    if not end:
        raise ValueError("a model of trees that has no end")
    return [_read_tree(block, features) for block in body.split("\nTree=")[1:]]


def _read_tree(block: str, features: int) -> Tree:
    fields = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)

    def whole(name: str) -> Indices:
        return np.array([int(word) for word in fields.get(name, "").split()], dtype=np.intp)

    def numbers(name: str) -> Floats:
        return np.array([float(word) for word in fields.get(name, "").split()], dtype=np.float64)

    values, thresholds, feature = numbers("leaf_value"), numbers("threshold"), whole("split_feature")
    kinds, left, right = whole("decision_type"), whole("left_child"), whole("right_child")
    splits = len(values) - 1
    if splits < 0 or {len(part) for part in (thresholds, feature, kinds, left, right)} != {max(splits, 0)}:
        raise ValueError("a tree without leaves, or with another number of splits than leaves need")
    if not (np.isfinite(values).all() and np.isfinite(thresholds).all()):
        raise ValueError("a tree has a number that is not finite")
    if ((feature < 0) | (feature >= features)).any():
        raise ValueError(f"a tree splits by a feature that is not among the {features} of the space")
    if (kinds & (_CATEGORICAL | _ZERO_IS_MISSING)).any() or fields.get("is_linear", "0") != "0":
        raise ValueError("a tree has splits or leaves of a kind that archrank does not fit")
    children = np.stack([left, right])
    # Each leaf and each split but the root is the child of one split, and comes after it.
    every = np.concatenate([np.arange(-len(values), 0), np.arange(1, splits)]) if splits else children.ravel()
    inner = children >= 0
    if (
        not np.array_equal(np.sort(children, axis=None), every)
        or (children[inner] <= np.broadcast_to(np.arange(splits), children.shape)[inner]).any()
    ):
        raise ValueError("a tree whose splits are not connected as a tree")
    return Tree(feature, thresholds, children, values)
