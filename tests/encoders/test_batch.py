import graph_makers
import numpy as np
import pytest
import torch

from archrank import Cell, Graph, Site
from archrank.encoders import GATES, collate, merge
from archrank.errors import SpaceError, UnknownName
from archrank.spaces import NASBench101, NASBench201, NASBenchGraph

CHAIN = Graph((Cell(1, 3, (Site("conv", (0,), 1), Site("pool", (1,), 2)), (2,)),))


def test_equal_prefixes_are_one_state():
    other = Graph((Cell(1, 3, (Site("conv", (0,), 1), Site("conv", (1,), 2)), (2,)),))
    batch = collate([CHAIN, other, CHAIN], ("conv", "pool"))
    assert len(batch.start) == 4  # the input, what conv makes of it, and the two ends
    assert len(batch.operation) == 3
    ends = batch.outputs[0].columns
    assert ends[0] == ends[2] != ends[1]


def test_the_order_of_sites_sources_and_inner_junctions_merges_away():
    a = Cell(1, 4, (Site("conv", (0,), 1), Site("pool", (0,), 2), Site("conv", (1, 2), 3)), (3,))
    b = Cell(1, 4, (Site("conv", (2, 1), 3), Site("conv", (0,), 2), Site("pool", (0,), 1)), (3,))
    batch = collate([Graph((a,)), Graph((b,))], ("conv", "pool"))
    assert len(batch.start) == 4
    assert batch.outputs[0].columns.tolist() == [3, 3]


def test_what_is_read_or_added_twice_counts_twice():
    once = Graph((Cell(1, 2, (Site("conv", (0,), 1),), (1,)),))
    reads_twice = Graph((Cell(1, 2, (Site("conv", (0, 0), 1),), (1,)),))
    twice = Graph((Cell(1, 2, (Site("conv", (0,), 1),) * 2, (1,)),))
    batch = collate([once, reads_twice, twice], ("conv",))
    assert len(set(batch.outputs[0].columns.tolist())) == 3
    messages_of_the_third = batch.incoming.take(batch.outputs[0].columns[2:]).columns
    assert len(messages_of_the_third) == 2
    assert len(set(messages_of_the_third.tolist())) == 1


def test_cells_and_inputs_do_not_merge_with_each_other():
    """A conv on the first input is another thing than one on the second, or than one in the other cell."""
    cell = Cell(2, 4, (Site("conv", (0,), 2), Site("conv", (1,), 3)), (2, 3))
    batch = collate([Graph((cell, cell))], ("conv",))
    assert batch.inputs == 4
    assert len(batch.cells) == 2
    assert len(batch.start) == 8
    assert sorted(batch.start.tolist()) == [0, 1, 2, 3, 4, 4, 5, 5]


def test_merging_shrinks_the_whole_of_nas_bench_201():
    space = NASBench201()
    batch = collate([space.graph(a) for a in space.architectures(space.rows())], space.operations)
    assert len(batch) == 15_625
    assert len(batch.start) == 11_156
    assert len(batch.start) < 15_625 * 4 / 5


def test_junctions_that_are_read_are_the_real_ones_without_the_inputs():
    batch = collate([CHAIN], ("conv", "pool"))
    assert batch.junctions[0].columns.tolist() == [1, 2]
    nothing_but_inputs = collate([Graph((Cell(2, 2, (), (1,)),))], ("conv",))
    assert nothing_but_inputs.junctions[0].columns.tolist() == [0, 1]


def test_no_graph_is_refused():
    with pytest.raises(SpaceError, match=r"0 graphs.*give at least one"):
        collate([], ("conv",))


@pytest.mark.parametrize(
    "other",
    [
        Graph((Cell(2, 3, (), (2,)),)),
        Graph(CHAIN.cells * 2),
    ],
)
def test_graphs_of_unlike_make_are_refused(other):
    with pytest.raises(SpaceError, match=r"different cells.*\(1,\).*collate them separately"):
        collate([CHAIN, other], ("conv", "pool"))


def test_an_operation_that_is_not_declared_is_refused_with_the_closest():
    with pytest.raises(UnknownName, match=r"unknown operation 'pool'; did you mean 'pool3x3'\?"):
        collate([CHAIN], ("conv", "pool3x3"))


