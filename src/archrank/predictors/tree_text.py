"""The trees of a model in LightGBM's text format, which may come from any file, so all of it is checked."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Trees", "read_trees"]

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

_CATEGORICAL, _ZERO_IS_MISSING = 1, 4
"""Bits of LightGBM's ``decision_type``, of splits that are not by a threshold."""

_OF_SPLITS = ("split_feature", "threshold", "decision_type", "left_child", "right_child")

_FIELD = re.compile(rf"^({'|'.join(_OF_SPLITS)}|leaf_value|is_linear)=(.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Trees:
    """T binary trees, all in one: S splits and S + T leaves. Split 0 of a tree is its root.

    Attributes:
        splits: How many splits each tree has; its leaves are one more: (T,).
        features: The feature of each split: (S,).
        thresholds: The largest value of that feature that goes left: (S,).
        children: The left and the right child of each split among those of its tree; leaf i is ~i: (2, S).
        values: The values of the leaves: (S + T,).
    """

    splits: Indices
    features: Indices
    thresholds: Floats
    children: Indices
    values: Floats

    def __len__(self) -> int:
        return len(self.splits)

    @property
    def first_splits(self) -> Indices:
        """Where the splits of each tree begin: (T,)."""
        return np.cumsum(self.splits) - self.splits

    @property
    def first_leaves(self) -> Indices:
        """Where the leaves of each tree begin: (T,)."""
        return self.first_splits + np.arange(len(self))


def read_trees(text: str, features: int) -> Trees:
    """The trees of a model of F features.

    Raises:
        ValueError: The text is damaged, or its trees are not over these features.
    """
    body, end, _ = text.partition("\nend of trees")
    if not end:
        raise ValueError("a model of trees that has no end")
    fields = [dict(_FIELD.findall(block)) for block in body.split("\nTree=")[1:]]
    words = {name: [each.get(name, "").split() for each in fields] for name in (*_OF_SPLITS, "leaf_value")}
    splits = np.array([len(leaves) - 1 for leaves in words["leaf_value"]], dtype=np.intp)
    if (splits < 0).any() or any([len(w) for w in words[name]] != splits.tolist() for name in _OF_SPLITS):
        raise ValueError("a tree without leaves, or with another number of splits than leaves need")
    feature, kinds, left, right = (
        _numbers(words[name], int) for name in ("split_feature", "decision_type", "left_child", "right_child")
    )
    thresholds, values = _numbers(words["threshold"], float), _numbers(words["leaf_value"], float)
    if not (np.isfinite(values).all() and np.isfinite(thresholds).all()):
        raise ValueError("a tree has a number that is not finite")
    if ((feature < 0) | (feature >= features)).any():
        raise ValueError(f"a tree splits by a feature that is not among the {features} of the space")
    if (kinds & (_CATEGORICAL | _ZERO_IS_MISSING)).any() or any(
        each.get("is_linear", "0") != "0" for each in fields
    ):
        raise ValueError("a tree has splits or leaves of a kind that archrank does not fit")
    trees = Trees(splits, feature, thresholds, np.stack([left, right]), values)
    _check_connected(trees)
    return trees


def _numbers(words: list[list[str]], kind: type[int] | type[float]) -> npt.NDArray[Any]:
    return np.array([kind(word) for each in words for word in each], dtype=np.intp if kind is int else float)


def _check_connected(trees: Trees) -> None:
    """Each leaf, and each split but the root, is the child of one split, and comes after it."""
    tree = np.repeat(np.arange(len(trees)), trees.splits)
    splits, inner = trees.splits[tree], trees.children >= 0
    own = np.arange(len(tree)) - trees.first_splits[tree]
    inside = np.where(inner, (trees.children > own) & (trees.children < splits), trees.children >= ~splits)
    if inside.all():
        leaves = len(tree) + trees.first_leaves[tree] + ~trees.children
        places = np.where(inner, trees.first_splits[tree] + trees.children, leaves)
        # A tree of one leaf has no split that it could be the child of; neither has a root.
        alone = trees.splits == 0
        roots = np.where(alone, len(tree) + trees.first_leaves, trees.first_splits)
        times = np.bincount(np.concatenate([places.ravel(), roots]), minlength=len(tree) + len(trees.values))
        if (times == 1).all():
            return
    raise ValueError("a tree whose splits are not connected as a tree")
