"""Shapes that are found without PyTorch are those that PyTorch finds."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import archrank as ar
from archrank.errors import TraceError
from archrank.modules import quick_shapes
from archrank.modules.nested import tensors_in

RECURRENT = [
    nn.LSTM(4, 8),
    nn.LSTM(4, 8, 3, bidirectional=True, batch_first=True),
    nn.LSTM(4, 8, 2, bidirectional=True, proj_size=3),
    nn.LSTM(4, 8, 2, bias=False, proj_size=3),
    nn.GRU(4, 8, 2, batch_first=True, bidirectional=True),
    nn.GRU(4, 8, bias=False),
    nn.RNN(4, 8, 2),
    nn.RNN(4, 8, nonlinearity="relu", bidirectional=True),
]


class Calls(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *args):
        return self.function(*args)


def shapes(module, *given):
    """The shapes that a module returns, as it is traced."""
    found = []

    def noted(*args):
        results = module(*args)
        found.extend((tuple(t.shape), t.dtype, t.stride()) for t in tensors_in(results))
        return results

    ar.trace(Calls(noted), *given)
    return found


@pytest.fixture
def asked(monkeypatch):
    """How often a shape was found without PyTorch."""
    answers = []
    real = quick_shapes.quick_result

    def counted(*args):
        result = real(*args)
        answers.append(result is not None)
        return result

    monkeypatch.setattr("archrank.modules.recorder.quick_result", counted)
    return answers


@pytest.mark.filterwarnings("ignore:LSTM with projections")
@pytest.mark.parametrize("layer", RECURRENT, ids=str)
def test_recurrent_layers(layer, asked):
    example = torch.zeros(5, 3, 4)
    expected = [(tuple(t.shape), t.dtype) for t in tensors_in(layer(example))]
    assert [found[:2] for found in shapes(layer, example)] == expected
    assert any(asked)


def test_a_recurrent_layer_that_does_not_fit_is_left_to_pytorch():
    with pytest.raises(TraceError, match=r"input\.size"):
        ar.trace(nn.LSTM(4, 8), (5, 3, 6))
    with pytest.raises(TraceError, match="hidden"):
        ar.trace(nn.LSTM(4, 8), (5, 3, 4), (torch.zeros(1, 3, 7), torch.zeros(1, 3, 8)))


image, tokens = torch.zeros(2, 8, 6, 4), torch.zeros(2, 5, 8)
CALLS = {
    "batch_norm": (nn.BatchNorm2d(8), image),
    "layer_norm": (nn.LayerNorm(8), tokens),
    "layer_norm of two": (nn.LayerNorm((6, 4)), image),
    "group_norm": (nn.GroupNorm(4, 8), image),
    "linear": (nn.Linear(8, 3), tokens),
    "gelu of a view": (lambda x: F.gelu(x.transpose(1, 2)), image),
    "attention": (
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v),
        image,
        image,
        torch.zeros(2, 8, 6, 7),
    ),
    "pool": (nn.AdaptiveAvgPool2d((2, 3)), image),
    "sum": (lambda x, y: x + y, image, image),
    "broadcast": (lambda x, y: x + y, image, torch.zeros(4)),
    "two types": (lambda x, y: x * y, image, image.double()),
    "number": (lambda x: x / 2, image),
    "integers": (lambda x: x.long() / 2, image),
}


@pytest.mark.parametrize("name", CALLS)
def test_layers_and_arithmetic(name):
    module, *given = CALLS[name]
    if isinstance(module, nn.Module):
        module = module.eval()
    with torch.no_grad():
        expected = [(tuple(t.shape), t.dtype, t.stride()) for t in tensors_in(module(*given))]
    assert shapes(module, *given) == expected


@pytest.mark.parametrize(
    ("module", "shape"),
    [
        (nn.BatchNorm2d(7), (2, 8, 6, 4)),
        (nn.LayerNorm(7), (2, 8)),
        (nn.GroupNorm(3, 9), (2, 8, 4, 4)),
        (nn.Linear(7, 3), (2, 8)),
        (Calls(lambda q: F.scaled_dot_product_attention(q, q[..., :2], q)), (2, 8, 6, 4)),
    ],
    ids=str,
)
def test_what_does_not_fit_fails_as_in_pytorch(module, shape):
    with pytest.raises(TraceError, match="Error: "):
        ar.trace(module, shape)
