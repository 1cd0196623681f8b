"""Module calls as nodes with inner cells, and back."""

import random

import pytest

from archrank import Cell, Graph, Node, Site, fold, unfold

LAYERS = ("conv", "norm", "relu")


def node(operation, sources, target, *path, **options):
    classes = tuple(name.rstrip("0123456789") for name in path)
    return Node(operation, sources, target, ordered=True, path=path, classes=classes, **options)


def chain(*blocks):
    """A chain of blocks with a sum around each; a block is a tuple of shapes."""
    nodes, last = [], 0
    for b, operations in enumerate(blocks):
        start = last
        for operation in operations:
            nodes.append(node(operation, (last,), last + 1, f"block{b}", operation))
            last += 1
        nodes.append(node("add", (last, start), last + 1, f"block{b}"))
        last += 1
    return Graph((Cell(1, last + 1, tuple(nodes), (last,), ordered=True),))


def test_equal_calls_have_one_inner_cell_and_their_own_names():
    (cell,) = fold(chain(LAYERS, LAYERS, ("conv",))).cells
    first, second, third = cell.sites
    assert first.inner is second.inner is not third.inner
    assert [site.operation for site in cell.sites] == ["block"] * 3
    assert [site.path for site in cell.sites] == [("block0",), ("block1",), ("block2",)]
    assert [part.path for part in first.inner.sites] == [("conv",), ("norm",), ("relu",), ()]
    assert unfold(fold(chain(LAYERS, LAYERS))).cells[0].sites[4].path == ("block1", "conv")


def test_cells_that_differ_in_size_only_are_equal_and_kept_apart():
    nodes = [
        node(op, (i,), i + 1, f"block{i // 2}", op, shape=(8 // (1 + i // 2),))
        for i, op in enumerate(("conv", "relu") * 2)
    ]
    first, second = fold(Graph((Cell(1, 5, tuple(nodes), (4,)),))).cells[0].sites
    assert first.inner == second.inner
    assert [site.inner.sites[0].shape for site in (first, second)] == [(8,), (4,)]


def test_sums_and_shapes_of_a_folded_node():
    nodes = [
        node("conv", (0,), 1, "block", shape=(4,), parameters=3, multiply_adds=5),
        node("split", (1,), 2, "block", more_targets=(3,), shape=(2,)),
        node("conv", (3,), 4, "block", shape=(7,), parameters=1, multiply_adds=1),
        node("cat", (2, 4), 5),
    ]
    block, cat = fold(Graph((Cell(1, 6, tuple(nodes), (5,)),)), depth=1).cells[0].sites
    assert (block.parameters, block.multiply_adds, len(block.targets), block.shape) == (4, 6, 2, (2,))
    assert cat.sources == block.targets


def test_only_the_calls_that_are_named_are_folded():
    graph = chain(LAYERS, LAYERS)
    operations = [site.operation for site in fold(graph, paths=[("block1",)]).cells[0].sites]
    assert operations == [*LAYERS, "add", "block"]
    assert fold(graph, depth=2).key == graph.key
    assert fold(graph, depth=0) == graph


def test_shared_weights_cross_the_border():
    def tied(*weights):
        nodes = [
            node("linear", (0,), 1, "a", weights=weights[:1]),
            node("linear", (1,), 2, "a", weights=weights[1:2]),
            node("linear", (2,), 3, "b", weights=weights[2:3]),
            node("linear", (3,), 4, "b", weights=weights[3:]),
        ]
        return Graph((Cell(1, 5, tuple(nodes), (4,)),))

    across, within = fold(tied(0, 1, 0, 1)), fold(tied(0, 0, 1, 1))
    assert [site.weights for site in across.cells[0].sites] == [(0, 1), (0, 1)]
    assert [site.weights for site in within.cells[0].sites] == [(), ()]
    assert across.key != within.key != fold(tied(0, 1, 1, 0)).key
    for numbers in ((0, 1, 0, 1), (0, 0, 1, 1), (0, 1, 1, 0)):
        assert unfold(fold(tied(*numbers))).key == tied(*numbers).key


def random_graph(rng):
    junctions, nodes, path, numbers = 2, [], ("a",), {}
    for _ in range(rng.randint(3, 16)):
        if rng.random() < 0.4:
            path = tuple(f"{rng.choice('ab')}{len(nodes)}" for _ in range(rng.randint(0, 3)))
        targets = tuple(range(junctions, junctions + rng.choice((1, 1, 2))))
        sources = tuple(rng.randrange(junctions) for _ in range(rng.randint(0, 2)))
        # The numbers of weights have no gaps.
        weights = (numbers.setdefault(rng.randrange(3), len(numbers)),) if rng.random() < 0.5 else ()
        nodes.append(
            node(rng.choice("xyz"), sources, targets[0], *path, more_targets=targets[1:], weights=weights)
        )
        junctions += len(targets)
    # Everything that no other node reads is an output, as nothing else would be traced.
    read = {j for n in nodes for j in n.sources}
    outputs = tuple(j for j in range(2, junctions) if j not in read)
    return Graph((Cell(2, junctions, tuple(nodes), outputs, ordered=True),))


@pytest.mark.parametrize("seed", range(40))
def test_unfolding_takes_back_folding(seed):
    graph = random_graph(random.Random(seed))
    for folded in (fold(graph), fold(graph, depth=1), fold(graph, depth=2)):
        flat = unfold(folded)
        assert flat.key == graph.key
        assert [site.path for site in flat.cells[0].sites] == [site.path for site in graph.cells[0].sites]
    assert unfold(fold(graph, depth=1), levels=1).key == graph.key
    assert unfold(fold(graph), levels=0) == fold(graph)


def test_cells_of_plain_sites_stay_as_they_are():
    graph = Graph((Cell(1, 3, (Site("a", (0,), 2), Site("b", (0,), 1), Site("c", (1,), 2)), (2,)),))
    assert fold(graph).key == graph.key == unfold(graph).key


def test_an_inner_cell_that_hands_its_input_on():
    inner = Cell(1, 2, (Node("relu", (0,), 1),), (1, 0), ordered=True)
    outer = Node("block", (0,), 1, ordered=True, more_targets=(2,), inner=inner)
    (cell,) = unfold(Graph((Cell(1, 3, (outer,), (1, 2), ordered=True),))).cells
    assert [site.operation for site in cell.sites] == ["relu", "identity"]
    assert cell.outputs == (1, 2)


def test_blocks_whose_results_are_added():
    block = Cell(1, 3, (Node("conv", (0,), 1), Node("relu", (1,), 2)), (2,))
    added = tuple(Node("block", (0,), 1, inner=block) for _ in range(2))
    (cell,) = unfold(Graph((Cell(1, 3, (*added, Node("pool", (1,), 2)), (2,)),))).cells
    assert [site.operation for site in cell.sites] == ["conv", "relu", "conv", "relu", "pool"]
    _, first, _, second, pool = cell.sites
    assert first.target == second.target == pool.sources[0]
