"""The merged flat computation of GATES is the naive one, in value and gradient."""

from dataclasses import replace

import graph_makers
import naive_gates
import numpy as np
import pytest
import torch

from archrank import Architecture, Cell, Graph, Site
from archrank.encoders import GATES, collate, schedule
from archrank.spaces import NASBench201

OPS = ("conv", "pool")
SMALL = {"width": 12, "operation_features": 5, "node_features": 6, "start_width": 7}


def fresh(settings, graphs, operations, members=1, seed=0):
    """An encoder whose every parameter, also those that start at zero, is random."""
    batch = collate(graphs, operations)
    encoder = settings.build(batch, members, torch.Generator().manual_seed(seed))
    generator = torch.Generator().manual_seed(seed + 1)
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.uniform_(-1, 1, generator=generator)
    return encoder, batch


def embedded(encoder, batch, indices=None):
    prepared = encoder.prepare(batch, indices)
    return encoder(prepared).index_select(1, prepared.distinct)


def assert_equal_to_naive(settings, graphs, operations, form):
    encoder, batch = fresh(settings, graphs, operations)
    ours = embedded(encoder, batch)[0]
    naive = torch.stack([naive_gates.embed(encoder, g, operations, form=form) for g in graphs])
    torch.testing.assert_close(ours, naive, rtol=1e-4, atol=1e-4)
    # A random direction in the space of all embeddings: equal gradients along it are equal gradients.
    direction = torch.randn(ours.shape, generator=torch.Generator().manual_seed(2))
    parameters = [p for p in encoder.parameters() if p.requires_grad]
    found, expected = (
        torch.autograd.grad((values * direction).sum(), parameters, allow_unused=True, materialize_grads=True)
        for values in (ours, naive)
    )
    for name, a, b in zip(
        [n for n, p in encoder.named_parameters() if p.requires_grad], found, expected, strict=True
    ):
        assert torch.isfinite(a).all(), name
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4 * max(1.0, float(b.abs().max())), msg=name)


@pytest.mark.parametrize("layers", [1, 2, 3, 5])
@pytest.mark.parametrize("residual", ["all", "inputs", "none"])
@pytest.mark.parametrize("readout", ["outputs", "junctions"])
def test_on_edge(layers, residual, readout):
    settings = GATES(layers=layers, residual=residual, readout=readout, bias=layers == 3, **SMALL)
    assert_equal_to_naive(settings, *graph_makers.on_edge(), form="on edge")


@pytest.mark.parametrize("layers", [1, 3, 6])
@pytest.mark.parametrize("residual", ["all", "inputs", "none"])
@pytest.mark.parametrize("self_loops", [False, True])
@pytest.mark.parametrize("make", [graph_makers.on_node, graph_makers.trees])
def test_on_node(make, layers, residual, self_loops):
    settings = GATES(
        layers=layers, residual=residual, self_loops=self_loops, bias=True, trainable_other=True,
        readout="outputs" if layers == 3 else "junctions", **SMALL,
    )  # fmt: skip
    assert_equal_to_naive(settings, *make(), form="on node")


@pytest.mark.parametrize("layers", [2, 7])
@pytest.mark.parametrize("residual", ["all", "inputs", "none"])
@pytest.mark.parametrize("self_loops", [False, True])
@pytest.mark.parametrize("readout", ["outputs", "junctions"])
def test_any_graph_of_two_cells(layers, residual, self_loops, readout):
    settings = GATES(
        layers=layers, residual=residual, self_loops=self_loops, readout=readout,
        bias=layers == 2, trainable_other=True, **SMALL,
    )  # fmt: skip
    assert_equal_to_naive(settings, *graph_makers.two_cells(), form="sites")


@pytest.mark.parametrize("residual", ["all", "inputs", "none"])
@pytest.mark.parametrize("self_loops", [False, True])
def test_any_graph_of_two_cells_averaged(residual, self_loops):
    settings = GATES(
        layers=3,
        residual=residual,
        self_loops=self_loops,
        aggregate="mean",
        bias=True,
        trainable_other=True,
        **SMALL,
    )
    assert_equal_to_naive(settings, *graph_makers.two_cells(), form="sites")


@pytest.mark.parametrize("layers", [1, 2, 5])
@pytest.mark.parametrize("aggregate", ["mean", "sum"])
def test_multi_edge(layers, aggregate):
    settings = replace(GATES.multi_edge(), layers=layers, aggregate=aggregate, **SMALL)
    assert_equal_to_naive(settings, *graph_makers.two_inputs(), form="multi-edge")


