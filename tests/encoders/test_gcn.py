"""The merged computation of the graph convolution is the naive one, in value and gradient."""

import graph_makers
import naive_gcn
import numpy as np
import pytest
import torch

from archrank import Cell, Graph, Site
from archrank.encoders import GCN, GlobalNodeGCN, collate
from archrank.errors import PredictorError

SMALL = {"width": 12, "node_features": 5, "start_width": 7}
MAKERS = [
    graph_makers.on_edge,
    graph_makers.on_node,
    graph_makers.trees,
    graph_makers.two_cells,
    graph_makers.two_inputs,
]


def fresh(settings, graphs, operations, members=1):
    """An encoder whose every parameter, also those that start at zero, is random."""
    batch = collate(graphs, operations)
    encoder = settings.build(batch, members, torch.Generator())
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.uniform_(-1, 1, generator=generator)
    return encoder, batch


def embedded(encoder, batch, indices=None):
    prepared = encoder.prepare(batch, indices)
    return encoder(prepared).index_select(1, prepared.distinct)


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(
    "settings",
    [
        GCN(**SMALL),
        GCN(layers=1, **SMALL),
        GCN(layers=2, self_loops=False, **SMALL),
        GCN(normalize=True, **SMALL),
        GCN(global_node=True, **SMALL),
        GCN(layers=2, global_node=True, self_loops=False, **SMALL),
        GCN(global_node=True, normalize=True, **SMALL),
    ],
    ids=str,
)
def test_equals_the_naive_one(settings, make):
    graphs, operations = make()
    encoder, batch = fresh(settings, graphs, operations)
    ours = embedded(encoder, batch)[0]
    naive = torch.stack([naive_gcn.embed(encoder, g, operations) for g in graphs])
    torch.testing.assert_close(ours, naive, rtol=1e-4, atol=1e-4)
    # A random direction in the space of all embeddings: equal gradients along it are equal gradients.
    direction = torch.randn(ours.shape, generator=torch.Generator().manual_seed(2))
    parameters = dict(encoder.named_parameters())
    found, expected = (
        torch.autograd.grad(
            (values * direction).sum(), list(parameters.values()), allow_unused=True, materialize_grads=True
        )
        for values in (ours, naive)
    )
    for name, a, b in zip(parameters, found, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4 * max(1.0, float(b.abs().max())), msg=name)


@pytest.mark.parametrize("settings", [GCN(**SMALL), GlobalNodeGCN(**SMALL)], ids=["mean", "global"])
def test_three_members_are_three_encoders(settings):
    graphs, operations = graph_makers.two_cells(12)
    encoder, batch = fresh(settings, graphs, operations, members=3)
    together = embedded(encoder, batch)
    for member in range(3):
        for position in (0, 11):
            naive = naive_gcn.embed(encoder, graphs[position], operations, member)
            torch.testing.assert_close(together[member, position], naive, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("settings", [GCN(**SMALL), GlobalNodeGCN(**SMALL)], ids=["mean", "global"])
def test_chosen_ones_are_embedded_as_in_the_whole(settings, make):
    graphs, operations = make(20)
    encoder, batch = fresh(settings, graphs, operations)
    whole = embedded(encoder, batch)
    for indices in ([0], [7, 7, 0, 7], list(range(20))[::-1]):
        part = embedded(encoder, batch, np.array(indices))
        torch.testing.assert_close(part, whole[:, indices], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("settings", [GCN(**SMALL), GlobalNodeGCN(**SMALL)], ids=["mean", "global"])
def test_isomorphic_graphs_are_embedded_alike(settings):
    a = Cell(1, 4, (Site("conv", (0,), 1), Site("pool", (0,), 2), Site("conv", (1, 2), 3)), (3,))
    b = Cell(1, 4, (Site("conv", (2, 1), 3), Site("conv", (0,), 2), Site("pool", (0,), 1)), (3,))
    other = Cell(1, 4, (Site("conv", (0,), 1), Site("pool", (1,), 2), Site("conv", (1, 2), 3)), (3,))
    encoder, batch = fresh(settings, [Graph((cell,)) for cell in (a, b, other)], ("conv", "pool"))
    values = embedded(encoder, batch)[0]
    assert torch.equal(values[0], values[1])
    assert not torch.allclose(values[0], values[2])


def test_what_merges_is_one_node():
    graphs, operations = graph_makers.on_edge(200)
    encoder, batch = fresh(GCN(**SMALL), graphs, operations)
    nodes = encoder.prepare(batch)
    sites = sum(len(graph.cells[0].sites) for graph in graphs)
    assert len(nodes.inner) == len(batch.operation) + 1 < sites
    assert len(encoder.prepare(batch, np.array([0])).inner) == 1  # no operation anywhere, just the input
    assert len(nodes.embeddings[0]) == int(nodes.distinct.max()) + 1 < len(graphs)


def test_nothing_at_all_is_zero_for_the_mean_and_the_inputs_for_the_global_node():
    empty, full = Graph((Cell(1, 2, (), (1,)),)), Graph((Cell(1, 2, (Site("conv", (0,), 1),), (1,)),))
    for settings in (GCN(**SMALL), GlobalNodeGCN(**SMALL)):
        encoder, batch = fresh(settings, [empty, full, empty], ("conv",))
        values = embedded(encoder, batch)[0]
        assert bool((values[0] == 0).all()) is not settings.global_node
        assert torch.equal(values[0], values[2])
        assert not torch.allclose(values[0], values[1])


def test_without_self_loops_an_operation_is_forgotten_at_once():
    """Why self loops are the default: in the first layer a node hears of those before it, and not of itself."""
    graphs = [Graph((Cell(1, 2, (Site(name, (0,), 1),), (1,)),)) for name in ("conv", "pool")]
    for self_loops in (False, True):
        encoder, batch = fresh(GCN(self_loops=self_loops, **SMALL), graphs, ("conv", "pool"))
        a, b = embedded(encoder, batch)[0]
        assert torch.equal(a, b) is not self_loops


def test_a_preset_is_the_same_with_another_default():
    assert vars(GlobalNodeGCN()) == vars(GCN(global_node=True))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"layers": 0}, "layers is 0.*at least 1"),
        ({"normalize": True, "self_loops": False}, "set self_loops to True"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(PredictorError, match=message):
        GCN(**settings)
