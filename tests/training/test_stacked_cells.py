import numpy as np
import pytest
import torch
from plain_darts import PlainDartsV2

from archrank import Cell, Graph, Site
from archrank.errors import SpaceError, UnknownName
from archrank.networks import OPERATIONS, StackedCells, build, outline, parameters
from archrank.spaces import Darts, Enas, NASBench201
from genotypes import DARTS_V2, P_DARTS, PC_DARTS

SMALL = StackedCells(channels=4, cells=4)


def graph(text, space=None):
    space = space or Darts()
    return space.graph(space.parse(text))


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_published_counts_of_darts():
    # README of the authors' code: 3.349 M on CIFAR-10 (its log says 3.349342), 4.719 M on ImageNet.
    assert parameters(outline(graph(DARTS_V2), StackedCells())) == 3_349_342
    assert parameters(outline(graph(DARTS_V2), StackedCells.imagenet())) == 4_718_752


@pytest.mark.parametrize(
    ("text", "cifar", "imagenet"), [(P_DARTS, 3.4, 4.9), (PC_DARTS, 3.6, 5.3)], ids=["P-DARTS", "PC-DARTS"]
)
def test_published_counts_to_their_precision(text, cifar, imagenet):
    # The tables of the two papers, in millions: networks of 20 and of 14 cells.
    assert round(parameters(outline(graph(text), StackedCells())) / 1e6, 1) == cifar
    assert round(parameters(outline(graph(text), StackedCells.imagenet())) / 1e6, 1) == imagenet


def test_the_auxiliary_head_has_its_own_count():
    network = outline(graph(DARTS_V2), StackedCells(auxiliary=True))
    assert parameters(network) == 3_349_342
    # Two convolutions, two normalisations, a classifier, on what the cell at 2/3 gives: 4 · 144 channels.
    head = 576 * 128 + 2 * 128 + 4 * 128 * 768 + 2 * 768 + 769 * 10
    assert parameters(network, auxiliary=True) == 3_349_342 + head


def test_it_computes_what_a_network_written_by_hand_computes():
    built = build(graph(DARTS_V2), StackedCells(channels=8, cells=6), generator())
    plain = PlainDartsV2(8, 6)
    ours, theirs = list(built.parameters()), list(plain.parameters())
    assert [p.shape for p in ours] == [p.shape for p in theirs]
    with torch.no_grad():
        for one, other in zip(ours, theirs, strict=True):
            other.copy_(one)
    images = torch.randn(3, 3, 32, 32, generator=generator(1))
    torch.testing.assert_close(built(images), plain(images))
    for network in (built, plain):
        network(images).square().mean().backward()
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-3, atol=1e-6)
    torch.testing.assert_close(built.eval()(images), plain.eval()(images))


@pytest.mark.parametrize("space", [Enas(), Enas.original(), Darts()], ids=lambda s: s.name)
def test_any_architecture_trains_forward_and_backward(space):
    skeleton = StackedCells(channels=4, cells=5, auxiliary=True, dropout=0.1, classes=7, image_channels=1)
    for place, architecture in enumerate(space.sample(4, np.random.default_rng(3))):
        network = build(space.graph(architecture), skeleton, generator(place))
        network.set_drop_path(0.2)
        logits, second = network.with_auxiliary(torch.randn(2, 1, 32, 32, generator=generator(place)))
        assert logits.shape == second.shape == (2, 7)
        (logits.sum() + 0.4 * second.sum()).backward()
        assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())


@pytest.mark.parametrize("size", [8, 15, 28, 33])
def test_images_of_other_sizes(size):
    skeleton = StackedCells(channels=4, cells=4, auxiliary=True)
    logits, second = build(graph(DARTS_V2), skeleton, generator()).with_auxiliary(
        torch.zeros(2, 3, size, size)
    )
    assert logits.shape == second.shape == (2, 10)


def test_the_imagenet_stem_leaves_an_eighth_and_two_cells_halve():
    network = build(graph(DARTS_V2), StackedCells(8, 6, "imagenet", auxiliary=True), generator())
    sizes = []
    for layer in network.layers:
        layer.register_forward_hook(lambda _, __, out: sizes.append(tuple(out.shape[1:])))
    logits, second = network.with_auxiliary(torch.zeros(1, 3, 64, 64))
    assert sizes == [(8, 8, 8)] + 2 * [(32, 8, 8)] + 2 * [(64, 4, 4)] + 2 * [(128, 2, 2)]
    assert logits.shape == second.shape == (1, 10)


def test_reductions_stand_at_a_third_and_two_thirds():
    assert StackedCells().reductions == (6, 13)
    assert StackedCells.imagenet().reductions == (4, 9)
    assert StackedCells(cells=1).reductions == (0,)


def test_nothing_random_is_left_in_evaluation():
    network = build(graph(DARTS_V2), StackedCells(channels=4, cells=4, dropout=0.5), generator())
    images = torch.randn(2, 3, 16, 16, generator=generator(1))
    network.set_drop_path(0.5)
    network.eval()
    before = network(images)
    network.set_drop_path(0.0)
    assert torch.equal(network(images), before)
    network.train()
    network.set_drop_path(0.9)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        assert not torch.equal(network(images), network(images))


def test_weights_come_from_the_generator_alone():
    state = torch.get_rng_state()
    first = build(graph(DARTS_V2), StackedCells(4, 4, auxiliary=True), generator(5)).state_dict()
    again = build(graph(DARTS_V2), StackedCells(4, 4, auxiliary=True), generator(5)).state_dict()
    other = build(graph(DARTS_V2), StackedCells(4, 4, auxiliary=True), generator(6)).state_dict()
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["stem.0.weight"], other["stem.0.weight"])


def test_weights_are_spread_as_pytorch_spreads_them():
    weight = build(graph(DARTS_V2), StackedCells(16, 3), generator()).state_dict()["stem.0.weight"]
    assert weight.abs().max() <= 27**-0.5
    assert weight.std() == pytest.approx((27 * 3) ** -0.5, rel=0.1)


def test_operations_of_your_own():
    cell = Cell(2, 3, (Site("mine", (0, 1), 2), Site("skip_connect", (0,), 2)), (2,))
    with pytest.raises(UnknownName, match="unknown operation of a network 'mine'"):
        build(Graph((cell,)), SMALL, generator())

    class Scale(torch.nn.Module):
        def __init__(self, channels, stride):
            super().__init__()
            self.factor = torch.nn.Parameter(torch.ones(channels, 1, 1))
            self.stride = stride

        def forward(self, x):
            return (self.factor * x)[:, :, :: self.stride, :: self.stride]

    network = build(Graph((cell,)), SMALL, generator(), operations={**OPERATIONS, "mine": Scale})
    assert network(torch.zeros(2, 3, 16, 16)).shape == (2, 10)


def test_what_cannot_be_stacked_is_refused():
    space = NASBench201()
    with pytest.raises(SpaceError, match=r"two inputs each.*numbers of inputs: \[1\]"):
        outline(space.graph(space.architecture((0,) * 6)), SMALL)
    mixed = Cell(2, 4, (Site("skip_connect", (0,), 2), Site("skip_connect", (1, 2), 3)), (3,))
    with pytest.raises(SpaceError, match="differ in size"):
        outline(Graph((mixed,)), SMALL)
    with pytest.raises(SpaceError, match="channels=0, expected 1 or more"):
        StackedCells(channels=0)
    with pytest.raises(SpaceError, match="dropout=1"):
        StackedCells(dropout=1.0)
    with pytest.raises(UnknownName, match="did you mean 'imagenet'"):
        StackedCells(stem="image-net")