@pytest.mark.parametrize("position", range(5))
def test_a_batch_of_one_cell_only(position):
    graphs, operations = graph_makers.on_edge(0)
    for readout in ("outputs", "junctions"):
        assert_equal_to_naive(GATES(readout=readout, **SMALL), [graphs[position]], operations, form="on edge")


def test_the_naive_forms_agree_with_each_other():
    for make, form, aggregate in (
        (graph_makers.on_edge, "on edge", "sum"),
        (graph_makers.on_node, "on node", "sum"),
        (graph_makers.two_inputs, "multi-edge", "mean"),
    ):
        graphs, operations = make(8)
        encoder, _ = fresh(GATES(layers=3, aggregate=aggregate, **SMALL), graphs, operations)
        for graph in graphs:
            torch.testing.assert_close(
                naive_gates.embed(encoder, graph, operations),
                naive_gates.embed(encoder, graph, operations, form=form),
            )


@pytest.mark.parametrize(
    ("make", "settings"),
    [
        (graph_makers.on_edge, GATES(**SMALL)),
        (graph_makers.on_node, GATES(self_loops=True, readout="junctions", **SMALL)),
        (graph_makers.two_cells, GATES(layers=2, trainable_other=True, **SMALL)),
    ],
)
def test_three_members_are_three_encoders(make, settings):
    graphs, operations = make(12)
    encoder, batch = fresh(settings, graphs, operations, members=3)
    together = embedded(encoder, batch)
    for member in range(3):
        alone, _ = fresh(settings, graphs, operations)
        alone.load_state_dict({k: v[member : member + 1] for k, v in encoder.state_dict().items()})
        torch.testing.assert_close(together[member], embedded(alone, batch)[0], rtol=1e-4, atol=1e-4)
        naive = naive_gates.embed(encoder, graphs[-1], operations, member)
        torch.testing.assert_close(together[member, -1], naive, rtol=1e-4, atol=1e-4)


def test_a_members_gradient_is_its_own():
    graphs, operations = graph_makers.two_cells(6)
    settings = GATES(residual="all", bias=True, trainable_other=True, **SMALL)
    encoder, batch = fresh(settings, graphs, operations, members=3)
    embedded(encoder, batch)[1].square().sum().backward()
    for name, parameter in encoder.named_parameters():
        assert parameter.grad[1].abs().sum() > 0, name
        assert parameter.grad[[0, 2]].abs().sum() == 0, name


def test_chosen_ones_are_embedded_as_in_the_whole():
    for make in (graph_makers.on_edge, graph_makers.on_node, graph_makers.two_cells):
        graphs, operations = make(20)
        encoder, batch = fresh(GATES(trainable_other=True, **SMALL), graphs, operations)
        whole = embedded(encoder, batch)
        for indices in ([0], [3, 1, 2], [7, 7, 0, 7], list(range(20))[::-1]):
            part = embedded(encoder, batch, np.array(indices))
            torch.testing.assert_close(part, whole[:, indices], rtol=1e-5, atol=1e-5)


def messages(plan):
    """How many messages each layer computes, first to last."""
    return [len(level.kinds) for level in plan.levels]


def test_only_what_is_read_is_computed():
    graphs, operations = graph_makers.on_edge(200)
    batch = collate(graphs, operations)
    encoder, _ = fresh(GATES(**SMALL), graphs, operations)
    counts = messages(encoder.prepare(batch))
    # The cells are three steps deep: before that, inputs keep what they have and nobody else is heard of.
    assert counts[:2] == [0, 0]
    assert counts == sorted(counts)
    into_outputs = batch.incoming.take(np.unique(batch.outputs[0].columns)).columns
    assert counts[-1] == len(np.unique(into_outputs))
    assert counts[-2] < 0.2 * len(batch.operation)
    assert messages(encoder.prepare(batch, np.array([0]))) == [0] * 5  # an output that nothing reaches


def test_nothing_reaches_an_output_that_is_cut_off():
    """With residuals of inputs only, cells that pass nothing on are one and the same: zero."""
    graphs, operations = graph_makers.on_edge(0)
    encoder, batch = fresh(GATES(**SMALL), graphs, operations)
    values = embedded(encoder, batch)[0]
    assert (values[[0, 3]] == 0).all()
    assert (values[[1, 2, 4]] != 0).any(dim=1).all()


