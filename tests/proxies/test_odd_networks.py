"""Networks and batches that are unusual: a sensible value, or an error that says what is wrong; nothing is changed."""

import math
import random
import warnings

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from archrank.errors import ArchrankError, PredictorError, ProxyError
from archrank.networks import NASBench201Skeleton
from archrank.proxies import PROXIES, WORST, Builder, builder_for, score, score_all
from archrank.spaces import NASBench201

SHAPE = (4, 3, 8, 8)
SPACE = NASBench201()
SMALL = {"builder": builder_for(SPACE, NASBench201Skeleton(channels=2, cells=1)), "batch": SHAPE}
CELL = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|nor_conv_1x1~2|"


class Net(nn.Module):
    """A convolution and a head, and what happens between and around them."""

    def __init__(self, before=None, between=None, after=None):
        super().__init__()
        torch.manual_seed(1)
        self.conv, self.more, self.head = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(6, 6, 1), nn.Linear(6, 5)
        self.before, self.between, self.after = before, between, after

    def forward(self, x):
        x = x if self.before is None else self.before(x)
        x = self.conv(x)
        x = self.between(self, x) if self.between else F.relu(x)
        x = self.head(x.mean((2, 3)))
        return self.after(x) if self.after else x


def twice(net, x):
    return F.relu(net.more(F.relu(net.more(x))))


def overwriting(net, x):
    x = net.more(x)
    x += 0.01
    return x.relu_()


def in_eval(net, x):
    net.eval()
    torch.manual_seed(77)
    random.seed(3)
    np.random.seed(3)  # noqa: NPY002
    return F.relu(x)


def with_norm(*layers):
    torch.manual_seed(1)
    return nn.Sequential(nn.Conv2d(3, 4, 3), *layers, nn.ReLU(), nn.Flatten(), nn.LazyLinear(5))


def scripted():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return torch.jit.script(nn.Sequential(nn.Flatten(), nn.Linear(192, 2)))


def called(network):
    network(torch.zeros(SHAPE))
    return network


SENSIBLE = {
    "plain": Net,
    "overwrites the images": lambda: Net(before=lambda x: x.mul_(2)),
    "overwrites in between": lambda: Net(between=overwriting),
    "the same layer twice": lambda: Net(between=twice),
    "changes modes and seeds": lambda: Net(between=in_eval),
    "returns a tuple": lambda: Net(after=lambda x: (None, x, "note")),
    "complex in between": lambda: Net(after=lambda x: torch.fft.fft(x).abs()),
    "16 bits": lambda: Net().half(),
    "bfloat16": lambda: Net().bfloat16(),
    "64 bits": lambda: Net().double(),
    "spectral normalization": lambda: called(
        nn.Sequential(
            nn.utils.parametrizations.spectral_norm(nn.Conv2d(3, 4, 3)), nn.ReLU(), nn.Flatten(), nn.LazyLinear(5)
        )
    ),
    "instance normalization": lambda: called(with_norm(nn.InstanceNorm2d(4))),
    "no running statistics": lambda: called(with_norm(nn.BatchNorm2d(4, track_running_stats=False))),
    "a normalization of vectors": lambda: called(
        with_norm(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.BatchNorm1d(4))
    ),
}  # fmt: skip


def state(network):
    tensors = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    held = {n: (t.detach().clone(), t.dtype, t._version, t.grad) for n, t in tensors.items()}
    layers = [(layer.training, sorted(vars(layer))) for layer in network.modules()]
    return held, layers


@pytest.mark.parametrize("name", SENSIBLE)
def test_odd_networks_have_scores_and_stay_as_they_are(name):
    network = SENSIBLE[name]().eval()
    weight = next(iter(network.parameters()))
    weight.grad = torch.ones_like(weight)
    before, batch = state(network), torch.randn(SHAPE, generator=torch.Generator().manual_seed(0))
    given = batch.clone()
    generators = torch.get_rng_state(), random.getstate(), str(np.random.get_state())  # noqa: NPY002
    found = score(network, batch, proxies=[*PROXIES])
    assert torch.equal(torch.get_rng_state(), generators[0])
    assert (random.getstate(), str(np.random.get_state())) == generators[1:]  # noqa: NPY002
    after = state(network)
    assert after[1] == before[1]
    for tensor, (value, dtype, version, gradient) in before[0].items():
        now = after[0][tensor]
        assert torch.equal(now[0], value)
        assert (now[1], now[2]) == (dtype, version)
        assert now[3] is gradient
    assert torch.equal(batch, given)
    assert all(math.isfinite(found[each]) for each in ("parameters", "naswot", "snip", "zen", "intrain"))


