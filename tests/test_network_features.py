"""Features of networks, beside a plain count over all paths."""

import math

import numpy as np
import pytest

from archrank.graph import Cell, Graph, Node
from archrank.network_features import network_features

KINDS = ("conv", "pool", "norm")
FEWEST = ": on every path"


def drawn(rng, junctions, inner=None):
    """A cell with one input and one output, whose nodes read one or two junctions; one of them may hold a cell."""
    nodes = []
    for target in range(1, junctions):
        for _ in range(int(rng.integers(1, 3))):
            sources = tuple(sorted(set(rng.integers(0, target, int(rng.integers(1, 3))).tolist())))
            nodes.append(Node(str(rng.choice(KINDS)), sources, target))
    if inner is not None:
        nodes.append(Node("block", (0,), junctions - 1, inner=inner))
    return Cell(1, junctions, tuple(nodes), (junctions - 1,))


def paths(cell, junction=None):
    """The operations on every path from the input to a junction, cells of nodes included."""
    junction = cell.outputs[0] if junction is None else junction
    if junction == 0:
        return [()]
    found = []
    for node in cell.sites:
        if node.target == junction:
            inside = [(node.operation,)] if node.inner is None else paths(node.inner)
            found += [p + own for source in node.sources for p in paths(cell, source) for own in inside]
    return found


@pytest.mark.parametrize("seed", range(12))
def test_the_fewest_of_each_kind_are_those_of_all_paths(seed):
    rng = np.random.default_rng(seed)
    inner = drawn(rng, 3) if seed % 2 else None
    cell = drawn(rng, 6, inner)
    every, features = paths(cell), network_features(Graph((cell,)))
    assert features["shortest path"] == min(map(len, every))
    for kind in KINDS:
        assert features.get(kind + FEWEST, 0.0) == min(path.count(kind) for path in every)


@pytest.mark.parametrize("seed", range(12))
def test_the_flow_is_that_of_all_paths(seed):
    rng = np.random.default_rng(seed)
    cell = drawn(rng, 6, drawn(rng, 3) if seed % 2 else None)
    every, features = paths(cell), network_features(Graph((cell,)))
    weights = np.array([0.25 ** len(path) for path in every])
    assert features["flow"] == pytest.approx(math.log(weights.sum()))
    assert features["path"] == pytest.approx(np.average([len(path) for path in every], weights=weights))
    for kind in KINDS:
        along = np.average([path.count(kind) for path in every], weights=weights)
        assert features.get(f"{kind}: along the flow", 0.0) == pytest.approx(along)


def test_the_flow_through_thousands_of_operations_is_a_number():
    nodes = tuple(Node("conv" if i else "pool", (i,), i + 1) for i in range(3000))
    features = network_features(Graph((Cell(1, 3001, nodes, (3000,)),)))
    assert features["flow"] == pytest.approx(3000 * math.log(0.25))
    assert features["conv: along the flow"] == pytest.approx(2999.0)


def test_where_nothing_arrives_there_is_no_flow():
    nodes = (Node("constant", (), 1, ordered=True),)
    assert "flow" not in network_features(Graph((Cell(1, 2, nodes, (1,)),)))


def test_a_skip_connection_avoids_what_is_beside_it():
    chain = (Node("conv", (0,), 1), Node("conv", (1,), 2), Node("pool", (2,), 3))
    features = network_features(Graph((Cell(1, 4, chain, (3,)),)))
    assert (features["conv" + FEWEST], features["pool" + FEWEST], features["shortest path"]) == (
        2.0,
        1.0,
        3.0,
    )
    skipped = (*chain[:2], Node("pool", (0, 2), 3))
    features = network_features(Graph((Cell(1, 4, skipped, (3,)),)))
    assert "conv" + FEWEST not in features
    assert (features["pool" + FEWEST], features["shortest path"]) == (1.0, 1.0)
    assert features["depth"] == 3.0


def test_what_no_input_reaches_is_on_no_path():
    nodes = (Node("constant", (), 1, ordered=True), Node("conv", (0,), 2), Node("sum", (1, 2), 3))
    features = network_features(Graph((Cell(1, 4, nodes, (3,)),)))
    assert features["shortest path"] == 2.0
    assert "constant" + FEWEST not in features
    alone = Graph((Cell(1, 2, (Node("constant", (), 1, ordered=True),), (1,)),))
    assert network_features(alone)["shortest path"] == 0.0


def test_of_several_outputs_the_nearest_counts_and_cells_are_in_a_row():
    two = Cell(1, 4, (Node("conv", (0,), 1), Node("conv", (1,), 2), Node("pool", (1,), 3)), (2, 3))
    features = network_features(Graph((two, two)))
    assert features["conv" + FEWEST] == 2.0  # one in each cell
    assert "pool" + FEWEST not in features
    assert features["shortest path"] == 4.0


def test_counts_are_logarithms_and_places_are_shares_of_the_depth():
    chain = (Node("conv", (0,), 1, parameters=9, shape=(4, 2, 2)), Node("pool", (1,), 2))
    features = network_features(Graph((Cell(1, 3, chain, (2,)),)))
    assert features["conv: count"] == math.log1p(1)
    assert features["parameters"] == math.log1p(9)
    assert features["activations"] == math.log1p(16)
    assert (features["conv: place"], features["pool: place"]) == (0.5, 1.0)
    assert features["conv → pool"] == math.log1p(1)
