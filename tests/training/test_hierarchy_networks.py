"""Networks of hierarchical spaces: they train, they are what their graphs say, and they can be kept."""

import numpy as np
import pytest
import torch
from torch import nn

import archrank as ar
from archrank.errors import SpaceError, UnknownName
from archrank.graph import Cell, Graph, Node
from archrank.images import ImageData, Images
from archrank.networks import (
    OPERATIONS,
    HierarchySkeleton,
    NASBench201Skeleton,
    build,
    multiply_adds,
    outline,
    parameters,
)
from archrank.spaces import NASBench201
from archrank.spaces.named import named_space
from archrank.training import Model, Recipe, TrainingEvaluator, training_evaluator

NAMES = (
    "hierarchical-nas-bench-201",
    "hierarchical-nas-bench-201-fixed-blocks",
    "hierarchical-nas-bench-201-fixed-macro",
    "hierarchical-nas-bench-201-fixed-macro-fixed-blocks",
    "free-form",
    "free-form-signals",
)
SMALL = HierarchySkeleton(channels=2, classes=3, image_size=(8, 8))
SIGNALS = HierarchySkeleton(channels=2, classes=3, image_channels=2, image_size=(1, 24))
CHAINS = ar.GrammarSpace(
    "S -> Linear2 S OP | SplitJoin2 OP S | Residual2 OP id OP | OP; OP -> conv3x3 | zero | down | my_conv",
    name="chains",
    max_depth=6,
    connected=False,
)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def built(text, skeleton=SMALL, space=CHAINS):
    operations = {**OPERATIONS, "my_conv": lambda channels, stride: nn.Conv2d(channels, channels, 1)}
    return build(space.graph(space.parse(text)), skeleton, generator(), operations=operations)


def check_trains(space, architecture, skeleton, image):
    """Logits and gradients are finite, every weight has a gradient, and the outline has the same sizes."""
    graph = space.graph(architecture)
    network = build(graph, skeleton, generator())
    logits = network(torch.randn(2, *image, generator=generator(1)))
    assert logits.shape == (2, skeleton.classes)
    logits.square().sum().backward()
    assert torch.isfinite(logits).all()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
    sizes = outline(graph, skeleton)
    assert parameters(sizes) == parameters(network) > 0
    assert multiply_adds(sizes, image) == multiply_adds(network, image) > 0


def network_of(name):
    """The skeleton of a space, and the shape of its inputs."""
    return (SIGNALS, (2, 1, 24)) if "signals" in name else (SMALL, (3, 8, 8))


@pytest.mark.parametrize("name", NAMES)
def test_some_networks_are_trainable(name):
    space = named_space(name)
    for architecture in space.sample(3, np.random.default_rng(0)):
        check_trains(space, architecture, *network_of(name))


@pytest.mark.full
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("name", NAMES)
def test_two_hundred_networks_are_trainable(name):
    space = named_space(name)
    for architecture in space.sample(200, np.random.default_rng(1)):
        check_trains(space, architecture, *network_of(name))


def test_equal_cells_in_the_fixed_network_are_the_network_of_nasbench201():
    space, cells = named_space(NAMES[3]), NASBench201()
    cell = cells.parse(
        "|nor_conv_3x3~0|+|skip_connect~0|nor_conv_1x1~1|+|avg_pool_3x3~0|none~1|nor_conv_3x3~2|"
    )
    part = "Cell(nor_conv_3x3, id, nor_conv_1x1, avg_pool, zero, nor_conv_3x3)"
    blocks = f"Linear2({part}, {part})"
    stage = f"Linear3({blocks}, {blocks}, Linear2({part}, resBlock))"
    whole = space.parse(f"Linear3({stage}, {stage}, Linear3({blocks}, {blocks}, {part}))")
    mine = build(space.graph(whole), HierarchySkeleton(4), generator())
    theirs = build(cells.graph(cell), NASBench201Skeleton(4), generator())
    images = torch.randn(2, 3, 32, 32, generator=generator(1))
    torch.testing.assert_close(mine(images), theirs(images))
    assert parameters(mine) == parameters(theirs)
    assert multiply_adds(mine, (3, 32, 32)) == multiply_adds(theirs, (3, 32, 32))


def test_sizes_are_those_counted_by_hand():
    network = built("Linear2(Residual2(conv3x3, id, conv3x3), my_conv)")
    stem, head = 3 * 2 * 9 + 4, 4 + 2 * 3 + 3
    assert parameters(network) == stem + 2 * (2 * 2 * 9) + (2 * 2 + 2) + head
    assert multiply_adds(network, (3, 8, 8)) == 64 * (3 * 2 * 9 + 2 * 36 + 4) + 6
    halved = built("Linear2(down, conv3x3)")
    block = 2 * 4 * 9 + 8 + 4 * 4 * 9 + 8 + 2 * 4
    assert parameters(halved) == stem + block + 4 * 4 * 9 + 8 + 4 * 3 + 3