def test_dead_branches_are_ignored_exactly():
    space = NASBench201()
    live, with_dead_end = (3, 0, 0, 0, 2, 0), (3, 4, 1, 0, 2, 0)
    graphs = [space.graph(Architecture(space.name, row)) for row in (live, with_dead_end)]
    encoder, batch = fresh(GATES(**SMALL), graphs, space.operations)
    a, b = embedded(encoder, batch)[0]
    assert torch.equal(a, b)


def test_the_settings_that_suit_a_space():
    for make, expected in (
        (graph_makers.on_edge, GATES()),
        (graph_makers.on_node, GATES.on_node()),
        (graph_makers.trees, GATES.on_node()),
        (graph_makers.two_cells, GATES()),
        (graph_makers.two_inputs, GATES.multi_edge()),
    ):
        assert GATES.suited_to(collate(*make())) == expected


def test_starts_are_drawn_as_said():
    """Operations and inputs normal, flow weights within ±1/√width out, other junctions zero and frozen."""
    graphs, operations = graph_makers.on_edge()
    encoder = GATES().build(collate(graphs, operations), 2, torch.Generator().manual_seed(0))
    assert encoder.features == 128
    assert 0.9 < float(encoder.operations.detach().std()) < 1.1
    assert (encoder.other_start == 0).all()
    assert not encoder.other_start.requires_grad
    for layer in encoder.layers:
        bound = 128**-0.5
        assert 0.98 * bound < float(layer.move.weight.detach().abs().max()) <= bound
        assert layer.bias is None
    assert GATES.on_node().build(collate(graphs, operations), 1, torch.Generator()).layers[0].bias is not None


def test_members_start_apart():
    graphs, operations = graph_makers.on_edge(3)
    encoder = GATES(**SMALL).build(collate(graphs, operations), 2, torch.Generator().manual_seed(0))
    for name, parameter in encoder.named_parameters():
        if name != "other_start":
            assert not torch.equal(parameter[0], parameter[1]), name


def chain(length):
    return Graph((Cell(1, length + 1, tuple(Site("a", (i,), i + 1) for i in range(length)), (length,)),))


@pytest.mark.parametrize(("length", "layers"), [(2, 5), (5, 5), (9, 9)])
def test_there_are_layers_enough_for_the_longest_path(length, layers):
    batch = collate([chain(1), chain(length)], ("a", "b"))
    assert batch.depth == length
    assert GATES.suited_to(batch).layers == layers


@pytest.mark.parametrize("aggregate", ["sum", "mean"])
@pytest.mark.parametrize("self_loops", [False, True])
@pytest.mark.parametrize("residual", ["all", "inputs", "none"])
def test_states_that_have_seen_the_same_can_be_one(monkeypatch, residual, self_loops, aggregate):
    """What is done in large graphs is exact in all: the same embeddings and gradients."""
    settings = GATES(
        layers=2, residual=residual, self_loops=self_loops, aggregate=aggregate, readout="junctions", **SMALL
    )
    for graphs, operations in (graph_makers.on_node(), graph_makers.two_cells(), graph_makers.two_inputs()):
        encoder, batch = fresh(settings, graphs, operations)
        apart = embedded(encoder, batch)
        with monkeypatch.context() as patch:
            patch.setattr(schedule, "_LARGE", 0)
            prepared = encoder.prepare(batch)
            together = encoder(prepared).index_select(1, prepared.distinct)
        torch.testing.assert_close(together, apart, rtol=1e-4, atol=1e-4)
        direction = torch.randn(apart.shape, generator=torch.Generator().manual_seed(2))
        parameters = [p for p in encoder.parameters() if p.requires_grad]
        gradients = [
            torch.autograd.grad((v * direction).sum(), parameters, allow_unused=True, materialize_grads=True)
            for v in (apart, together)
        ]
        for a, b in zip(*gradients, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4 * max(1.0, float(a.abs().max())))


def test_a_long_chain_needs_few_layers_and_states():
    """One layer for each of 500 operations would take hundreds of times the memory, and nothing would arrive."""
    rng = np.random.default_rng(0)
    chains = [
        Graph((Cell(1, 501, tuple(Site(OPS[rng.integers(2)], (i,), i + 1) for i in range(500)), (500,)),))
        for _ in range(20)
    ]
    batch = collate(chains, OPS)
    settings = GATES.suited_to(batch)
    assert settings.layers == 3
    assert settings.readout == "junctions"
    prepared = settings.build(batch, 1, torch.Generator().manual_seed(0)).prepare(batch)
    # A junction has seen its last three operations, and the input if that is no further away.
    assert len(prepared.levels[-1].kinds) <= 2**3 + (2**3 + 2**2 + 2)
    assert len(prepared.distinct.unique()) == 20
