import copy

import pytest
import torch
from torch import nn

from archrank import Cell, Graph, Site
from archrank.networks import (
    OPERATIONS,
    NASBench201Skeleton,
    StackedCells,
    build,
    multiply_adds,
    outline,
    parameters,
)
from archrank.networks.cell import GraphCell, summed
from archrank.networks.layers import FactorizedReduce, batch_norm, conv, draw_weights
from archrank.spaces import NASBench201


class Times(nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return self.factor * x


def test_a_cell_walks_the_graph_whatever_the_order_of_its_sites():
    cell = Cell(1, 4, (Site("c", (1, 1, 0), 3), Site("a", (0,), 1), Site("b", (0,), 3)), (1, 3))
    layers = [Times(factor) for factor in (100.0, 2.0, 7.0)]
    walked = GraphCell(cell, [summed(site, layer) for site, layer in zip(cell.sites, layers, strict=True)])
    x = torch.ones(2, 1, 3, 3)
    # Junction 1 is 2; junction 3 is 100 · (2 + 2 + 1) + 7; both leave, side by side.
    assert torch.equal(walked(x), torch.cat([2 * x, 507 * x], dim=1))


def test_an_output_that_nothing_writes_to_is_zero_and_of_the_right_size():
    cell = Cell(1, 3, (Site("a", (0,), 1),), (1, 2))
    out = GraphCell(cell, [nn.AvgPool2d(3, 2, 1)], stride=2)(torch.ones(2, 4, 7, 7))
    assert out.shape == (2, 8, 4, 4)
    assert not out[:, 4:].any()


def test_drop_path_keeps_the_mean_and_spares_identities():
    cell = Cell(1, 2, (Site("a", (0,), 1),), (1,))
    x = torch.ones(20_000, 1, 1, 1)
    dropping, spared = GraphCell(cell, [Times(1.0)]), GraphCell(cell, [nn.Identity()])
    for each in (dropping, spared):
        each.drop_path = 0.2
    with torch.random.fork_rng():
        torch.manual_seed(0)
        out = dropping(x)
    assert set(out.unique().tolist()) == {0.0, 1.25}
    assert out.mean().item() == pytest.approx(1.0, abs=0.02)
    assert torch.equal(spared(x), x)
    assert torch.equal(dropping.eval()(x), x)


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [8, 7])
def test_every_operation_keeps_channels_and_takes_strides(name, stride, size):
    layer = OPERATIONS[name](6, stride)
    draw_weights(layer, torch.Generator().manual_seed(0))
    assert layer(torch.ones(2, 6, size, size)).shape == (2, 6, -(-size // stride), -(-size // stride))


def test_factorized_reduce_reads_every_pixel():
    layer = FactorizedReduce(1, 2)
    draw_weights(layer, torch.Generator().manual_seed(0))
    x = torch.rand(1, 1, 6, 6, requires_grad=True)
    even, odd = layer.even(x), layer.odd(x[:, :, 1:, 1:])
    (even.sum() + odd.sum()).backward()
    assert (x.grad != 0).sum() == 18  # a quarter by each: pixels (0, 0) and (1, 1) of every 2×2
    assert layer(x).shape == (1, 2, 3, 3)


def test_multiply_adds_by_hand():
    space = NASBench201()
    cell = space.parse("|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|nor_conv_1x1~2|")
    network = outline(space.graph(cell), NASBench201Skeleton(channels=16, cells=1))
    stem = 32 * 32 * 27 * 16
    cells = sum(size**2 * c**2 * 10 for size, c in ((32, 16), (16, 32), (8, 64)))
    halvings = sum(
        size**2 * (9 * c * 2 * c + 9 * (2 * c) ** 2 + c * 2 * c) for size, c in ((16, 16), (8, 32))
    )
    assert multiply_adds(network, (3, 32, 32)) == stem + cells + halvings + 64 * 10


def test_counting_leaves_the_network_as_it_was():
    cell = Cell(2, 3, (Site("sep_conv_3x3", (0,), 2), Site("skip_connect", (1,), 2)), (2,))
    skeleton = StackedCells(4, 3, auxiliary=True)
    network = build(Graph((cell,)), skeleton, torch.Generator().manual_seed(0))
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    counted = multiply_adds(network, (3, 16, 16))
    assert network.training
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())
    assert counted == multiply_adds(outline(Graph((cell,)), skeleton), (3, 16, 16))
    assert parameters(network, auxiliary=True) == sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize("make", [lambda: conv(4, 4, 3), lambda: batch_norm(4)], ids=["conv", "norm"])
def test_layers_of_one_kind_share_nothing_but_settings(make):
    one, other = make(), make()
    called = []
    one.register_forward_hook(lambda *_: called.append(1))
    other(torch.zeros(2, 4, 5, 5))
    assert not called
    assert not {p.data_ptr() for p in one.parameters()} & {p.data_ptr() for p in other.parameters()}
    one.eval().requires_grad_(False)
    assert other.training
    assert make().training
    assert all(p.requires_grad for p in make().parameters())
    assert copy.deepcopy(other).state_dict().keys() == other.state_dict().keys()


def test_normalisations_start_as_pytorch_s_do():
    ours, theirs = batch_norm(4), nn.BatchNorm2d(4)
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    assert all(torch.equal(ours.state_dict()[name], value) for name, value in theirs.state_dict().items())
    x = torch.randn(8, 4, 3, 3, generator=torch.Generator().manual_seed(0))
    assert torch.equal(ours(x), theirs(x))
    assert torch.equal(ours.running_var, theirs.running_var)