def dense(incidence, columns):
    table = np.zeros((len(incidence), columns))
    for row, (begin, end) in enumerate(zip(incidence.starts, incidence.starts[1:], strict=False)):
        np.add.at(table[row], incidence.columns[begin:end], 1)
    return table


LISTS = [[], [2], [0, 0, 3], [], [3, 1, 2, 0], []]


def test_an_incidence_is_its_dense_matrix():
    incidence = graph_makers.incidence(LISTS)
    assert len(incidence) == 6
    table = dense(incidence, 4)
    assert table.tolist() == [[row.count(c) for c in range(4)] for row in LISTS]
    rows = np.array([4, 0, 4, 2])
    assert dense(incidence.take(rows), 4).tolist() == table[rows].tolist()
    turned, entries = incidence.transpose(4)
    assert dense(turned, 6).tolist() == table.T.tolist()
    assert incidence.columns[entries].tolist() == sorted(incidence.columns.tolist())


def test_a_batch_says_each_graph_back():
    """Unfolding the states from which a graph is read gives its own junctions again, history for history."""
    graphs, operations = graph_makers.two_cells(30, seed=3)
    batch = collate(graphs, operations)

    def unfolded(state):
        flows = batch.incoming.take(np.array([state])).columns
        return (int(batch.start[state]), sorted(
            (operations[batch.operation[m]], sorted(map(unfolded, batch.sources.take(np.array([m])).columns)))
            for m in flows
        ))  # fmt: skip

    def history(cell, first_input, other, junction):
        start = first_input + junction if junction < cell.inputs else other
        return (start, sorted(
            (s.operation, sorted(history(cell, first_input, other, j) for j in s.sources))
            for s in cell.sites
            if s.target == junction
        ))  # fmt: skip

    for position, graph in enumerate(graphs):
        for c, (cell, first_input) in enumerate(zip(graph.cells, (0, 2), strict=True)):
            read = batch.outputs[c].take(np.array([position])).columns
            expected = [history(cell, first_input, batch.inputs + c, j) for j in cell.outputs]
            assert [unfolded(state) for state in read] == expected


@pytest.mark.parametrize(
    "space",
    [NASBench201(), NASBench101(vertices=5), NASBenchGraph(), NASBenchGraph.proteins()],
    ids=lambda s: s.name,
)
@pytest.mark.parametrize(
    "settings", [GATES(layers=3, width=8), GATES.on_node_residual()], ids=["edge", "node"]
)
def test_a_spaces_own_arrays_are_its_graphs(space, settings):
    """However a space is lowered, its architectures are embedded alike."""
    rng = np.random.default_rng(0)
    rows = np.array([a.choices for a in space.sample(60, rng)], dtype=np.int16)
    by_graphs = collate([space.graph(a) for a in space.architectures(rows)], space.operations)
    by_arrays = merge(space.arrays(rows), space.operations)
    assert len(by_arrays) == len(rows)
    assert len(by_arrays.start) == len(by_graphs.start)
    assert len(by_arrays.operation) == len(by_graphs.operation)
    encoder = settings.build(by_graphs, 1, torch.Generator().manual_seed(0))
    with torch.no_grad():
        a, b = (
            encoder(prepared).index_select(1, prepared.distinct)
            for prepared in (encoder.prepare(by_graphs), encoder.prepare(by_arrays))
        )
    torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("make", [graph_makers.on_edge, graph_makers.on_node, graph_makers.two_cells])
def test_the_neighborly_order_has_everybody_once(make):
    graphs, operations = make(30)
    order = collate(graphs * 2, operations).neighborly()
    assert sorted(order.tolist()) == list(range(len(graphs) * 2))


def test_equal_architectures_are_neighbors():
    graphs, operations = graph_makers.on_edge(30)
    batch = collate([*graphs, *graphs], operations)
    order = batch.neighborly()
    position = np.argsort(order)
    apart = np.abs(position[: len(graphs)] - position[len(graphs) :])
    equal = np.unique(batch.outputs[0].columns, return_counts=True)[1].max()
    assert apart.max() < len(batch) / 2
    assert np.median(apart) <= equal
