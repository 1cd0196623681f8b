"""BiFlow over many graphs at once is its formula with dense matrices; and what it sees."""

import graph_makers
import pytest
import torch

from archrank import Architecture, Cell, Graph, Site
from archrank.encoders import GATES, BiFlow, collate
from archrank.errors import PredictorError
from archrank.spaces import NASBench201
from archrank.testing import check_encoder

SMALL = {"width": 12, "node_features": 6}
MAKERS = [
    graph_makers.on_edge,
    graph_makers.on_node,
    graph_makers.trees,
    graph_makers.two_cells,
    graph_makers.two_inputs,
]


def fresh(settings, graphs, operations, members=1):
    batch = collate(graphs, operations)
    return settings.build(batch, members, torch.Generator().manual_seed(0)), batch


def embedded(encoder, batch):
    prepared = encoder.prepare(batch)
    return encoder(prepared).index_select(1, prepared.distinct)


@pytest.mark.parametrize("make", MAKERS)
def test_keeps_what_encoders_promise(make):
    graphs, operations = make(12)
    check_encoder(BiFlow(**SMALL), graphs, operations)


def test_equals_the_formula():
    """Nodes: two conv, pool, skip, the input, and the output that reads pool and skip."""
    cell = Cell(
        1,
        4,
        (Site("conv", (0,), 1), Site("conv", (0,), 1), Site("pool", (1, 0), 2), Site("skip", (1,), 3)),
        (2, 3),
    )
    reads = torch.zeros(6, 6)
    for node, read in {2: (0, 1, 4), 3: (0, 1), 0: (4,), 1: (4,), 5: (2, 3)}.items():
        reads[node, list(read)] = 1
    kinds = [0, 0, 1, 2, 3, 4]
    other = Graph((Cell(1, 2, (Site("skip", (0,), 1),), (1,)),))
    encoder, batch = fresh(BiFlow(**SMALL), [other, Graph((cell,))], graph_makers.OPERATIONS, members=2)
    values = {name: value[1] for name, value in encoder.named_parameters()}
    state = (values["kinds"] @ values["project.weight"] + values["project.bias"])[kinds]
    for block in range(4):
        layer = {name.removeprefix(f"blocks.{block}."): value for name, value in values.items()}
        heard = state @ layer["own.weight"] + layer["own.bias"]
        heard = heard + reads @ (state @ layer["before.weight"]) + reads.T @ (state @ layer["after.weight"])
        state = state + torch.relu(heard) @ layer["out.weight"] + layer["out.bias"]
    expected = torch.cat([state[5], state[4], state.mean(dim=0)])
    torch.testing.assert_close(embedded(encoder, batch)[1, 1], expected, rtol=1e-4, atol=1e-5)


def test_dead_branches_are_ignored_exactly():
    space = NASBench201()
    live, with_dead_end = (3, 0, 0, 0, 2, 0), (3, 4, 1, 0, 2, 0)
    graphs = [space.graph(Architecture(space.name, row)) for row in (live, with_dead_end)]
    encoder, batch = fresh(BiFlow(**SMALL), graphs, space.operations)
    a, b = embedded(encoder, batch)[0]
    assert torch.equal(a, b)


def test_sees_who_shares_a_result_where_gates_cannot():
    """Two equal operations that are read by one each, or one of them by both: forwards all states are equal."""
    head = (Site("conv", (0,), 1), Site("conv", (0,), 2))
    tail = (Site("pool", (3, 4, 2), 5),)
    apart = Cell(1, 6, (*head, Site("conv", (1,), 3), Site("skip", (2,), 4), *tail), (5,))
    shared = Cell(1, 6, (*head, Site("conv", (1,), 3), Site("skip", (1,), 4), *tail), (5,))
    graphs = [Graph((cell,)) for cell in (apart, shared)]
    for settings, told_apart in ((BiFlow(**SMALL), True), (GATES(), False)):
        encoder, batch = fresh(settings, graphs, graph_makers.OPERATIONS)
        a, b = embedded(encoder, batch)[0]
        assert torch.allclose(a, b) is not told_apart


def test_settings_that_make_no_sense_are_refused():
    with pytest.raises(PredictorError, match=r"layers is 0.*at least 1"):
        BiFlow(layers=0)
