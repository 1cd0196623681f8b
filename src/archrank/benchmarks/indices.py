"""Finding rows of option indices among many, without an object for each."""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from archrank.space import Rows, SearchSpace

__all__ = ["RowIndex", "row_bytes", "row_numbers"]

_LARGEST_NUMBER = 2**63
"""Spaces with no more encodings than this have a number for each that fits into 64 bits."""


def row_numbers(rows: Rows, space: SearchSpace) -> npt.NDArray[np.int64] | None:
    """One number a row, in the lexicographic order of the rows: (M, number of choices) to (M,).

    None for a space with too many encodings for 64 bits, and for one with conditional choices.
    """
    if space.conditional or space.encodings > _LARGEST_NUMBER:
        return None
    return np.asarray(rows).astype(np.int64) @ np.array(_weights(space), dtype=np.int64)


def row_bytes(rows: Rows, space: SearchSpace) -> bytes:
    """What digests take of rows, the same on every machine."""
    if space.conditional:
        return "\n".join(map(space.format, space.architectures(rows))).encode()
    return np.ascontiguousarray(rows, dtype="<i8").tobytes()


def _weights(space: SearchSpace) -> list[int]:
    weights = [1]
    for choice in space.choices[:0:-1]:
        weights.append(weights[-1] * len(choice.options))
    return weights[::-1]


class RowIndex:
    """Where each of M distinct rows stands.

    Args:
        rows: Option indices: (M, number of choices); of a space with conditional choices, packed architectures: (M,).
        space: The space that they belong to.
    """

    def __init__(self, rows: Rows, space: SearchSpace) -> None:
        self._sizes = [len(choice.options) for choice in space.choices]
        numbers = row_numbers(rows, space)
        self._by_row: dict[Hashable, int] | None = None
        if numbers is None:
            every = [a.choices for a in space.architectures(rows)]
            self._by_row = {tuple(choices): index for index, choices in enumerate(every)}
            return
        self._weights = _weights(space)
        self._order = np.argsort(numbers, kind="stable")
        self._sorted = numbers[self._order]

    def get(self, row: Sequence[Any]) -> int | None:
        """The index of a row, or None where it is not there."""
        if self._by_row is not None:
            return self._by_row.get(tuple(row))
        if len(row) != len(self._sizes):
            return None
        if any(not 0 <= index < size for index, size in zip(row, self._sizes, strict=True)):
            return None  # it would share its number with another row
        number = sum(index * weight for index, weight in zip(row, self._weights, strict=True))
        found = int(np.searchsorted(self._sorted, number))
        if found == len(self._sorted) or self._sorted[found] != number:
            return None
        return int(self._order[found])
