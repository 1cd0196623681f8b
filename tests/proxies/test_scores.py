"""Each zero-cost score against its formula, and what scoring leaves as it was."""

import math
import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from archrank.errors import ProxyError, UnknownName
from archrank.networks import NASBench201Skeleton, build
from archrank.proxies import PROXIES, WORST, Probe, score
from archrank.spaces import NASBench201

SHAPE = (4, 3, 8, 8)
SPACE = NASBench201()
DEAD = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"
CELL = "|nor_conv_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|skip_connect~0|none~1|avg_pool_3x3~2|"


def net(*, norm=True):
    torch.manual_seed(1)
    middle = [nn.BatchNorm2d(6)] if norm else []
    return nn.Sequential(nn.Conv2d(3, 6, 3), *middle, nn.ReLU(), nn.Flatten(), nn.Linear(6 * 36, 5))


def cell(text, channels=4):
    generator = torch.Generator().manual_seed(0)
    return build(SPACE.graph(SPACE.parse(text)), NASBench201Skeleton(channels=channels, cells=1), generator)


def images(seed=0):
    return torch.randn(SHAPE, generator=torch.Generator().manual_seed(seed))


def test_counts():
    found = score(net(), SHAPE, proxies=["parameters", "multiply-adds", "layers"])
    assert found == {
        "parameters": 3 * 6 * 9 + 6 + 12 + 6 * 36 * 5 + 5,
        "multiply-adds": 3 * 6 * 9 * 36 + 6 * 36 * 5,
        "layers": 2,
    }


def test_naswot_is_the_log_determinant_of_agreements():
    network, batch = net(), images()
    on = (network[1](network[0](batch)) > 0).flatten(1).numpy()
    kernel = (on[:, None] == on[None]).sum(-1)
    expected = np.linalg.slogdet(kernel.astype(float))[1]
    assert score(network, batch, proxies=["naswot"])["naswot"] == pytest.approx(expected)


def test_swap_counts_distinct_patterns():
    network, batch = net(), images()
    on = (network[1](network[0](batch)) > 0).flatten(1).numpy()
    assert score(network, batch, proxies=["swap"])["swap"] == len({tuple(unit) for unit in on.T})


@pytest.mark.parametrize("count", [3, 60, 130])
def test_patterns_of_many_images_are_told_apart(count):
    batch = torch.randn(count, 7, generator=torch.Generator().manual_seed(0))
    network = nn.Sequential(nn.Linear(7, 300), nn.ReLU(), nn.Linear(300, 2))
    with torch.no_grad():  # every unit twice, so that equal patterns exist for any number of images
        network[0].weight[150:] = network[0].weight[:150]
        network[0].bias[150:] = network[0].bias[:150]
        on = (network[0](batch) > 0).numpy()
    distinct = len({tuple(unit) for unit in on.T})
    assert distinct <= 150
    assert score(network, batch, proxies=["swap"])["swap"] == distinct


def test_jacov_is_that_of_the_correlations_of_input_gradients():
    network, batch = net(), images().requires_grad_(True)
    network(batch).sum().backward()
    values = np.linalg.eigvalsh(np.corrcoef(batch.grad.flatten(1).double().numpy())).clip(0) + 1e-5
    expected = -(np.log(values) + 1 / values).sum()
    assert score(net(), batch, proxies=["jacov"])["jacov"] == pytest.approx(expected, rel=1e-3)


def test_synflow_of_a_chain_counts_the_paths():
    # Without normalization, the score is the sum over layers of the strength of all paths.
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(4, 3, bias=False), nn.ReLU(), nn.Linear(3, 2, bias=False))
    strength = (network[2].weight.abs() @ network[0].weight.abs()).sum().item()
    found = score(network, (2, 4), proxies=["synflow"])["synflow"]
    assert found == pytest.approx(math.log(2 * strength))


