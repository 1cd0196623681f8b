"""Sparse 0/1 matrices as lists of columns, and numbers for pairs and multisets of numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Incidence", "Numbers"]

Ints = npt.NDArray[np.int64]

_LATEST = 4096
"""Of this many numbers an insertion copies all; of more it would take as long as finding them."""


@dataclass(frozen=True, slots=True)
class Incidence:
    """The columns of each row: a sparse 0/1 matrix, in which a column that is listed twice counts twice.

    Attributes:
        starts: Where each row's columns begin in ``columns``: (rows + 1,).
        columns: The column indices, row after row: (entries,).
    """

    starts: Ints
    columns: Ints

    @classmethod
    def of_padded(cls, rows: Ints) -> "Incidence":
        """Build from a table of columns, (rows, width), padded with -1."""
        starts = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum((rows >= 0).sum(axis=1), out=starts[1:])
        return cls(starts, rows[rows >= 0])

    def padded(self) -> Ints:
        """The table of columns, padded with -1: (rows, most columns in a row)."""
        lengths = np.diff(self.starts)
        rows = np.full((len(self), lengths.max(initial=0)), -1, dtype=np.int64)
        rows[np.arange(rows.shape[1]) < lengths[:, None]] = self.columns
        return rows

    @classmethod
    def of_pairs(cls, rows: Ints, columns: Ints, count: int) -> "Incidence":
        """Build ``count`` rows from pairs of a row and a column, (entries,) each, in any order."""
        turned, order = cls(np.arange(len(rows) + 1), rows).transpose(count)
        return cls(turned.starts, columns[order])

    @classmethod
    def stacked(cls, parts: "Sequence[Incidence]") -> "Incidence":
        """The rows of several matrices over the same columns, one after the other."""
        lengths = np.concatenate([np.diff(part.starts) for part in parts])
        return cls(
            np.concatenate([[0], np.cumsum(lengths)]), np.concatenate([part.columns for part in parts])
        )

    def __len__(self) -> int:
        return len(self.starts) - 1

    def row(self, row: int) -> Ints:
        """The columns of one row."""
        return self.columns[self.starts[row] : self.starts[row + 1]]

    def take(self, rows: Ints) -> "Incidence":
        """The given rows, in the order given."""
        lengths = self.starts[rows + 1] - self.starts[rows]
        starts = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum(lengths, out=starts[1:])
        within = np.arange(starts[-1]) - np.repeat(starts[:-1], lengths)
        return Incidence(starts, self.columns[np.repeat(self.starts[rows], lengths) + within])

    def then(self, other: "Incidence") -> "Incidence":
        """The product of two matrices: each row lists rows of ``other``, and the result lists the columns of these."""
        taken = other.take(self.columns)
        return Incidence(taken.starts[self.starts], taken.columns)

    def with_column(self, column: Ints) -> "Incidence":
        """With one more column in every row: (rows,)."""
        return Incidence(
            self.starts + np.arange(len(self.starts)), np.insert(self.columns, self.starts[1:], column)
        )

    def transpose(self, columns: int) -> "tuple[Incidence, Ints]":
        """The rows of each of the ``columns`` columns, and for each entry of the result its index in this matrix."""
        order = np.argsort(self.columns, kind="stable")
        rows = np.repeat(np.arange(len(self)), np.diff(self.starts))
        starts = np.zeros(columns + 1, dtype=np.int64)
        np.cumsum(np.bincount(self.columns, minlength=columns), out=starts[1:])
        return Incidence(starts, rows[order]), order


class Numbers:
    """Numbers pairs of numbers, from 0: equal pairs get equal numbers, exactly.

    A multiset is a pair too: the multiset without its largest item, and that item.
    """

    def __init__(self) -> None:
        self._pairs: list[Ints] = [np.empty(0, dtype=np.int64)]
        self._count = 0
        # What is known, sorted, with its numbers: nearly all, and the latest, to which more is added quickly.
        self._known = [(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))] * 2

    @property
    def pairs(self) -> tuple[Ints, Ints]:
        """The firsts and the seconds of the numbered pairs, by number."""
        codes = np.concatenate(self._pairs)
        return (codes >> 32) - 1, codes & 0xFFFFFFFF

    def of(self, first: Ints, second: Ints) -> Ints:
        """The numbers of pairs, new ones where a pair is new: (n,). A first may be -1."""
        codes, inverse = np.unique(((first + 1) << 32) | second, return_inverse=True)
        numbers = np.full(len(codes), -1, dtype=np.int64)
        for known, given in self._known:
            if len(known):
                place = np.minimum(np.searchsorted(known, codes), len(known) - 1)
                found = known[place] == codes
                numbers[found] = given[place[found]]
        new = numbers < 0
        numbers[new] = self._count + np.arange(new.sum())
        if new.any():
            self._add(codes[new], numbers[new])
        return numbers[inverse]

    def _add(self, codes: Ints, numbers: Ints) -> None:
        self._pairs.append(codes)
        self._count += len(codes)
        most, latest = self._known[0], _inserted(self._known[1], codes, numbers)
        if len(latest[0]) > _LATEST:
            most, latest = _inserted(most, *latest), (codes[:0], numbers[:0])
        self._known = [most, latest]

    def of_multisets(self, items: Ints) -> Ints:
        """The numbers of the multisets in the rows of ``items``, -1 for an empty one: (n, width) to (n,)."""
        numbers = np.full(len(items), -1, dtype=np.int64)
        for column in np.sort(items, axis=1).T:
            rows = np.flatnonzero(column >= 0)
            if len(rows):
                numbers[rows] = self.of(numbers[rows], column[rows])
        return numbers

    def multisets(self, numbers: Ints) -> Incidence:
        """The multisets with these numbers."""
        first, second = self.pairs
        columns: list[Ints] = []
        while (numbers >= 0).any():
            items = np.full(len(numbers), -1, dtype=np.int64)
            rows = np.flatnonzero(numbers >= 0)
            items[rows] = second[numbers[rows]]
            columns.append(items)
            numbers = numbers.copy()
            numbers[rows] = first[numbers[rows]]
        width = len(columns)
        return Incidence.of_padded(
            np.stack(columns, axis=1) if width else np.empty((len(numbers), 0), dtype=np.int64)
        )


def _inserted(sorted_: tuple[Ints, Ints], codes: Ints, numbers: Ints) -> tuple[Ints, Ints]:
    """Sorted codes and their numbers, with others that are sorted too."""
    place = np.searchsorted(sorted_[0], codes)
    return np.insert(sorted_[0], place, codes), np.insert(sorted_[1], place, numbers)
