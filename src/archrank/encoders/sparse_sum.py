"""Weighted sums of rows of a tensor, with a gradient: the one sparse operation of message passing."""

import warnings
from functools import cache, cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from archrank.encoders.incidence import Incidence

__all__ = ["SparseSum"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


class SparseSum:
    """A linear map from (E, columns, D) to (E, rows, D): each row the weighted sum of the columns it lists.

    Args:
        incidence: The columns of each row.
        columns: How many columns there are.
        weights: The weight of every entry of ``incidence``.

    Attributes:
        index: Where every row has exactly one column, with weight one: those columns. Else None.
        matrix: Else the sparse matrix: (rows, columns).
    """

    def __init__(self, incidence: Incidence, columns: int, weights: Floats) -> None:
        self._incidence = incidence
        self._columns = columns
        self._weights = weights
        # Made here and not at first use, so that long-lived memory does not lie between short-lived blocks.
        single = len(incidence.columns) == len(incidence) and (np.diff(incidence.starts) == 1).all()
        self.index = torch.from_numpy(incidence.columns) if single and (weights == 1).all() else None
        self.matrix = None if self.index is not None else _sparse(incidence, weights, columns)

    @classmethod
    def plain(cls, incidence: Incidence, columns: int) -> "SparseSum":
        """Every listed column with weight one."""
        return cls(incidence, columns, np.ones(len(incidence.columns), dtype=np.float32))

    @classmethod
    def mean(cls, incidence: Incidence, columns: int) -> "SparseSum":
        """Every listed column with weight one over the row's length."""
        lengths = np.diff(incidence.starts)
        weights = np.repeat(1.0 / np.maximum(lengths, 1), lengths)
        return cls(incidence, columns, weights.astype(np.float32))

    @classmethod
    def choice(cls, columns: Ints, of: int) -> "SparseSum":
        """One column a row."""
        return cls.plain(Incidence(np.arange(len(columns) + 1), columns), of)

    def __call__(self, values: torch.Tensor) -> torch.Tensor:
        """Apply the map to ``values``: (E, columns, D) to (E, rows, D), for E members alike."""
        summed: torch.Tensor = _Apply.apply(values, self)  # type: ignore[no-untyped-call]
        return summed

    def __len__(self) -> int:
        return len(self._incidence)

    @cached_property
    def transposed(self) -> torch.Tensor:
        """The transposed matrix, for the gradient: (columns, rows)."""
        turned, order = self._incidence.transpose(self._columns)
        return _sparse(turned, self._weights[order], len(self))


class _Apply(torch.autograd.Function):
    """The map and its gradient; a sparse product is faster than adding row after row."""

    @staticmethod
    def forward(ctx: Any, values: torch.Tensor, summing: SparseSum) -> torch.Tensor:
        ctx.summing = summing
        if summing.index is not None:
            return values.index_select(1, summing.index)
        assert summing.matrix is not None
        return _times(summing.matrix, values)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        return _times(ctx.summing.transposed, gradients[0]), None


def _times(matrix: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Sparse (rows, columns) times dense (E, columns, D): the members join the feature axis meanwhile."""
    members, columns, width = values.shape
    if members == 1:
        return (matrix @ values[0])[None]
    product = matrix @ values.transpose(0, 1).reshape(columns, members * width)
    return product.view(-1, members, width).transpose(0, 1)


def _sparse(incidence: Incidence, weights: Floats, columns: int) -> torch.Tensor:
    _announced()
    return _csr(incidence.starts, incidence.columns, weights, (len(incidence), columns))


@cache
def _announced() -> None:
    """Trigger PyTorch's warning that CSR tensors are in beta, which comes once a process, where it is ignored."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _csr(np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32), (0, 0))


def _csr(starts: Ints, columns: Ints, weights: Floats, shape: tuple[int, int]) -> torch.Tensor:
    return torch.sparse_csr_tensor(
        torch.from_numpy(starts),
        torch.from_numpy(columns),
        torch.from_numpy(weights),
        shape,
        check_invariants=False,
    )