def test_what_computes_nothing_is_not_built():
    for dead, live in (
        ("SplitJoin2(zero, Linear2(conv3x3, conv3x3))", "Linear2(conv3x3, conv3x3)"),
        ("SplitJoin2(my_conv, Linear2(Linear2(conv3x3, zero), conv3x3))", "my_conv"),
        ("Linear2(Residual2(conv3x3, id, zero), conv3x3)", "conv3x3"),
    ):
        assert parameters(built(dead)) == parameters(built(live))
        images = torch.randn(2, 3, 8, 8, generator=generator(1))
        torch.testing.assert_close(built(dead)(images), built(live)(images))
    with pytest.raises(SpaceError, match="nothing reaches the output"):
        built("Linear2(zero, conv3x3)")


def test_images_of_any_size_and_signals():
    digits = built("Linear2(down, down)", HierarchySkeleton(2, 3, 1, (28, 28)))
    assert digits(torch.randn(2, 1, 28, 28)).shape == (2, 3)
    signals = built("Linear2(down, conv3x3)", HierarchySkeleton(2, 3, 5, (1, 50)))
    x = torch.randn(2, 5, 50)
    assert signals(x).shape == (2, 3)
    torch.testing.assert_close(signals.eval()(x), signals(x.unsqueeze(2)))
    assert parameters(signals) == (5 * 2 * 3 + 4) + (2 * 4 * 3 + 8 + 4 * 4 * 3 + 8 + 8) + 4 * 4 * 3 + 8 + 15


def test_what_cannot_be_built_is_named():
    with pytest.raises(SpaceError, match=r"branches of different shapes.*\(2, 8, 8\).*\(4, 4, 4\)"):
        built("SplitJoin2(conv3x3, down)")
    with pytest.raises(SpaceError, match="cannot be halved"):
        built("Linear2(Linear2(Linear2(down, down), down), down)")
    with pytest.raises(UnknownName, match="unknown operation of a network 'my_conv'"):
        outline(CHAINS.graph(CHAINS.parse("my_conv")), SMALL)
    with pytest.raises(SpaceError, match="one cell of nodes"):
        outline(NASBench201().graph(NASBench201().architecture((1,) * 6)), SMALL)
    two = Graph((Cell(1, 3, (Node("conv3x3", (0,), 1, more_targets=(2,)),), (1,)),))
    with pytest.raises(SpaceError, match="several outputs"):
        outline(two, SMALL)
    with pytest.raises(SpaceError, match="image_size"):
        HierarchySkeleton(image_size=(8, 0))


def test_drop_path_leaves_what_nothing_is_added_to():
    network = built("Linear2(conv3x3, conv3x3)").train()
    images = torch.randn(4, 3, 8, 8, generator=generator(1))
    whole = network(images)
    network.set_drop_path(0.9)
    torch.testing.assert_close(network(images), whole)
    branched = built("SplitJoin2(conv3x3, my_conv)").train()
    whole = branched(images)
    branched.set_drop_path(0.9)
    torch.manual_seed(0)
    assert not torch.allclose(branched(images), whole)


def test_a_trained_hierarchy_is_kept(tmp_path):
    (architecture,) = named_space(NAMES[0]).sample(1, np.random.default_rng(2))
    options = {"data": "digits", "epochs": 1, "channels": 2, "train_images": 200}
    model = ar.train(NAMES[0], architecture, tmp_path / "net", **options)
    again = Model.load(tmp_path / "net")
    assert again.graph == model.graph
    assert again.skeleton == HierarchySkeleton(2, 10, 1, (8, 8)) == model.skeleton
    images = torch.randn(3, 1, 8, 8, generator=generator(1))
    torch.testing.assert_close(again.network(images), model.network.eval()(images))
    space = named_space(NAMES[0])
    drawn = space.graph(architecture).cells[0].sites[0]
    assert again.graph.cells[0].sites[0].path == drawn.path != ()


def test_signals_are_trained_on(tmp_path):
    """Class 0 is slow, class 1 is fast; there is no image."""
    rng = np.random.default_rng(0)
    labels = np.arange(120) % 2
    waves = np.sin(np.outer(0.5 + 1.5 * labels, np.arange(40)) + rng.uniform(0, 6, (120, 1)))
    pixels = np.uint8(128 + 100 * waves)[:, None, None, :]
    parts = [Images(pixels[begin : begin + 40], labels[begin : begin + 40]) for begin in (0, 40, 80)]
    data = ImageData("waves", ("slow", "fast"), *parts, (0.5,), (0.3,), "1")
    space = named_space("free-form-signals")
    architecture = space.parse(
        "Linear2(Linear2(conv3x3, batch), Linear2(relu, Pairs(Linear2(conv3x3, relu))))"
    )
    recipe = Recipe("waves", epochs=6, batch=8, learning_rate=0.05, channels=8)
    values = TrainingEvaluator(space, lambda: data, recipe, tmp_path, device="cpu")(architecture)
    assert values["valid_accuracy"] > 0.8
    assert values["multiply_adds"] == 40 * (3 * 8 + 3 * 64) + 20 * 3 * 256 + 16


def test_a_search_trains_hierarchies(tmp_path):
    space = named_space(NAMES[2])
    evaluator = training_evaluator(
        space, tmp_path, data="digits", epochs=1, channels=2, train_images=100, image_size=8
    )
    result = ar.search(space, evaluator, budget=3, seed=1, initial=2)
    assert 0 <= result.best_value <= 1
    counts = evaluator.known_values(result.best_architecture)
    assert result.best.values["parameters"] == counts["parameters"] > 0
