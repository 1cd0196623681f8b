"""Hierarchical GATES: against a plain implementation, against flat graphs, and on what it was not trained on."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from naive_hierarchical import embedding
from network_makers import KINDS, networks

from archrank import Cell, Graph, Site, fold, unfold
from archrank.encoders import GATES, HierarchicalGATES, collate, collate_networks
from archrank.encoders.network_schedule import network_schedule
from archrank.errors import PredictorError, SpaceError
from archrank.graph import Node
from archrank.spaces.named import named_space
from archrank.testing import check_encoder

SMALL = HierarchicalGATES(width=8, operation_features=6)


def built(graphs, settings=SMALL, members=2):
    batch = collate_networks(graphs)
    return settings.build(batch, members, torch.Generator().manual_seed(0))


def embed(encoder, graphs):
    """(E, B, D)."""
    prepared = encoder.prepare(collate_networks(graphs))
    with torch.no_grad():
        return encoder(prepared).index_select(1, prepared.distinct)


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_it_is_what_computing_each_copy_of_a_cell_by_itself_gives(depth):
    graphs = networks(16, depth=depth)
    encoder = built(graphs)
    with torch.no_grad():
        for parameter in encoder.parameters():  # scale and shift begin as 1 and 0
            parameter.add_(0.1)
        expected = [torch.stack([embedding(encoder, graph, m) for graph in graphs]) for m in range(2)]
    assert torch.allclose(embed(encoder, graphs), torch.stack(expected), atol=1e-5)


def test_a_grammar_is_computed_as_each_copy_by_itself():
    space = named_space("hierarchical-nas-bench-201")
    graphs = [space.graph(a) for a in space.sample(4, np.random.default_rng(0))]
    encoder = built(graphs, members=1)
    with torch.no_grad():
        for parameter in encoder.parameters():  # so that no state is next to nothing
            parameter.add_(0.1)
        expected = torch.stack([embedding(encoder, graph) for graph in graphs])
    assert torch.allclose(embed(encoder, graphs)[0], expected, atol=1e-5)


def test_equal_inner_cells_are_computed_once():
    def block(kinds):
        return Cell(1, 3, tuple(Node(kind, (i,), i + 1) for i, kind in enumerate(kinds)), (2,))

    def network(count):
        nodes = tuple(Node("block", (i,), i + 1, inner=block(("conv", "pool"))) for i in range(count))
        return Graph((Cell(1, count + 1, nodes, (count,)),))

    graphs = [network(count) for count in range(1, 30)]  # each with cells of its own, which are equal
    states = len(network_schedule(collate_networks(graphs)).junctions)
    assert states == len(graphs)
    needed = collate_networks(graphs)
    # The input, two in the block, a chain of 29 blocks, and an output for each network.
    assert len(needed.start) == 1 + 2 + 29 + 29
    assert len(collate_networks([unfold(graph) for graph in graphs]).start) == 1 + 58 + 29


def test_a_hierarchy_whose_cells_are_single_operations_equals_the_flat_graph():
    wrapped = Cell(2, 3, (Node("sub", (0, 1), 2, attributes=(("scale", 2.0),), ordered=True),), (2,))
    twice = Cell(2, 3, (Node("block", (0, 1), 2, ordered=True, inner=wrapped),), (2,), ordered=True)
    nodes = (Node("conv", (0,), 1), Node("block", (1, 0), 2, ordered=True, inner=twice))
    graph = Graph((Cell(1, 3, nodes, (2,)),))
    encoder = built([graph, *networks(6)])
    assert torch.equal(embed(encoder, [graph]), embed(encoder, [unfold(graph)]))


def test_without_inner_cells_folding_single_calls_changes_nothing():
    nodes = [Node(kind, (i,), i + 1, path=(f"layer{i}",)) for i, kind in enumerate(KINDS[:2])]
    graph = Graph((Cell(1, 3, tuple(nodes), (2,), ordered=True),))
    encoder = built([graph, *networks(6)])
    assert torch.equal(embed(encoder, [fold(graph)]), embed(encoder, [graph]))


def test_one_level_is_a_layer_of_gates():
    graphs = [
        Graph((Cell(2, 3, tuple(Site(kind, sources, 2) for kind, sources in sites), (2,)),))
        for sites in (
            [("conv", (0,))],
            [("conv", (0, 1)), ("pool", (1,))],
            [("conv", (0, 0)), ("conv", (0, 0)), ("pool", (0,))],
        )
    ]
    kinds = ("conv", "output", "pool")
    flat = collate(graphs, kinds)
    encoder = built(graphs)
    assert encoder.settings.kinds == kinds
    layer = GATES(1, 8, operation_features=6, node_features=8, start_width=8, residual="none").build(
        flat, 2, torch.Generator()
    )
    with torch.no_grad():
        layer.operations.copy_(encoder.kinds)
        layer.input_start.copy_(encoder.start[:, 1:3])
        layer.project.weight.copy_(torch.eye(8).expand(2, 8, 8))
        layer.project.bias.zero_()
        # What is read passes as it is too.
        layer.layers[0].move.weight.copy_(torch.eye(8) + 0.3 * encoder.move.weight)
        layer.layers[0].attention.load_state_dict(encoder.attention.state_dict())
        flow = layer(layer.prepare(flat))
    expected = torch.relu(flow * torch.rsqrt(flow.square().mean(dim=2, keepdim=True) + 1.0))
    # The second half of an embedding is the mean over the junctions, which here is the one that is written.
    assert torch.allclose(embed(encoder, graphs)[:, :, 8:], expected, atol=1e-6)


def test_the_order_of_arguments_counts_where_they_have_one():
    def network(pair, ordered):
        nodes = (Node("conv", (0,), 1), Node("mix", pair, 2, ordered=ordered))
        return Graph((Cell(1, 3, nodes, (2,)),))

    pairs = [network((0, 1), True), network((1, 0), True), network((0, 1), False), network((1, 0), False)]
    found = embed(built(pairs), pairs)
    assert not torch.allclose(found[:, 0], found[:, 1])
    assert torch.equal(found[:, 2], found[:, 3])


def test_kernels_share_what_they_share():
    def network(kernel):
        return Graph((Cell(1, 2, (Node("conv", (0,), 1, attributes=(("kernel", kernel),)),), (1,)),))

    encoder = built([network(3.0), network(5.0)], members=1)
    assert encoder.settings.kinds == ("conv", "output")
    assert encoder.settings.numbers == (("kernel: attribute", 4.0, 1.0),)
    apart = [embed(encoder, [network(a), network(b)])[0].diff(dim=0).norm() for a, b in ((3, 3.1), (3, 5))]
    assert 0 < apart[0] < apart[1]


def test_kinds_and_numbers_that_training_did_not_have_are_no_error():
    known = networks(8)
    encoder = built(known)
    node = Node("never seen", (0, 1), 2, attributes=(("unknown", 1e9), ("kernel", 1e30)), shape=(1, 2))
    new = Graph((Cell(2, 3, (node,), (2,)),))
    other = Graph((Cell(2, 3, (replace(node, operation="nor this"),), (2,)),))
    found = embed(encoder, [new, other, known[0]])
    assert torch.isfinite(found).all()
    assert torch.equal(found[:, 0], found[:, 1])
    assert torch.allclose(found[:, 2], embed(encoder, known)[:, 0], atol=1e-6)
    without = built([Graph((Cell(1, 2, (Site("conv", (0,), 1),), (1,)),))])
    assert without.settings.numbers == ()
    assert torch.isfinite(embed(without, [new])).all()


def test_it_keeps_the_promises_of_an_encoder_on_hierarchies():
    check_encoder(SMALL, networks(12, seed=1), ())


def test_a_deep_network_keeps_finite_states_and_gradients():
    def chain(length, kind):
        nodes = tuple(Node(kind, (i,), i + 1) for i in range(length))
        return Graph((Cell(1, length + 1, nodes, (length,)),))

    graphs = [chain(1500, "conv"), chain(1499, "conv"), chain(1500, "pool")]
    encoder = built(graphs)
    prepared = encoder.prepare(collate_networks(graphs))
    assert len(prepared.schedule.levels) == 1501
    values = encoder(prepared)
    values.square().sum().backward()
    assert torch.isfinite(values).all()
    assert all(torch.isfinite(p.grad).all() for p in encoder.parameters() if p.grad is not None)


def test_blocks_of_a_batch_hold_every_network_once():
    batch = collate_networks(networks(20))
    parts = batch.parts(40)
    assert len(parts) > 1
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(batch)))


def test_what_is_given_wrongly_is_refused():
    with pytest.raises(SpaceError, match="at least one"):
        collate_networks([])
    with pytest.raises(PredictorError, match="width is 0"):
        HierarchicalGATES(width=0)
