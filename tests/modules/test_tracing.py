"""The graph of a module: what is a node, what makes keys equal, and what is left alone."""

import copy
import operator
import random
from collections import Counter, OrderedDict
from dataclasses import dataclass

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import archrank as ar
from archrank.errors import TraceError
from archrank.modules import trace_call


class Calls(nn.Module):
    """A network without parameters, from a function."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *args, **kwargs):
        return self.function(*args, **kwargs)


def nodes(module, *examples, **kwargs):
    return ar.trace(module, *examples, **kwargs).cells[0].sites


def kinds(function, *examples):
    return [node.operation for node in nodes(Calls(function), *examples)]


def key(function, *examples):
    module = function if isinstance(function, nn.Module) else Calls(function)
    return ar.trace(module, *examples).key


PAIR = ((2, 3, 4, 4), (2, 3, 4, 4))

ALIKE = {
    "add": [lambda x, y: x + y, torch.add, lambda x, y: y + x, lambda x, y: x.add_(y), operator.iadd],
    "sub": [lambda x, y: x - y, torch.sub, lambda x, y: torch.rsub(y, x), lambda x, y: x.clone().sub_(y)],
    "mul": [lambda x, y: x * y, torch.mul, torch.multiply, lambda x, y: y.mul(x)],
    "div": [lambda x, y: x / y, torch.true_divide, lambda x, y: x.div(y)],
    "matmul": [lambda x, y: x @ y, torch.matmul, lambda x, y: x.matmul(y)],
    "cat": [
        lambda x, y: torch.cat([x, y], 1),
        lambda x, y: torch.concat((x, y), dim=-3),
        lambda x, y: torch.cat(tensors=[x, y], dim=1),
        lambda x, y: torch.cat([x, y], axis=1),
    ],
    "relu": [
        lambda x, y: F.relu(x),
        lambda x, y: F.relu(x, inplace=True),
        lambda x, y: x.relu(),
        lambda x, y: nn.ReLU()(x),
        lambda x, y: torch.relu_(x),
    ],
    "softmax": [
        lambda x, y: F.softmax(x, 1),
        lambda x, y: x.softmax(dim=-3),
        lambda x, y: nn.Softmax(1)(x),
        lambda x, y: torch.softmax(x, 1),
    ],
    "max_pool": [
        lambda x, y: F.max_pool2d(x, 2),
        nn.MaxPool2d(2, 2),
        lambda x, y: torch.max_pool2d(x, (2, 2)),
    ],
    "reshape": [
        lambda x, y: x.flatten(1),
        lambda x, y: x.view(2, -1),
        lambda x, y: x.reshape((2, 48)),
        lambda x, y: torch.flatten(x, start_dim=1),
        lambda x, y: nn.Flatten()(x),
    ],
    "permute": [
        lambda x, y: x.transpose(1, 2),
        lambda x, y: x.permute(0, 2, 1, 3),
        lambda x, y: torch.permute(x, (0, -2, 1, 3)),
        lambda x, y: x.swapaxes(2, 1),
        lambda x, y: x.movedim(1, 2),
    ],
    "split": [
        lambda x, y: x.chunk(3, 1)[1],
        lambda x, y: x.split(1, dim=1)[1],
        lambda x, y: x.split([1, 1, 1], 1)[1],
    ],
    "getitem": [lambda x, y: x[:, 1], lambda x, y: x.select(1, 1), lambda x, y: x[:, -2, ...]],
    "pow": [lambda x, y: x**2, lambda x, y: torch.pow(x, 2), lambda x, y: x.pow(2.0)],
    "maximum": [lambda x, y: torch.maximum(x, y), lambda x, y: torch.max(y, x)],
    "gelu": [lambda x, y: F.gelu(x), lambda x, y: nn.GELU()(x)],
    "meshgrid": [lambda x, y: torch.meshgrid(x[0, 0, 0], y[0, 0, 0], indexing="ij")],
    "mean": [lambda x, y: x.mean((2, 3)), lambda x, y: torch.mean(x, dim=[-2, -1])],
}


@pytest.mark.parametrize("kind", ALIKE)
def test_spellings_of_one_operation_are_one(kind):
    first, *others = [lambda x, y, f=f: f(x) if isinstance(f, nn.Module) else f(x, y) for f in ALIKE[kind]]
    assert kinds(first, *PAIR)[-1].partition(":")[0] == kind
    for other in others:
        assert key(other, *PAIR) == key(first, *PAIR)


DIFFERENT = [
    lambda x, y: x - y,
    lambda x, y: y - x,
    lambda x, y: x + y,
    lambda x, y: torch.cat([x, y], 1),
    lambda x, y: torch.cat([y, x], 1),
    lambda x, y: torch.cat([x, y], 2),
    lambda x, y: torch.stack([x, y], 1),
    lambda x, y: x @ y,
    lambda x, y: y @ x,
    lambda x, y: torch.add(x, y, alpha=2),
    lambda x, y: torch.add(y, x, alpha=2),
    lambda x, y: x + 1,
    lambda x, y: x + 2,
    lambda x, y: 1 - x,
    lambda x, y: x - 1,
    lambda x, y: F.pad(x, (1, 1, 1, 1)),
    lambda x, y: F.pad(x, (1, 1, 1, 1), mode="reflect"),
    lambda x, y: F.pad(x, (0, 2, 1, 1)),
    lambda x, y: x.mean(1),
    lambda x, y: x.mean(1, keepdim=True),
    lambda x, y: x.sum(1),
    lambda x, y: x[:, 0],
    lambda x, y: x[:, 1],
    lambda x, y: x[:, :1],
    lambda x, y: x[:, :, ::2],
    lambda x, y: F.max_pool2d(x, 2),
    lambda x, y: F.max_pool2d(x, 2, 1),
    lambda x, y: F.avg_pool2d(x, 2),
    lambda x, y: F.gelu(x),
    lambda x, y: F.gelu(x, approximate="tanh"),
    lambda x, y: x.masked_fill(y > 0, float("-inf")),
    lambda x, y: x.masked_fill(y > 0, 0.0),
    lambda x, y: x.half(),
    lambda x, y: x.bfloat16(),
    lambda x, y: x.chunk(3, 1)[0],
    lambda x, y: x.chunk(3, 1)[1],
    lambda x, y: torch.einsum("bchw,bdhw->bcd", x, y),
    lambda x, y: torch.einsum("bchw,bdhw->bdc", x, y),
    lambda x, y: (x, y),
    lambda x, y: (y, x),
    lambda x, y: x + torch.ones(4),
    lambda x, y: x + torch.ones(4, dtype=torch.int64),
    lambda x, y: x + torch.arange(4),
    lambda x, y: x + torch.arange(4.0),
    lambda x, y: F.batch_norm(x, None, None, training=True),
    lambda x, y: F.batch_norm(x, None, None, x[0, :, 0, 0], training=True),
    lambda x, y: F.batch_norm(x, None, None, None, x[0, :, 0, 0], training=True),
]


def test_what_computes_something_else_has_another_key():
    assert max(Counter(key(function, *PAIR) for function in DIFFERENT).values()) == 1


def layers(**options):
    plain = {"in_channels": 4, "out_channels": 4, "kernel_size": 3}
    return key(nn.Sequential(nn.Conv2d(**(plain | options))), (2, 4, 9, 9))


def test_options_of_a_convolution_are_told_apart():
    options = [
        {},
        {"kernel_size": 5},
        {"kernel_size": (3, 1)},
        {"kernel_size": (1, 3)},
        {"stride": 2},
        {"padding": 1},
        {"dilation": 2},
        {"groups": 2},
        {"bias": False},
        {"padding": 1, "padding_mode": "reflect"},
        {"padding": 1, "padding_mode": "circular"},
        {"out_channels": 8},
    ]
    assert len({layers(**o) for o in options}) == len(options)
    assert layers(padding="same") == layers(padding=1)
    assert layers(padding="valid") == layers()


def test_dimensions_of_convolutions_are_told_apart():
    flat, deep = key(nn.Conv1d(4, 4, 3), (2, 4, 9)), key(nn.Conv3d(4, 4, 3), (2, 4, 9, 9, 9))
    assert len({layers(), flat, deep}) == 3


class Tied(nn.Module):
    def __init__(self, tied):
        super().__init__()
        self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 4)
        for name in tied:
            setattr(self.b, name, getattr(self.a, name))

    def forward(self, x):
        return self.b(self.a(x))


def test_tied_layers_differ_from_layers_of_their_own():
    different = {key(Tied(tied), (2, 4)) for tied in ((), ("weight",), ("bias",), ("weight", "bias"))}
    assert len(different) == 4
    assert [node.parameters for node in nodes(Tied(("weight",)), (2, 4))] == [20, 4]


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = nn.Sequential(nn.Linear(4, 4), nn.ReLU())

    def forward(self, x):
        return self.block(self.block(x))


def test_a_module_called_twice_shares_its_weights_and_counts_its_calls():
    found = nodes(Twice(), (2, 4))
    assert [node.path for node in found] == [
        ("block", "0"),
        ("block", "1"),
        ("block#2", "0"),
        ("block#2", "1"),
    ]
    assert {node.classes for node in found} == {("Sequential", "Linear"), ("Sequential", "ReLU")}
    assert found[0].weights == found[2].weights == (0, 1)
    assert [node.parameters for node in found] == [20, 0, 0, 0]


class Table(nn.Module):
    """An embedding that is the output layer too."""

    def __init__(self, tied):
        super().__init__()
        self.embedding, self.output = nn.Embedding(10, 4), nn.Linear(4, 10, bias=False)
        self.position = nn.Parameter(torch.zeros(1, 5, 4))
        if tied:
            self.output.weight = self.embedding.weight

    def forward(self, tokens):
        return self.output(self.embedding(tokens) + self.position)


def test_embeddings_positions_and_tied_outputs():
    tokens = torch.zeros(2, 5, dtype=torch.long)
    found = nodes(Table(tied=True), tokens)
    assert [node.operation for node in found] == ["embedding", "parameter", "add", "linear"]
    assert found[0].weights == found[3].weights != ()
    assert (found[1].sources, found[1].shape, found[1].parameters) == ((), (1, 5, 4), 20)
    assert [node.parameters for node in found] == [40, 20, 0, 0]
    assert ar.trace(Table(tied=True), tokens).key != ar.trace(Table(tied=False), tokens).key


class Residual(nn.Module):
    def __init__(self, in_place, channels=4):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm, self.relu, self.in_place = nn.BatchNorm2d(channels), nn.ReLU(in_place), in_place

    def forward(self, x):
        y = self.relu(self.norm(self.conv(x)))
        if self.in_place:
            y += x
        else:
            y = y + x
        return self.relu(y)


def test_operations_in_place_are_those_that_are_not():
    example = (2, 4, 8, 8)
    assert ar.trace(Residual(True), example).key == ar.trace(Residual(False), example).key
    assert [node.shape for node in nodes(Residual(True), example)] == [(4, 8, 8)] * 5


def test_a_tensor_changed_in_place_is_the_changed_one_afterwards():
    def changed(x):
        y = x.sigmoid()
        first = y + 1
        y.relu_()
        return first * y

    found = nodes(Calls(changed), (2, 3))
    assert [node.operation for node in found] == ["sigmoid", "add", "relu", "mul"]
    assert set(found[3].sources) == {found[1].target, found[2].target}


def test_writing_to_a_part_changes_the_whole():
    def part(x):
        y = x * 2
        y[:, :1].relu_()
        return y

    def item(x):
        y = x * 2
        y[:, 0] = 1.0
        return y

    def other(x):
        y = x * 2
        y[:, 1] = 1.0
        return y

    assert kinds(part, (2, 3)) == ["mul", "getitem", "relu", "overwrite"]
    assert kinds(item, (2, 3)) == ["mul", "setitem"]
    assert key(item, (2, 3)) != key(other, (2, 3))


def test_several_outputs():
    chunk, *_ = nodes(Calls(lambda x: operator.sub(*x.chunk(2, 1))), (2, 4))
    assert len(chunk.targets) == 2
    values, indices = nodes(Calls(lambda x: x.max(1)), (2, 4))[0].targets
    assert values != indices
    assert key(lambda x: operator.sub(*x.chunk(2, 1)), (2, 4)) != key(
        lambda x: operator.sub(*x.chunk(2, 1)[::-1]), (2, 4)
    )


def test_nothing_that_is_not_used_is_a_node():
    assert kinds(lambda x: (x.relu(), x.contiguous().detach().clone().to(torch.float32))[1] + 1, (2, 3)) == [
        "add"
    ]
    assert kinds(lambda x: sum([x, x.relu()]), (2, 3)) == ["relu", "add"]
    assert kinds(lambda x: F.pad(x, (0, 0)).reshape(2, 3).transpose(0, 0)[:] * 1, (2, 3)) == []
    assert nodes(nn.Sequential(nn.Identity(), nn.Dropout()), (2, 3)) == ()


def test_dropout_is_a_node_in_training_only():
    module, example = nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.3)), torch.zeros(2, 3)
    trained = trace_call(module.eval(), (example,), {}, training=True).cells[0].sites
    assert [(node.operation, dict(node.attributes).get("p")) for node in trained] == [
        ("linear", None),
        ("dropout", 0.3),
    ]
    assert not module.training


RECURRENT = [
    nn.LSTM(4, 8, 2, bidirectional=True),
    nn.GRU(4, 8),
    nn.RNN(4, 8, nonlinearity="relu"),
    nn.LSTM(4, 8, proj_size=3),
]


@pytest.mark.parametrize("layer", RECURRENT, ids=str)
def test_recurrent_layers_are_one_node(layer):
    (node,) = nodes(Calls(lambda x: layer(x)[0]), (5, 2, 4))
    assert node.operation == layer.mode.lower()
    assert dict(node.attributes)["out_channels"] == 8
    assert len(node.targets) == 2 + (layer.mode == "LSTM")
    assert nodes(layer, (5, 2, 4))[0].parameters == sum(p.numel() for p in layer.parameters())
    start = torch.zeros(layer.num_layers * (1 + layer.bidirectional), 2, layer.proj_size or 8)
    if layer.mode == "GRU":
        assert ar.trace(layer, (5, 2, 4), tuple(start.shape)).key != ar.trace(layer, (5, 2, 4)).key
    options = {key(nn.LSTM(4, 8, batch_first=first), (5, 2, 4)) for first in (True, False)}
    assert len(options) == 2


def test_the_state_of_a_recurrent_layer():
    class Steps(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = nn.GRUCell(4, 4)

        def forward(self, x):
            state = None
            for step in x.unbind(1):
                state = self.cell(step, state)
            return state

    found = nodes(Steps(), (2, 3, 4))
    assert [node.operation for node in found] == ["unbind", "gru_cell", "gru_cell", "gru_cell"]
    assert [len(node.sources) for node in found] == [1, 1, 2, 2]
    assert len({node.weights for node in found[1:]}) == 1


def test_sequences_of_several_lengths():
    class Packed(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(4, 8, batch_first=True)

        def forward(self, x, lengths):
            packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True)
            return nn.utils.rnn.pad_packed_sequence(self.lstm(packed)[0], batch_first=True)[0]

    class Fixed(Packed):
        def forward(self, x):
            return super().forward(x, torch.tensor([5, 4]))

    found = nodes(Fixed(), (2, 5, 4))
    assert [node.operation for node in found][-3:] == [
        "_pack_padded_sequence",
        "lstm",
        "_pad_packed_sequence",
    ]
    assert found[-1].shape == (5, 8)
    with pytest.raises(TraceError, match="depends on values"):
        ar.trace(Packed(), (2, 5, 4), torch.tensor([5, 4]))


NETWORKS = {
    "convolutions": (
        nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=2, groups=1),
            nn.Conv2d(8, 8, 3, groups=8),
            nn.ConvTranspose2d(8, 4, 3, 2),
        ),
        (2, 3, 17, 17),
    ),
    "one dimension": (
        nn.Sequential(nn.Conv1d(4, 6, 5, padding=2), nn.Flatten(), nn.Linear(54, 3)),
        (2, 4, 9),
    ),
    "attention": (nn.MultiheadAttention(8, 2, batch_first=True), *[(2, 5, 8)] * 3),
    "encoder": (nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2), (2, 5, 8)),
    "decoder": (nn.TransformerDecoderLayer(8, 2, 16, batch_first=True), (2, 5, 8), (2, 7, 8)),
    "lstm": (nn.LSTM(4, 8, 2, bidirectional=True, batch_first=True), (2, 5, 4)),
    "projected": (nn.LSTM(4, 8, proj_size=3), (5, 2, 4)),
    "gru": (nn.GRU(4, 8), (5, 2, 4)),
    "cell": (nn.LSTMCell(4, 8), (2, 4)),
    "bilinear attention": (
        Calls(lambda q, k, v: F.scaled_dot_product_attention(q, k, v)),
        (2, 3, 5, 8),
        (2, 3, 7, 8),
        (2, 3, 7, 4),
    ),
    "products": (Calls(lambda x, y: torch.bmm(x, y) @ y.mT), (2, 3, 4), (2, 4, 5)),
    "einsum": (Calls(lambda x, y: torch.einsum("b...d,bed->b...e", x, y)), (2, 3, 3, 4), (2, 5, 4)),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_multiply_adds_are_those_that_pytorch_counts(name):
    module, *shapes = NETWORKS[name]
    traced = nodes(module, *shapes)
    tensors = [torch.zeros(shape, device="meta") for shape in shapes]
    on_meta = copy.deepcopy(module).to("meta").eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        on_meta(*tensors)
    batch = shapes[0][0]
    assert sum(node.multiply_adds for node in traced) == counter.get_total_flops() // 2 // batch > 0
    assert sum(node.parameters for node in traced) == sum(p.numel() for p in module.parameters())


def test_weights_that_are_computed_are_sources():
    layer = nn.utils.parametrizations.weight_norm(nn.Linear(4, 4))
    linear = nodes(layer, (2, 4))[-1]
    assert (linear.operation, len(linear.sources), linear.weights) == ("linear", 2, ())
    assert dict(linear.attributes)["weight"] == 2
    blur = Calls(lambda x: F.conv2d(x, torch.ones(3, 1, 3, 3), groups=3))
    assert (
        ar.trace(blur, (2, 3, 8, 8)).key
        != ar.trace(nn.Conv2d(3, 3, 3, groups=3, bias=False), (2, 3, 8, 8)).key
    )


def test_a_trained_filter_differs_from_a_fixed_one():
    class Filter(nn.Module):
        def __init__(self, trained):
            super().__init__()
            weight = torch.ones(3, 1, 3, 3)
            if trained:
                self.weight = nn.Parameter(weight)
            else:
                self.register_buffer("weight", weight)

        def forward(self, x):
            return F.conv2d(x, self.weight, groups=3)

    assert key(Filter(True), (2, 3, 8, 8)) != key(Filter(False), (2, 3, 8, 8))
    assert [nodes(Filter(t), (2, 3, 8, 8))[0].parameters for t in (True, False)] == [27, 0]


@dataclass
class Result:
    logits: torch.Tensor
    hidden: torch.Tensor | None = None


def test_nested_inputs_and_outputs():
    def dictionary(batch, scale=1.0):
        return {"sum": batch["a"] + batch["b"][0], "scaled": batch["a"] * scale}

    a, b = torch.zeros(2, 3), torch.zeros(2, 3)
    cell = ar.trace(Calls(dictionary), {"a": a, "b": [b]}, scale=2.0).cells[0]
    assert (cell.inputs, len(cell.outputs)) == (2, 2)
    assert ar.trace(Calls(lambda x: Result(x + 1)), (2, 3)).cells[0].outputs == (1,)
    assert ar.trace(Calls(lambda *, x, y: OrderedDict(out=x - y)), x=a, y=b).cells[0].inputs == 2
    same = ar.trace(Calls(lambda x, y: x + y), a, a).cells[0]
    assert (same.inputs, same.sites[0].sources) == (1, (0, 0))


class Messy(nn.Module):
    """A forward that changes whatever it can."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.register_buffer("steps", torch.zeros(()))
        self.seen, self.last, self.count = [], None, 0
        self.noise = nn.Dropout(0.5)

    def forward(self, x):
        self.steps += 1
        self.count += 1
        self.last = x
        self.seen.append(x)
        self.late = x
        with torch.no_grad():
            self.linear.weight.mul_(0.5)
            self.linear.bias.data.fill_(3.0)
        random.random(), np.random.rand(), torch.rand(2)  # noqa: NPY002
        self.train(not self.training)
        return self.noise(self.linear(x)) + torch.randn(4)