def test_synflow_does_not_see_normalizations():
    torch.manual_seed(0)
    first, last = nn.Linear(4, 3, bias=False), nn.Linear(3, 2, bias=False)
    plain = score(nn.Sequential(first, last), (2, 4), proxies=["synflow"])
    normed = score(nn.Sequential(first, nn.LayerNorm(3, eps=0.5), last), (2, 4), proxies=["synflow"])
    assert plain == normed


def test_snip_and_grad_norm_are_of_the_cross_entropy():
    network, batch, labels = net(), images(), [0, 1, 4, 2]
    F.cross_entropy(network(batch), torch.tensor(labels)).backward()
    weights = [network[0].weight, network[4].weight]
    snip = sum((w * w.grad).abs().sum().item() for w in weights)
    norm = sum(w.grad.norm().item() for w in weights)
    found = score(net(), batch, labels, proxies=["snip", "grad-norm"])
    assert found == {"snip": pytest.approx(snip, rel=1e-4), "grad-norm": pytest.approx(norm, rel=1e-4)}


def test_zen_adds_the_scale_that_normalization_removes():
    network = nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU())
    generator = torch.Generator().manual_seed(0)
    weight = torch.empty(4, 3, 3, 3).normal_(generator=generator)
    first = torch.randn(SHAPE, generator=generator)
    before = [F.conv2d(x, weight) for x in (first, first + 0.01 * torch.randn(SHAPE, generator=generator))]
    after = [
        F.relu((x - x.mean((0, 2, 3), True)) / (x.var((0, 2, 3), keepdim=True, correction=0) + 1e-5).sqrt())
        for x in before
    ]
    change = (after[0] - after[1]).abs().flatten(1).sum(1).mean()
    running = torch.ones(4)
    for x in before:
        running = 0.9 * running + 0.1 * x.var((0, 2, 3))
    expected = change.log() + running.mean().sqrt().log()
    assert score(network, SHAPE, proxies=["zen"])["zen"] == pytest.approx(expected.item(), rel=1e-3)


@pytest.mark.parametrize("activation", [F.relu, F.gelu, F.silu, F.leaky_relu, F.hardswish, F.elu, F.relu6])
def test_activations_need_not_be_modules(activation):
    class Functional(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 6, 3)
            self.head = nn.Linear(6, 2)

        def forward(self, x):
            return self.head(activation(self.conv(x)).mean((2, 3)))

    torch.manual_seed(1)
    network, batch = Functional(), images()
    on = (network.conv(batch) > 0).flatten(1).numpy()
    kernel = (on[:, None] == on[None]).sum(-1).astype(float)
    found = score(network, batch, proxies=["naswot"])["naswot"]
    assert found == pytest.approx(np.linalg.slogdet(kernel)[1])


def test_a_network_without_a_path_has_the_worst_of_every_score():
    assert score(cell(DEAD), SHAPE, proxies=[*PROXIES]) == dict.fromkeys(PROXIES, WORST)
    assert all(map(math.isfinite, score(cell(CELL), SHAPE, proxies=[*PROXIES]).values()))


def test_zero_weights_of_the_head_are_no_missing_path():
    network = net()
    nn.init.zeros_(network[-1].weight)
    assert score(network, SHAPE, proxies=["parameters", "naswot"])["parameters"] > 0
    assert score(network, SHAPE, proxies=["jacov"])["jacov"] == WORST


def test_a_network_without_parameters_is_never_the_best():
    network = nn.Sequential(nn.AvgPool2d(2), nn.Flatten())
    for name, value in score(network, SHAPE, proxies=[*PROXIES]).items():
        assert value <= 0 or name == "zen", name  # Zen has no weights to draw


def test_what_is_not_finite_is_the_worst():
    odd = {"nan": lambda probe: math.nan, "inf": lambda probe: math.inf, "one": lambda probe: 1}
    assert score(net(), SHAPE, proxies=odd) == {"nan": WORST, "inf": WORST, "one": 1.0}


