"""Many cells of NAS-Bench-101 at once: official matrices to rows of choices, without an object for each."""

from typing import Any

import numpy as np
import numpy.typing as npt

from archrank.space import Rows
from archrank.spaces import NASBench101
from archrank.spaces.nasbench101 import OPERATIONS

__all__ = ["canonical_rows"]

_UNKNOWN = -1
_LABELS = {"input": 0, **{name: option for option, name in enumerate(OPERATIONS, start=1)}, "output": 4}


def canonical_rows(space: NASBench101, adjacency: Any, operations: Any) -> tuple[Rows, npt.NDArray[np.bool_]]:
    """The rows of cells that are written as the space writes them, as the official records are.

    A row is made by its layout alone, and then looked up among all rows of the space: so one that is found is right,
    and one that is not may still be a cell in another numbering, for :meth:`NASBench101.from_matrix` to judge.

    Args:
        space: The space, of seven vertices.
        adjacency: An Arrow array of M lists of V × V numbers.
        operations: An Arrow array of M lists of V names.

    Returns:
        The rows, (M, number of choices), and which of them were found: (M,).
    """
    rows = np.zeros((len(adjacency), len(space.choices)), dtype=np.int16)
    fits = np.zeros(len(adjacency), dtype=bool)
    numbers, labels = _entries(adjacency), _labels(operations)
    if numbers is None or labels is None:
        return rows, fits
    starts, sizes = _spans(adjacency)
    name_starts, names = _spans(operations)
    for vertices in range(2, space.vertices + 1):
        chosen = np.flatnonzero((sizes == vertices**2) & (names == vertices))
        matrices = numbers[starts[chosen, None] + np.arange(vertices**2)].reshape(-1, vertices, vertices)
        roles = labels[name_starts[chosen, None] + np.arange(vertices)]
        rows[chosen] = _laid_out(space, matrices, roles)
        fits[chosen] = _plausible(matrices, roles)
    every, ours = space.codes(space.rows()), space.codes(rows)
    index = np.minimum(np.searchsorted(every, ours), len(every) - 1)
    return rows, fits & (every[index] == ours)


def _spans(lists: Any) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Where each list begins among all items, and how long it is."""
    offsets = lists.offsets.to_numpy().astype(np.int64)
    there = lists.is_valid().to_numpy(zero_copy_only=False)
    return offsets[:-1], np.where(there, np.diff(offsets), 0)


def _entries(lists: Any) -> npt.NDArray[np.int64] | None:
    """The entries of all matrices, or None where they are no whole numbers."""
    import pyarrow as pa

    if not pa.types.is_integer(lists.values.type):
        return None
    return lists.values.cast(pa.int64()).fill_null(_UNKNOWN).to_numpy()  # type: ignore[no-any-return]


def _labels(lists: Any) -> npt.NDArray[np.int16] | None:
    """The label of every vertex of all cells, or None where they have no names."""
    import pyarrow as pa

    if not (pa.types.is_string(lists.values.type) or pa.types.is_large_string(lists.values.type)):
        return None
    words = lists.values.dictionary_encode()
    # As bytes, for in a damaged file they may be no text.
    large = pa.types.is_large_string(lists.values.type)
    read = words.dictionary.cast(pa.large_binary() if large else pa.binary()).to_pylist()
    known = [_LABELS.get(word.decode(errors="replace"), _UNKNOWN) for word in read]
    labels = np.array([*known, _UNKNOWN], dtype=np.int16)
    return labels[words.indices.fill_null(len(known)).to_numpy()]  # type: ignore[no-any-return]


def _plausible(matrices: npt.NDArray[Any], roles: npt.NDArray[np.int16]) -> npt.NDArray[np.bool_]:
    """Entries 0 and 1, above the diagonal only, and operations in the vertices between input and output: (M,)."""
    upper = np.triu(np.ones(matrices.shape[1:], dtype=bool), k=1)
    inner = roles[:, 1:-1]
    fits = ((matrices == 0) | (matrices == 1) & upper).all(axis=(1, 2))
    fits &= ((inner >= 1) & (inner <= len(OPERATIONS))).all(axis=1)
    fits &= (roles[:, 0] == _LABELS["input"]) & (roles[:, -1] == _LABELS["output"])
    return fits  # type: ignore[no-any-return]


def _laid_out(space: NASBench101, matrices: npt.NDArray[Any], roles: npt.NDArray[np.int16]) -> Rows:
    """The rows as the space lays them out: see :class:`NASBench101` for what an absent vertex looks like."""
    output, last = matrices.shape[1] - 1, space.vertices - 1
    columns = []
    for target in range(1, last + 1):
        for source in range(target):
            if output <= source or output <= target < last:
                columns.append(np.full(len(matrices), int(source == 0 or target == last), dtype=np.int16))
            else:
                columns.append(matrices[:, source, min(target, output)].astype(np.int16))
    for vertex in range(1, last):
        present = vertex < output
        columns.append(roles[:, vertex] if present else np.zeros(len(matrices), dtype=np.int16))
    return np.stack(columns, axis=1)
