"""A remembered result has the shape and type that PyTorch computes."""

import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional as F  # noqa: E402

from archrank.modules.remembered import remembered  # noqa: E402

X = torch.empty(2, 8, 12, 12, device="meta")
CALLS = {
    "conv2d": (F.conv2d, (X, torch.empty(6, 4, 3, 3, device="meta"), None, 2, 1, 1, 2), {}),
    "mean": (torch.mean, (X, (2, 3)), {"keepdim": True}),
    "mul": (torch.mul, (X, torch.empty(2, 8, 1, 1, device="meta")), {}),
    "add": (torch.add, (X, torch.empty(12, dtype=torch.float64, device="meta")), {}),
    "cat": (torch.cat, ([X, X],), {"dim": 1}),
    "matmul": (torch.matmul, (X, torch.empty(12, 5, device="meta")), {}),
    "pad": (F.pad, (X, (1, 2, 0, 1)), {}),
    "softmax": (torch.softmax, (X, 1), {"dtype": torch.float64}),
    "sum": (torch.sum, (X,), {}),
}


@pytest.mark.parametrize("name", CALLS)
def test_the_second_answer_is_that_of_pytorch(name):
    function, args, kwargs = CALLS[name]
    expected = function(*args, **kwargs)
    remembered(name, args, kwargs, lambda: function(*args, **kwargs))
    again = remembered(name, args, kwargs, lambda: pytest.fail("it was computed again"))
    assert (again.shape, again.dtype, again.device) == (expected.shape, expected.dtype, expected.device)


def test_other_arguments_are_computed():
    asked = []

    def run(dim):
        asked.append(dim)
        return torch.cat([X, X], dim=dim)

    shapes = [remembered("cat", ([X, X],), {"dim": dim}, lambda dim=dim: run(dim)).shape for dim in (2, 3)]
    assert shapes == [(2, 8, 24, 12), (2, 8, 12, 24)]
    assert asked == [2, 3]


def test_views_and_unknown_operators_are_computed_every_time():
    for _ in range(2):
        view = remembered("reshape", (X, (2, -1)), {}, lambda: X.reshape(2, -1))
        assert view.shape == (2, 8 * 12 * 12)
    assert remembered("mul", (X, object()), {}, lambda: "asked") == "asked"