class Restless(nn.Module):
    """Draws from every global generator, keeps what it saw, and has buffers and hooks."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.drop = nn.Dropout(0.5)
        self.head = nn.Linear(4, 2)
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        self.calls += 1
        x = x + torch.randn(()) + np.random.rand() + random.random()  # noqa: NPY002
        return self.head(self.drop(F.relu(self.norm(self.conv(x)))).mean((2, 3)))


def test_scoring_changes_nothing_of_the_caller():
    network = Restless().eval()
    network.head.train()
    network.conv.weight.grad = torch.ones_like(network.conv.weight)
    network.register_forward_hook(lambda *given: None)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    modes = [module.training for module in network.modules()]
    hooks = [dict(module._forward_hooks) for module in network.modules()]
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()  # noqa: NPY002
    with torch.no_grad():
        first = score(network, SHAPE, proxies=[*PROXIES])
    assert torch.equal(torch.get_rng_state(), states[0])
    assert random.getstate() == states[1]
    assert str(np.random.get_state()) == str(states[2])  # noqa: NPY002
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert [module.training for module in network.modules()] == modes
    assert [dict(module._forward_hooks) for module in network.modules()] == hooks
    assert torch.equal(network.conv.weight.grad, torch.ones_like(network.conv.weight))
    assert network.head.weight.grad is None
    torch.rand(3)
    assert score(network, SHAPE, proxies=[*PROXIES]) == first  # the seed fixes everything
    assert score(network, SHAPE, proxies=[*PROXIES], seed=1) != first


def test_one_score_does_not_depend_on_which_others_are_asked():
    network = cell(CELL)
    together = score(network, SHAPE, proxies=[*PROXIES])
    for name in reversed([*PROXIES]):
        assert score(network, SHAPE, proxies=[name])[name] == pytest.approx(together[name], rel=1e-6)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"module": "net"}, "expected a torch.nn.Module"),
        ({"batch": (1, 3, 8, 8)}, "two inputs or more"),
        ({"batch": torch.zeros(4, 3, 8, 8, dtype=torch.int64)}, "floating-point"),
        ({"batch": torch.full(SHAPE, math.nan)}, "not finite"),
        ({"batch": (4, 1, 8, 8)}, r"cannot be called with inputs of the shape \(1, 1, 8, 8\)"),
        ({"labels": [0, 1]}, r"expected \(4,\)"),
        ({"labels": [0, 1, 2, 9], "proxies": ["snip"]}, "the network has 5 classes"),
        ({"labels": [0, 1, 2, -1]}, "counted from 0"),
        ({"labels": "cats"}, "the class of each input"),
        ({"proxies": "naswot"}, "expected a list of names"),
        ({"proxies": []}, "no zero-cost scores"),
        ({"proxies": {"mine": 3}}, "expected a function"),
        ({"proxies": {"mine": lambda probe: "high"}}, "expected a number"),
        ({"proxies": {"mine": lambda probe: 1 / 0}}, "'mine' cannot be computed: ZeroDivisionError"),
        ({"seed": -1}, "seed"),
        ({"module": nn.Linear(4, 2, device="meta")}, "no weights"),
    ],
)
def test_mistakes_are_named(given, message):
    with pytest.raises(ProxyError, match=message):
        score(**{"module": net(), "batch": SHAPE, **given})


def test_an_unknown_score_names_the_closest():
    with pytest.raises(UnknownName, match="did you mean 'naswot'"):
        score(net(), SHAPE, proxies=["nwot"])


def test_outputs_of_several_tensors():
    class Several(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = net()

        def forward(self, x):
            return {"logits": self.net(x), "aux": x.sum()}

    assert score(Several(), SHAPE, proxies=["naswot"]) == score(net(), SHAPE, proxies=["naswot"])


def test_a_probe_copies():
    network = net()
    probe = Probe(network, SHAPE)
    assert probe.network is not network
    assert probe.copied() is not probe.network
