"""Graphs of networks: ordered inputs, several outputs, attributes, shared weights, inner cells."""

import random

import pytest

from archrank import Cell, Graph, Site
from archrank.errors import SpaceError
from archrank.graph import Node


def key(inputs, junctions, nodes, outputs, **options):
    return Graph((Cell(inputs, junctions, tuple(nodes), outputs, **options),)).key


def conv(source, target, kernel=3.0, **options):
    return Node("conv", (source,), target, attributes=(("kernel", kernel),), **options)


def test_the_order_of_arguments_counts_only_where_they_have_one():
    minus = [key(2, 3, [Node("sub", pair, 2, ordered=True)], (2,)) for pair in ((0, 1), (1, 0))]
    plus = [key(2, 3, [Node("add", pair, 2)], (2,)) for pair in ((0, 1), (1, 0))]
    assert minus[0] != minus[1]
    assert plus[0] == plus[1]


def test_attributes_tell_operations_apart():
    assert key(1, 2, [conv(0, 1, 3)], (1,)) != key(1, 2, [conv(0, 1, 5)], (1,))


def test_where_it_stands_in_the_code_is_no_part_of_what_it_computes():
    named = conv(0, 1, path=("stem", "conv"), shape=(8, 32, 32), parameters=9, multiply_adds=100)
    assert key(1, 2, [named], (1,)) == key(1, 2, [conv(0, 1)], (1,))


def test_several_outputs_have_an_order():
    chunk = Node("chunk", (0,), 1, ordered=True, more_targets=(2,))
    swapped = Node("chunk", (0,), 2, ordered=True, more_targets=(1,))
    minus = Node("sub", (1, 2), 3, ordered=True)
    assert key(1, 4, [chunk, minus], (3,)) != key(1, 4, [swapped, minus], (3,))


def test_results_in_order_differ_from_outputs_in_any_order():
    nodes = [conv(0, 1), Node("relu", (0,), 2)]
    assert key(1, 3, nodes, (1, 2), ordered=True) != key(1, 3, nodes, (2, 1), ordered=True)
    assert key(1, 3, nodes, (1, 2)) == key(1, 3, nodes, (2, 1))


def test_tied_layers_differ_from_layers_of_their_own():
    own = key(1, 3, [conv(0, 1), conv(1, 2)], (2,))
    tied = key(1, 3, [conv(0, 1, weights=(0,)), conv(1, 2, weights=(0,))], (2,))
    assert own != tied


def test_which_layers_are_tied_matters_and_how_the_weights_are_numbered_does_not():
    def chain(*numbers):
        nodes = [conv(i, i + 1, weights=(number,)) for i, number in enumerate(numbers)]
        return key(1, len(numbers) + 1, nodes, (len(numbers),))

    assert chain(0, 0, 1, 1) == chain(1, 1, 0, 0)
    assert chain(0, 0, 1, 1) != chain(0, 1, 1, 0)
    assert chain(0, 0, 1, 1) != chain(0, 1, 0, 1)


def test_an_inner_cell_is_part_of_what_a_node_computes():
    def around(inner):
        return key(1, 2, [Node("block", (0,), 1, ordered=True, inner=inner)], (1,))

    a = Cell(1, 3, (conv(0, 1), Node("relu", (1,), 2)), (2,), ordered=True)
    b = Cell(1, 3, (Node("relu", (0,), 1), conv(1, 2)), (2,), ordered=True)
    same = Cell(1, 3, (conv(0, 1), Node("relu", (1,), 2)), (2,), ordered=True)
    assert around(a) == around(same) != around(b)


def test_weights_reach_inner_cells_from_outside():
    inner = Cell(1, 2, (conv(0, 1, weights=(0,)),), (1,), ordered=True, weights=1)

    def two(first, second):
        nodes = [
            Node("block", (0,), 1, ordered=True, weights=(first,), inner=inner),
            Node("block", (1,), 2, ordered=True, weights=(second,), inner=inner),
        ]
        return key(1, 3, nodes, (2,))

    assert two(0, 0) != two(0, 1)
    assert two(0, 1) == two(1, 0)


def test_numbering_does_not_matter():
    rng = random.Random(0)
    for _ in range(30):
        junctions, plain = 14, []
        for target in range(2, junctions):
            sources = tuple(rng.randrange(target) for _ in range(rng.randint(1, 2)))
            plain.append(
                (rng.choice("ab"), sources, len(sources) == 2 and rng.random() < 0.5, (rng.randrange(3),))
            )
        nodes = [
            Node(op, sources, target, ordered=ordered, weights=weights)
            for target, (op, sources, ordered, weights) in enumerate(plain, 2)
        ]
        order = topological(nodes, rng)
        at = {0: 0, 1: 1} | {junction: place for place, junction in enumerate(order, 2)}
        weights = rng.sample(range(3), 3)
        moved = [
            Node(
                node.operation,
                tuple(at[j] for j in node.sources),
                at[node.target],
                ordered=node.ordered,
                weights=(weights[node.weights[0]],),
            )
            for node in nodes
        ]
        moved.sort(key=lambda node: rng.random())
        assert key(2, junctions, nodes, (13,)) == key(2, junctions, moved, (at[13],))


def topological(nodes, rng):
    left, done, order = {node.target: node for node in nodes}, {0, 1}, []
    while left:
        ready = [j for j, node in left.items() if set(node.sources) <= done]
        junction = rng.choice(ready)
        order.append(junction)
        done.add(junction)
        del left[junction]
    return order


def test_more_symmetries_than_can_be_tried_still_end():
    nodes, target = [], 1
    for _ in range(60):
        nodes += [conv(0, target), Node("relu", (target,), target + 1), conv(target + 1, target + 2)]
        target += 3
    heads = tuple(range(3, target, 3))
    nodes.append(Node("add", heads, target))
    assert key(1, target + 1, nodes, (target,)) == key(1, target + 1, nodes, (target,))
    fewer = [*nodes[:-1], Node("add", heads[:-1], target)]
    assert key(1, target + 1, nodes, (target,)) != key(1, target + 1, fewer, (target,))


@pytest.mark.parametrize(
    "node",
    [
        Node("conv", (2,), 1),
        Node("conv", (0,), 0),
        Node("chunk", (0,), 1, more_targets=(9,)),
        Node("block", (0,), 1, inner=Cell(2, 3, (Site("conv", (0, 1), 2),), (2,))),
        Node("block", (0,), 1, weights=(0,), inner=Cell(1, 2, (conv(0, 1),), (1,))),
    ],
)
def test_what_does_not_fit_is_refused(node):
    with pytest.raises(SpaceError, match=node.operation):
        Cell(1, 3, (node,), (1,))


def test_a_constant_has_no_sources():
    assert key(1, 3, [Node("parameter", (), 1), Node("add", (0, 1), 2)], (2,))
