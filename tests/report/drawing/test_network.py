"""Drawings of networks: what is a box, and what it says."""

import pytest
from torch import nn

import archrank as ar
from archrank.errors import ArchrankError


class Block(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv, self.norm, self.relu = (
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
        )

    def forward(self, x):
        return x + self.relu(self.norm(self.conv(x)))


def network(blocks):
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2),
        nn.Sequential(*[Block(8) for _ in range(blocks)]),
        nn.Flatten(),
        nn.LazyLinear(10),
    )


def draw(blocks, **options):
    module = network(blocks)
    module[-1] = nn.Linear(8 * 15 * 15, 10)
    return ar.draw(module, (1, 3, 32, 32), **options)


def words(drawing):
    return [text.get_text() for text in drawing.figure.axes[0].texts]


def test_a_small_network_is_drawn_whole():
    found = words(draw(2))
    assert found.count("conv 3×3") == 2
    assert "conv 3×3 /2" in found
    assert found.count("+") == 2
    assert found[0].endswith("parameters, 326 k multiply-adds")
    assert {"input", "output", "8×15×15", "linear"} <= set(found)


def test_a_large_network_is_drawn_by_its_blocks():
    found = words(draw(12))
    assert "Block ×12" in found
    assert "1.0–11 · 8×15×15" in found
    assert "batch_norm" not in found


def test_levels_look_deeper():
    assert "Sequential" in words(draw(3, level=1))
    assert "Block ×3" in words(draw(3, level=2))
    assert words(draw(3, level=3)).count("batch_norm") == 3


def test_equal_drawings_are_equal_bytes():
    assert draw(2).svg == draw(2).svg


def test_several_inputs_outputs_and_constants():
    class Two(nn.Module):
        def forward(self, x, y):
            return x - y, x + 2

    found = words(ar.draw(ar.trace(Two(), (1, 3), (1, 3))))
    assert {"input 1", "input 2", "output 1", "output 2", "−", "add 2"} <= set(found)
    assert "a network of 2 operations" in repr(ar.draw(ar.trace(Two(), (1, 3), (1, 3))))


def test_levels_are_for_networks_and_start_at_one():
    space = ar.load_benchmark("analog-nasbench").space
    graph = space.graph(space.architectures(space.rows()[:1])[0])
    with pytest.raises(ArchrankError, match="only networks have levels"):
        ar.draw(graph, level=1)
    with pytest.raises(ArchrankError, match="the level is 0"):
        draw(1, level=0)


def test_a_drawing_that_nobody_could_read_is_refused():
    graph = ar.trace(nn.Sequential(*[nn.Sequential(nn.ReLU(), nn.Tanh()) for _ in range(201)]), (1, 3))
    with pytest.raises(ArchrankError, match="402 boxes, more than 400; give a lower level"):
        ar.draw(graph, level=2)
    assert "Sequential ×201" in words(ar.draw(graph))