def test_overwriting_is_the_same_as_not():
    plain = score(Net(before=lambda x: x * 2), SHAPE, proxies=[*PROXIES])
    assert score(Net(before=lambda x: x.mul_(2)), SHAPE, proxies=[*PROXIES]) == plain


def test_complex_weights_count_by_their_magnitude():
    class Complex(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(1)
            self.conv, self.head = nn.Conv2d(3, 4, 3), nn.Linear(4, 2)
            self.turn = nn.Parameter(torch.full((4, 1), 1j, dtype=torch.complex64))

        def forward(self, x):
            return self.head((self.conv(x).mean((2, 3)) * self.turn[:, 0]).abs())

    assert math.isfinite(score(Complex(), SHAPE, proxies=["synflow"])["synflow"])


def test_a_parameter_without_values_does_not_count():
    network = Net()
    network.nothing = nn.Parameter(torch.zeros(0, 3))
    assert score(network, SHAPE, proxies=["synflow", "snip"]) == score(
        Net(), SHAPE, proxies=["synflow", "snip"]
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Net(after=lambda x: x.to(torch.complex64)), "no tensor of floating-point numbers"),
        (lambda: Net(after=lambda x: ()), "no tensor of floating-point numbers"),
        (lambda: Net(after=lambda x: x.argmax(1)), "no tensor of floating-point numbers"),
        (lambda: Net(after=lambda x: x.sum()), "a single number"),
        (lambda: Net(after=lambda x: x.sum(0)), r"of the shape \(5,\) for 4 inputs"),
        (lambda: Net(after=lambda x: {}["gone"]), "cannot be called with inputs.*KeyError"),
        (lambda: Net(between=lambda net, x: net.missing(x)), "cannot be called with inputs.*missing"),
        (lambda: Net(between=lambda net, x: x.relu_().clamp_(max=5)), "no gradient can be computed"),
        (with_norm, "call it once"),
        (scripted, "TorchScript"),
        (lambda: nn.Embedding(5, 3), "cannot be called with inputs"),
    ],
)
def test_networks_that_cannot_be_scored(make, message):
    with pytest.raises(ProxyError, match=message):
        score(make(), SHAPE, proxies=[*PROXIES])


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        (torch.zeros(SHAPE, device="meta"), "the device meta"),
        (torch.zeros(SHAPE).to_sparse(), "expected numbers in memory"),
        (torch.zeros(SHAPE, dtype=torch.complex64), "floating-point"),
        (np.zeros(SHAPE), "expected a tensor .* or its shape"),
        ((4, True, 8, 8), "expected a tensor .* or its shape"),
        ((2**40, 3, 2**20, 2**20), "cannot be drawn"),
        ((4, 3, 2**70, 8), "cannot be drawn"),
        ((4, 2, 8, 8), "cannot be called with inputs"),
    ],
)
def test_batches_that_cannot_be_used(batch, message):
    with pytest.raises(ProxyError, match=message):
        score(Net(), batch)


def test_batches_of_other_types():
    images = torch.randn(SHAPE, generator=torch.Generator().manual_seed(0)).half()
    found = score(Net(), images.float())
    assert score(Net(), images) == score(Net(), images.double()) == found
    assert score(Net(), tuple(np.array(SHAPE))) == score(Net(), SHAPE)
    # Equal images are not told apart.
    assert score(Net(), torch.ones(SHAPE))["naswot"] == WORST


def test_architectures_as_texts_and_none_at_all():
    as_text = score_all(SPACE, [CELL], proxies=["layers"], **SMALL)
    assert (
        as_text["layers"].tolist()
        == score_all(SPACE, [SPACE.parse(CELL)], proxies=["layers"], **SMALL)["layers"].tolist()
    )
    assert score_all(SPACE, [], **SMALL)["naswot"].shape == (0,)
    with pytest.raises(ArchrankError, match="'rubbish'"):
        score_all(SPACE, ["rubbish"], **SMALL)
    with pytest.raises(PredictorError, match="of the type int"):
        score_all(SPACE, 3, **SMALL)


@pytest.mark.parametrize(
    ("build", "settings", "message"),
    [
        (lambda a, seed: 1 / 0, "x", r"nor_conv_1x1~2\|: the network cannot be built: ZeroDivisionError"),
        (lambda a, seed: None, "x", r"nor_conv_1x1~2\|: the network is None"),
        (lambda a, seed: Net(), object(), "expected JSON values"),
    ],
)
def test_builders_that_fail(build, settings, message):
    with pytest.raises(ProxyError, match=message):
        score_all(SPACE, [CELL], builder=Builder(build, SHAPE, settings))


def test_a_score_may_be_a_number_of_numpy():
    proxies = {"mine": lambda probe: np.float32(2.5), "count": lambda probe: np.int64(3)}
    assert score(Net(), SHAPE, proxies=proxies) == {"mine": 2.5, "count": 3.0}
