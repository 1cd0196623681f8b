"""What makes scoring fast changes no number."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from archrank.networks import NASBench201Skeleton, build
from archrank.networks.counting import multiply_adds
from archrank.proxies import PROXIES, Builder, Probe, builder_for, score, score_all
from archrank.proxies import zen as zen_file
from archrank.proxies.pooling import quicken
from archrank.spaces import NASBench201

SPACE = NASBench201()
SKELETON = NASBench201Skeleton(channels=4, cells=1)
CELL = SPACE.parse("|nor_conv_3x3~0|+|avg_pool_3x3~0|skip_connect~1|+|none~0|avg_pool_3x3~1|nor_conv_1x1~2|")


def cell():
    return build(SPACE.graph(CELL), SKELETON, torch.Generator().manual_seed(0))


@pytest.mark.parametrize("shape", [(2, 5, 100, 90), (16, 64, 9, 8), (1, 70_000, 1, 1), (2, 3, 4, 4)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_quick_average_is_that_of_pytorch_to_the_last_bit(shape, dtype):
    generator = torch.Generator().manual_seed(0)
    layer = nn.AvgPool2d(3, 1, 1, count_include_pad=False)
    x = torch.randn(shape, generator=generator, dtype=dtype).relu_().requires_grad_()
    direction = torch.randn(shape, generator=generator, dtype=dtype)
    results = []
    for _ in range(2):
        result = layer(x)
        (gradient,) = torch.autograd.grad(result, x, direction, create_graph=True)
        results.append((result, gradient))
        quicken(layer)
    for plain, quick in zip(*results, strict=True):
        assert torch.equal(plain, quick)
    assert ("_Average" in type(results[1][0].grad_fn).__name__) == (x.numel() > 2**16)
    turned = x.detach().contiguous(memory_format=torch.channels_last)
    assert torch.equal(layer(turned), F.avg_pool2d(turned, 3, 1, 1, count_include_pad=False))


def test_the_quick_average_can_be_differentiated_twice():
    layer = nn.AvgPool2d(3, 1, 1, count_include_pad=False)
    quicken(layer)
    x = torch.randn(1, 2, 200, 200, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad((layer(x) ** 2).sum(), x, create_graph=True)
    (twice,) = torch.autograd.grad((gradient * x.detach()).sum(), x)
    assert torch.allclose(twice, gradient)  # of a quadratic form


@pytest.mark.parametrize(
    "layer",
    [
        nn.AvgPool2d(3, 1, 1),
        nn.AvgPool2d(3, 2, 1, count_include_pad=False),
        nn.AvgPool2d(3, count_include_pad=False),
        nn.AvgPool2d(3, 1, 1, count_include_pad=False, divisor_override=2),
        nn.AvgPool2d(3, 1, 1, ceil_mode=True, count_include_pad=False),
        nn.AvgPool2d((3, 1), 1, (1, 0), count_include_pad=False),
        nn.MaxPool2d(3, 1, 1),
    ],
)
def test_other_poolings_are_left_alone(layer):
    quicken(layer)
    assert "forward" not in vars(layer)


@pytest.mark.parametrize("fresh", [True, False])
def test_scores_of_a_network_that_is_not_copied(fresh):
    made = []

    def make(architecture, seed):
        made.append(cell())
        return made[-1]

    builder = Builder(make, (4, 3, 8, 8), "small", fresh)
    found = score_all(SPACE, [CELL], proxies=[*PROXIES], builder=builder)
    assert {name: values[0] for name, values in found.items()} == score(
        cell(), (4, 3, 8, 8), proxies=[*PROXIES]
    )
    untouched = all(torch.equal(a, b) for a, b in zip(made[0].buffers(), cell().buffers(), strict=True))
    assert untouched is not fresh
    assert builder_for(SPACE).fresh


@pytest.mark.parametrize("network", [cell(), nn.Sequential(nn.Flatten(), nn.Linear(192, 5), nn.Linear(5, 2))])
def test_multiply_adds_are_those_that_pytorch_counts(network):
    network.eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, 3, 8, 8))
    expected = counter.get_total_flops() // 2
    assert multiply_adds(network, (3, 8, 8)) == expected
    assert score(network, (4, 3, 8, 8), proxies=["multiply-adds"]) == {"multiply-adds": expected}


def test_weights_of_several_layers_are_followed_together():
    class Tied(nn.Module):
        def __init__(self, tied):
            super().__init__()
            torch.manual_seed(0)
            self.first, self.second = nn.Conv2d(3, 3, 3), nn.Conv2d(3, 3, 3)
            self.second.weight = self.first.weight if tied else nn.Parameter(self.first.weight.clone())

        def forward(self, x):
            return self.second(self.first(x).relu()).mean((2, 3))

    tied, apart = (score(Tied(which), (4, 3, 9, 9), proxies=["synflow", "zen"]) for which in (True, False))
    # The gradient of a shared weight is that of both layers.
    assert tied["synflow"] == pytest.approx(apart["synflow"])
    assert tied["zen"] != apart["zen"]  # one draw, and two
    assert not Probe(Tied(False), (4, 3, 9, 9))._tied


class Viewed(nn.Module):
    """Takes views that only exist where channels come first."""

    def __init__(self, view):
        super().__init__()
        torch.manual_seed(1)
        self.conv, self.norm, self.head = nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Linear(256, 5)
        self.view = view

    def forward(self, x):
        x = self.norm(self.conv(x))
        return self.head(x.view(len(x), -1) if self.view else x.flatten(1))


def test_zen_of_a_network_that_takes_views():
    viewed, plain = (score(Viewed(view), (4, 3, 8, 8), proxies=[*PROXIES]) for view in (True, False))
    assert viewed == pytest.approx(plain, rel=1e-6)
    assert math.isfinite(viewed["zen"])


def test_zen_does_not_depend_on_the_layout_of_images():
    for network in (cell(), Viewed(False)):
        probe = Probe(network, (16, 3, 8, 8))
        changes = [
            zen_file._first_change(probe, layout) for layout in (torch.channels_last, torch.contiguous_format)
        ]
        one, other = (math.log(change) + scale for change, scale in changes)
        assert one == pytest.approx(other, rel=1e-6)
