"""The layers of networks of free form, against PyTorch's own."""

import pytest
import torch
import torch.nn.functional as F

from archrank.errors import SpaceError
from archrank.networks.shaped import shaped_layer

X, Y, Z = (torch.randn(2, 4, 6, 8, generator=torch.Generator().manual_seed(seed)) for seed in range(3))


def made(name, *values):
    """The result of an operation, whose shape is the promised one."""
    layer, shape = shaped_layer({}, name, [tuple(value.shape[1:]) for value in values])
    result = layer(*values)
    assert tuple(result.shape[1:]) == shape
    return result


def test_attention_is_that_of_pytorch_along_rows():
    weights = made("attention_weights", X, Y)
    torch.testing.assert_close(weights.sum(3), torch.ones(2, 6, 8))
    rows = [value.permute(0, 2, 3, 1) for value in (X, Y, Z)]
    expected = F.scaled_dot_product_attention(*rows).permute(0, 3, 1, 2)
    torch.testing.assert_close(made("weighted_sum", weights, Z), expected)


def test_patches_are_those_of_pytorch_and_are_undone():
    torch.testing.assert_close(made("patches", X), F.pixel_unshuffle(X, 2))
    torch.testing.assert_close(made("unpatch", made("patches", X)), X)
    torch.testing.assert_close(made("unpair", made("pairs", X)), X)
    assert made("pairs", X[:, :, :1])[0, :2, 0, 0].tolist() == X[0, 0, 0, :2].tolist()


def test_swaps_make_rows_and_columns_channels():
    torch.testing.assert_close(made("swap_rows", X)[:, 5, 1], X[:, 1, 5])
    torch.testing.assert_close(made("swap_columns", X)[:, 7, :, 1], X[:, 1, :, 7])
    for name in ("swap_rows", "swap_columns"):
        torch.testing.assert_close(made(name, made(name, X)), X)


def test_halves_and_what_joins():
    halves = made("first_half", X), made("second_half", X)
    torch.testing.assert_close(made("concat", *halves), X)
    torch.testing.assert_close(made("gate", X, Y), X * Y.sigmoid())
    odd = X[:, :3]
    torch.testing.assert_close(made("concat", made("first_half", odd), made("second_half", odd)), odd)
    assert made("narrow", X).shape == (2, 2, 6, 8)


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("gate", (X, Y[:, :2]), "gate joins 2 of equal shape"),
        ("concat", (X, Y[:, :, :3]), "concat joins parts of equal shape"),
        ("weighted_sum", (X, Y), "weights and values"),
        ("attention_weights", (X, Y, Z), "attention_weights joins 2"),
        ("patches", (X[:, :, :5],), "5×8 pixels has no patches of 2×2"),
        ("first_half", (X[:, :1],), "one channel has no halves"),
        ("relu", (X, Y), "takes one argument, and the graph gives it 2"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(name, values, message):
    with pytest.raises(SpaceError, match=message):
        made(name, *values)
