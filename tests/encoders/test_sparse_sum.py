"""A sparse sum is its dense matrix, in value and gradient, for members alike."""

import graph_makers
import numpy as np
import pytest
import torch

from archrank.encoders.sparse_sum import SparseSum

LISTS = {
    "a choice": [[2], [0], [2], [1]],
    "sums": [[], [2], [0, 0, 3], [], [3, 1, 2, 0]],
    "no rows": [],
    "empty rows": [[], []],
}


@pytest.mark.parametrize("lists", LISTS.values(), ids=LISTS)
@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("kind", ["plain", "mean"])
def test_equals_the_dense_matrix(lists, members, kind):
    table = torch.tensor([[float(row.count(c)) for c in range(4)] for row in lists]).reshape(-1, 4)
    if kind == "mean":
        table = table / table.sum(dim=1, keepdim=True).clamp(min=1)
    linear = getattr(SparseSum, kind)(graph_makers.incidence(lists), 4)
    values = torch.randn(members, 4, 5, generator=torch.Generator().manual_seed(0), requires_grad=True)
    summed = linear(values)
    torch.testing.assert_close(summed, table @ values)
    weights = torch.randn(summed.shape, generator=torch.Generator().manual_seed(1))
    (gradient,) = torch.autograd.grad((summed * weights).sum(), values)
    torch.testing.assert_close(gradient, table.T @ weights)


def test_a_choice_is_the_sum_of_one_column_a_row():
    values = torch.arange(12.0).reshape(2, 3, 2)
    assert torch.equal(SparseSum.choice(np.array([1, 1, 0]), 3)(values), values[:, [1, 1, 0]])


def test_no_columns_give_zeros():
    linear = SparseSum.plain(graph_makers.incidence([[], []]), 0)
    values = torch.zeros(2, 0, 3, requires_grad=True)
    summed = linear(values)
    assert summed.tolist() == torch.zeros(2, 2, 3).tolist()
    summed.sum().backward()
    assert values.grad.shape == (2, 0, 3)
