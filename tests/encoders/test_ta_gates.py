"""TA-GATES over many graphs at once is the formulas written down, in value and gradient; and it is deterministic."""

from dataclasses import replace

import graph_makers
import naive_ta_gates
import numpy as np
import pytest
import torch

from archrank import Cell, Graph, Site
from archrank.encoders import GATES, TAGATES, collate
from archrank.errors import PredictorError, UnknownName
from archrank.testing import check_encoder

SMALL = {"width": 12, "operation_features": 5, "node_features": 6, "start_width": 7}
ON_NODE = {"self_loops": True, "bias": True, "trainable_other": True}

# Two operations of one kind between the same junctions, a read from two junctions, and two outputs.
ODD = Graph(
    (
        Cell(
            1,
            5,
            (
                Site("conv", (0,), 1),
                Site("conv", (0,), 1),
                Site("pool", (0,), 2),
                Site("skip", (1, 2), 3),
                Site("conv", (2,), 3),
                Site("pool", (3, 1), 4),
            ),
            (4, 3),
        ),
    )
)
# Of every site: 1 over the shortest way from the input and to an output, and over the longest ones; how many junctions
# it reads, how many sites read what it writes, how many write there.
PLACES = [
    (1, 1 / 2, 1, 1 / 3, 1, 2, 2),
    (1, 1 / 2, 1, 1 / 3, 1, 2, 2),
    (1, 1 / 2, 1, 1 / 3, 1, 2, 1),
    (1 / 2, 1, 1 / 2, 1 / 2, 2, 1, 2),
    (1 / 2, 1, 1 / 2, 1 / 2, 1, 1, 2),
    (1 / 2, 1, 1 / 3, 1, 2, 0, 1),
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


def embedded(encoder, batch):
    prepared = encoder.prepare(batch)
    return encoder(prepared).index_select(1, prepared.distinct)


@pytest.mark.parametrize(
    "settings",
    [
        TAGATES(steps=1, **SMALL),
        TAGATES(steps=3, **SMALL),
        TAGATES(steps=2, only_convolutions=True, open_skips=True, **SMALL),
        TAGATES(steps=3, positions=0.7, rate=0.5, **ON_NODE, **SMALL),
        TAGATES(steps=2, residual="all", **ON_NODE, **SMALL),
        TAGATES(steps=2, residual="none", layers=4, **ON_NODE, **SMALL),
    ],
    ids=str,
)
def test_equals_the_formulas(settings):
    other = Graph((Cell(1, 3, (Site("conv", (0,), 1), Site("pool", (1,), 2)), (2,)),))
    encoder, batch = fresh(settings, [other, ODD], graph_makers.OPERATIONS, members=2)
    features = np.array(PLACES, dtype=np.float32)
    features[:, 4:] = np.log1p(features[:, 4:])
    ours = embedded(encoder, batch)[1, 1]
    naive = naive_ta_gates.embed(encoder, ODD, graph_makers.OPERATIONS, torch.from_numpy(features), member=1)
    torch.testing.assert_close(ours, naive, rtol=1e-4, atol=1e-4)
    direction = torch.randn(ours.shape, generator=torch.Generator().manual_seed(2))
    parameters = {name: p for name, p in encoder.named_parameters() if p.requires_grad}
    found, expected = (
        torch.autograd.grad(
            (values * direction).sum(), list(parameters.values()), allow_unused=True, materialize_grads=True
        )
        for values in (ours, naive)
    )
    for name, a, b in zip(parameters, found, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4 * max(1.0, float(b.abs().max())), msg=name)


@pytest.mark.parametrize(
    "make",
    [
        graph_makers.on_edge,
        graph_makers.on_node,
        graph_makers.trees,
        graph_makers.two_cells,
        graph_makers.two_inputs,
    ],
)
def test_keeps_what_encoders_promise(make):
    graphs, operations = make(10)
    suited = TAGATES.suited_to(collate(graphs, operations))
    check_encoder(replace(suited, **SMALL), graphs, operations)


@pytest.mark.parametrize("make", [graph_makers.on_edge, graph_makers.on_node])
def test_one_step_without_places_is_gates(make):
    graphs, operations = make(10)
    suited = TAGATES.suited_to(collate(graphs, operations))
    ours = replace(suited, steps=1, positions=0.0, open_skips=False, **SMALL)
    same = {name: getattr(ours, name) for name in ("layers", "residual", *ON_NODE, *SMALL)}
    encoder, batch = fresh(ours, graphs, operations)
    gates = GATES(**same).build(batch, 1, torch.Generator())
    values = {name.replace("forward_layers", "layers"): v for name, v in encoder.state_dict().items()}
    gates.load_state_dict({name: values[name] for name in gates.state_dict()})
    torch.testing.assert_close(embedded(encoder, batch), embedded(gates, batch), rtol=1e-4, atol=1e-4)


def test_operations_of_one_kind_are_told_apart_by_their_places_alone():
    """Twins that may be exchanged stay alike; the same operation further on differs, which GATES cannot see."""
    chain = Graph((Cell(1, 3, (Site("conv", (0,), 1), Site("conv", (1,), 2)), (2,)),))
    twins = Graph((Cell(1, 2, (Site("conv", (0,), 1), Site("conv", (0,), 1)), (1,)),))
    encoder, batch = fresh(TAGATES(**SMALL), [chain, twins], ("conv",))
    positions = encoder.prepare(batch).positions[0]
    assert not torch.equal(positions[0], positions[1])
    assert torch.equal(positions[2], positions[3])


def test_the_settings_that_suit_a_space():
    for make, expected in (
        (graph_makers.on_edge, TAGATES(only_convolutions=True, open_skips=True)),
        (graph_makers.on_node, TAGATES(steps=3, layers=5, **ON_NODE)),
        (graph_makers.trees, TAGATES(steps=3, layers=5, **ON_NODE)),
    ):
        assert TAGATES.suited_to(collate(*make())) == expected


def test_settings_that_make_no_sense_are_refused():
    for settings, error, message in (
        ({"steps": 0}, PredictorError, "steps is 0.*at least 1"),
        ({"layers": 0}, PredictorError, "layers is 0.*at least 1"),
        ({"residual": "input"}, UnknownName, "did you mean 'inputs'"),
    ):
        with pytest.raises(error, match=message):
            TAGATES(**settings)