def test_the_module_and_the_random_state_stay_as_they_were():
    torch.manual_seed(0)
    module = Messy()
    module.linear.eval()
    called = []
    module.register_forward_hook(lambda *_: called.append(1))
    before = {name: value.clone() for name, value in module.state_dict().items()}
    hooks = list(module._forward_hooks)
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].copy()  # noqa: NPY002
    ar.trace(module, (2, 4))
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert (module.training, module.linear.training, module.noise.training) == (True, False, True)
    assert (module.count, module.last, module.seen, hasattr(module, "late")) == (0, None, [], False)
    assert list(module._forward_hooks) == hooks
    assert not torch.nn.modules.module._global_forward_hooks
    assert not torch.nn.modules.module._global_forward_pre_hooks
    assert torch.equal(torch.get_rng_state(), states[0])
    assert random.getstate() == states[1]
    assert (np.random.get_state()[1] == states[2]).all()  # noqa: NPY002
    assert next(module.parameters()).device.type == "cpu"


class Prepares(nn.Module):
    """In evaluation mode it reads a table that `train` makes, as LeViT does with its biases."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(4))

    def train(self, mode=True):
        super().train(mode)
        if mode:
            vars(self).pop("doubled", None)
        else:
            self.doubled = self.weight.detach() * 2
        return self

    def forward(self, x):
        return x * self.weight * 2 if self.training else x * self.doubled


def test_what_train_prepares_for_the_other_mode_is_there_and_is_gone_afterwards():
    module = nn.Sequential(Prepares())
    assert [node.operation for node in ar.trace(module, (2, 4)).cells[0].sites].count("mul") == 1
    assert module.training
    assert not hasattr(module[0], "doubled")
    module.eval()
    kept = module[0].doubled
    ar.trace(module, (2, 4))
    assert module[0].doubled is kept

    def refuses(self, mode=True):
        raise RuntimeError("this network is frozen")

    module = type("Frozen", (nn.Linear,), {"train": refuses})(4, 4)
    with pytest.raises(
        TraceError, match=r"Frozen\.train\(False\) fails: RuntimeError: this network is frozen"
    ):
        ar.trace(module, (2, 4))


def test_a_module_without_numbers_has_the_same_graph():
    with torch.device("meta"):
        outline = Residual(True)
    assert ar.trace(outline, (2, 4, 8, 8)) == ar.trace(Residual(True), torch.randn(2, 4, 8, 8))


def branches(x):
    y = x.sum()
    if y > 0:
        return x
    return -x


@pytest.mark.parametrize(
    "function",
    [
        branches,
        lambda x: x / x.max().item(),
        lambda x: x[x > 0],
        lambda x: torch.nonzero(x),
        lambda x: torch.from_numpy(x.numpy()),
        lambda x: x.view(int(x.sum()), -1),
    ],
)
def test_what_depends_on_values_names_the_line(function):
    line = function.__code__.co_firstlineno + 2 * (function is branches)
    with pytest.raises(TraceError, match=rf"test_tracing\.py:{line}: .* value"):
        ar.trace(nn.Sequential(nn.Identity(), Calls(function)), (2, 3))


def test_a_value_that_is_asked_for_in_vain_is_not_forgotten():
    def quiet(x):
        try:
            return x if x.sum() > 0 else -x
        except Exception:
            return x

    with pytest.raises(TraceError, match="value of a tensor"):
        ar.trace(Calls(quiet), (2, 3))


def test_values_that_do_not_depend_on_the_input_are_known():
    def sizes(x):
        rates = torch.linspace(0, 1, 3)
        mask = torch.arange(3) < 2
        width = int(torch.tensor([x.shape[1], 2]).prod())
        return x.repeat(1, width)[:, : len(rates.tolist())][:, mask] * float(rates[1])

    found = nodes(Calls(sizes), (2, 3))
    assert [node.shape for node in found if node.operation == "mul"] == [(2,)]
    assert dict(found[-1].attributes) == {"other": 0.5}


def test_an_operator_without_a_way_to_learn_its_shape_runs_on_zeros():
    with torch.library._scoped_library("archrank_tests", "DEF") as library:
        library.define("halved(Tensor x, int by=2) -> Tensor")
        library.define("broken(Tensor x) -> Tensor")
        library.impl("halved", lambda x, by=2: x[:, ::by].clone(), "CPU")

        def broken(x):
            raise ValueError("no such thing")

        library.impl("broken", broken, "CPU")
        found = nodes(Calls(lambda x: torch.ops.archrank_tests.halved(x).relu()), (2, 6))
        assert [(node.operation, node.shape) for node in found] == [
            ("archrank_tests::halved", (3,)),
            ("relu", (3,)),
        ]
        with pytest.raises(
            TraceError, match=r"test_tracing\.py:\d+: the operator archrank_tests::broken .*no such thing"
        ):
            ar.trace(Calls(lambda x: torch.ops.archrank_tests.broken(x)), (2, 6))


def test_a_forward_that_fails_shows_its_own_error_and_where():
    module = nn.Sequential(nn.Linear(4, 4), nn.Linear(5, 4))
    with pytest.raises(
        TraceError,
        match=r"Sequential fails for the example of shape \(2, 4\) in 1 \(Linear\): RuntimeError: ",
    ):
        ar.trace(module, (2, 4))
    with pytest.raises(TraceError, match=r"test_tracing\.py:\d+: Calls fails .*KeyError: 'a'"):
        ar.trace(Calls(lambda x: {}["a"]), (2, 4))
    with pytest.raises(TraceError, match="in which there is no tensor"):
        ar.trace(Calls(lambda x: x.shape), (2, 4))
    with pytest.raises(TraceError, match=r"expected a torch\.nn\.Module"):
        ar.trace(3, (2, 4))
    with pytest.raises(TraceError, match="sizes of at least 1"):
        ar.trace(module, (0, 4))
    with pytest.raises(TraceError, match="without an example"):
        ar.trace(module)
    with pytest.raises(TraceError, match=r"the example \[4, 4\] \(no tensor is in it, and no shape"):
        ar.trace(module, [4, 4])


def test_shapes_stand_for_tensors_also_within_mappings_and_lists():
    add = Calls(lambda x: x["a"][0] + x["a"][1])
    whole = ar.trace(add, {"a": [torch.zeros(2, 4), torch.zeros(2, 4)]})
    assert ar.trace(add, {"a": [(2, 4), (2, 4)]}).key == whole.key
    assert ar.trace(add, x={"a": [(2, 4), (2, 4)]}).key == whole.key
    assert ar.trace(nn.Linear(4, 3), input=(2, 4)).key == ar.trace(nn.Linear(4, 3), (2, 4)).key


def scripted(x: torch.Tensor, y: torch.Tensor):
    return torch.relu(x) * y


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_operators_that_nothing_announced_are_seen():
    def plain(x, y):
        return torch.relu(x) * y

    around = [Calls(lambda x, y, f=f: f(x.sigmoid(), y) + 1) for f in (torch.jit.script(scripted), plain)]
    assert ar.trace(around[0], *PAIR).key == ar.trace(around[1], *PAIR).key


class Doubled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.relu() * 2


def test_functions_with_their_own_gradient_and_checkpoints_are_seen():
    assert kinds(lambda x: Doubled.apply(x + 1), (2, 3)) == ["add", "relu", "mul"]
    checkpoint = torch.utils.checkpoint.checkpoint
    assert kinds(lambda x: checkpoint(torch.sigmoid, x + 1, use_reentrant=False), (2, 3)) == [
        "add",
        "sigmoid",
    ]


def test_a_tensor_that_nothing_announced_is_refused():
    with pytest.raises(
        TraceError, match=r"test_tracing\.py:\d+: a tensor came from a call that PyTorch does not"
    ):
        ar.trace(Calls(lambda x: nn.Parameter(x.relu()) + 1), (2, 3))


def test_plain_tensors_of_a_module_are_constants():
    class Masked(nn.Module):
        def __init__(self):
            super().__init__()
            self.masks = [torch.ones(3)]

        def forward(self, x):
            return x * self.masks[0]

    with torch.device("meta"):
        outline = Masked()
    assert ar.trace(outline, (2, 3)) == ar.trace(Masked(), (2, 3))
    assert [node.operation for node in nodes(outline, (2, 3))] == ["constant", "mul"]


@pytest.mark.filterwarnings("ignore")
def test_compiled_and_scripted_modules():
    plain = nn.Sequential(nn.Linear(4, 4), nn.Dropout(), nn.ReLU())
    key = ar.trace(plain, (2, 4)).key
    assert ar.trace(torch.compile(plain), (2, 4)).key == key
    assert ar.trace(torch.fx.symbolic_trace(plain), (2, 4)).key == key
    scripted = torch.jit.script(plain)
    assert [node.operation for node in nodes(scripted, (2, 4))][-1] == "relu"
    assert scripted.training
    assert sum(node.parameters for node in nodes(scripted, (2, 4))) == 20


def test_lazy_modules_have_to_run_first():
    module = nn.Sequential(nn.LazyLinear(3))
    with pytest.raises(TraceError, match=r"lazy.*call it once"):
        ar.trace(module, (2, 4))
    module(torch.zeros(2, 4))
    assert nodes(module, (2, 4))[0].parameters == 15


def test_an_error_that_the_network_catches_changes_no_paths():
    class Fails(nn.Module):
        def forward(self, x):
            raise ValueError

    class Tries(nn.Module):
        def __init__(self):
            super().__init__()
            self.fails, self.works = Fails(), nn.ReLU()

        def forward(self, x):
            try:
                return self.fails(x)
            except ValueError:
                return self.works(x)

    assert [node.operation for node in nodes(nn.Sequential(Tries(), nn.Sigmoid()), (2, 3))] == [
        "relu",
        "sigmoid",
    ]
    assert nodes(nn.Sequential(Tries(), nn.Sigmoid()), (2, 3))[1].path == ("1",)


def test_two_traces_are_equal():
    module = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2)
    assert ar.trace(module, (2, 5, 8)) == ar.trace(module, (2, 5, 8))
    assert ar.trace(module, (2, 5, 8)) == ar.trace(copy.deepcopy(module).eval(), (2, 5, 8))


def test_an_operator_without_a_fake_implementation_runs_on_zeros():
    @torch.library.custom_op("archrank_tests::sine", mutates_args=())
    def sine(x: torch.Tensor) -> torch.Tensor:
        return x.sin()

    found = nodes(nn.Sequential(Calls(sine), nn.Linear(4, 3)), (1, 4))
    assert [node.operation for node in found] == ["archrank_tests::sine", "linear"]
    assert found[0].shape == (4,)
