"""Sums of chosen rows of a tensor, with a gradient: the one sparse operation of message passing."""

import warnings
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from archrank.encoders.batch import Incidence

__all__ = ["Sum"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Sum:
    """A linear map from (E, columns, D) to (E, rows, D): each row the weighted sum of the columns it lists.

    Attributes:
        index: Where each row has exactly one column of weight one, that column: (rows,). The map is then a mere
            choice of rows.
        matrix: Otherwise the sparse matrix: (rows, columns).
        transposed: The transposed matrix, for the gradient: (columns, rows).
    """

    index: torch.Tensor | None
    matrix: torch.Tensor | None
    transposed: torch.Tensor

    @classmethod
    def plain(cls, incidence: Incidence, columns: int) -> "Sum":
        """Every listed column with weight one."""
        return cls._weighted(incidence, columns, np.ones(len(incidence.columns), dtype=np.float32))

    @classmethod
    def mean(cls, incidence: Incidence, columns: int) -> "Sum":
        """Every listed column with weight one over the row's length."""
        lengths = np.diff(incidence.starts)
        weights = np.repeat(1.0 / np.maximum(lengths, 1), lengths)
        return cls._weighted(incidence, columns, weights.astype(np.float32))

    @classmethod
    def choice(cls, columns: npt.NDArray[np.int64], of: int) -> "Sum":
        """One column a row."""
        return cls.plain(Incidence(np.arange(len(columns) + 1), columns), of)

    @classmethod
    def _weighted(cls, incidence: Incidence, columns: int, weights: npt.NDArray[np.float32]) -> "Sum":
        turned, order = incidence.transpose(columns)
        transposed = _sparse(turned, weights[order], len(incidence))
        if (np.diff(incidence.starts) == 1).all():
            return cls(torch.from_numpy(incidence.columns), None, transposed)
        return cls(None, _sparse(incidence, weights, columns), transposed)

    def __call__(self, values: torch.Tensor) -> torch.Tensor:
        """Apply the map to ``values``: (E, columns, D) to (E, rows, D), for E members alike."""
        function = _SparseSum if self.index is None else _Choice
        factor = self.matrix if self.index is None else self.index
        summed: torch.Tensor = function.apply(values, factor, self.transposed)  # type: ignore[no-untyped-call]
        return summed


def _sparse(incidence: Incidence, weights: npt.NDArray[np.float32], columns: int) -> torch.Tensor:
    _announced()
    return _csr(incidence.starts, incidence.columns, weights, (len(incidence), columns))


@cache
def _announced() -> None:
    """PyTorch warns once a process that CSR tensors are in beta; have it said where nobody is bothered."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _csr(np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32), (0, 0))


def _csr(starts: Ints, columns: Ints, weights: npt.NDArray[np.float32], shape: tuple[int, int]) -> torch.Tensor:
    return torch.sparse_csr_tensor(
        torch.from_numpy(starts),
        torch.from_numpy(columns),
        torch.from_numpy(weights),
        shape,
        check_invariants=False,
    )


def _times(matrix: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Sparse (rows, columns) times dense (E, columns, D): the members join the feature axis meanwhile."""
    members, columns, width = values.shape
    if members == 1:
        return (matrix @ values[0])[None]
    product = matrix @ values.transpose(0, 1).reshape(columns, members * width)
    return product.view(-1, members, width).transpose(0, 1)


class _SparseSum(torch.autograd.Function):
    """Sparse times dense with a constant sparse factor."""

    @staticmethod
    def forward(ctx: Any, values: torch.Tensor, matrix: torch.Tensor, transposed: torch.Tensor) -> torch.Tensor:
        ctx.transposed = transposed
        return _times(matrix, values)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        return _times(ctx.transposed, gradients[0]), None, None


class _Choice(torch.autograd.Function):
    """A choice of rows; its gradient is a sparse sum, quicker than adding row after row."""

    @staticmethod
    def forward(ctx: Any, values: torch.Tensor, index: torch.Tensor, transposed: torch.Tensor) -> torch.Tensor:
        ctx.transposed = transposed
        return values.index_select(1, index)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        return _times(ctx.transposed, gradients[0]), None, None
