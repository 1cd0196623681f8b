"""Cells that are merged together have the states that each has by itself."""

import dataclasses

import numpy as np
import pytest

from archrank.encoders import networks
from archrank.encoders.incidence import Incidence
from archrank.encoders.networks import Networks, collate_networks
from archrank.graph import Cell, Graph, Node, Site
from archrank.spaces import FreeForm, HierarchicalNASBench201


def columns(batch):
    """All arrays of a batch, as lists."""
    for field in dataclasses.fields(batch):
        value = getattr(batch, field.name)
        parts = (value.starts, value.columns) if isinstance(value, Incidence) else (value,)
        yield from (np.asarray(part).tolist() for part in parts)


def equal(first, second):
    return str(list(columns(first))) == str(list(columns(second)))  # where there may be NaN


def drawn(space, n, seed=0):
    return [space.graph(each) for each in space.sample(n, np.random.default_rng(seed))]


def one_by_one(graphs):
    made = Networks()
    return made.batch([made.add(graph) for graph in graphs])


def odd_graphs():
    """Cells with constants, several inputs, unwritten junctions, sums, ordered arguments and several outputs."""
    for kind in "abcdefghijkl":
        inner = Cell(1, 4, (Node(kind, (0,), 1), Node("pool", (0,), 1), Site("add", (1, 0), 3)), (3,))
        yield Graph(
            (
                Cell(
                    2,
                    5,
                    (Node(kind, (0,), 3), Node("conv", (2,), 4), Node("cell", (1,), 4, inner=inner)),
                    (4,),
                ),
                Cell(
                    1,
                    4,
                    (Node("split", (0,), 1, more_targets=(2,)), Node("sub", (2, 1), 3, ordered=True)),
                    (3, 1),
                    ordered=True,
                ),
                Cell(
                    1, 3, (Node("zeros", (), 1), Node(kind, (0,), 1, attributes=(("kernel", 3.0),))), (1, 2)
                ),
            )
        )


@pytest.mark.parametrize(
    "graphs",
    [drawn(HierarchicalNASBench201(), 40), drawn(FreeForm(), 80), list(odd_graphs())],
    ids=["hierarchical", "free-form", "odd"],
)
def test_together_and_one_by_one_give_the_same_batch(graphs, monkeypatch):
    together = collate_networks(graphs)
    assert equal(together, one_by_one(graphs))
    monkeypatch.setattr(networks, "_ALIKE", 1)
    assert equal(collate_networks(graphs), together)
    monkeypatch.setattr(networks, "_TOGETHER", 7)
    monkeypatch.setattr(networks, "_KEPT", 20)
    assert equal(collate_networks(graphs), together)
    assert equal(collate_networks(iter(graphs[:7])), collate_networks(graphs[:7]))


def test_what_was_added_before_changes_nothing():
    space, made = HierarchicalNASBench201(), Networks()
    made.add_all(drawn(space, 30, seed=1))
    graphs = drawn(space, 30)
    assert equal(made.batch(made.add_all(graphs)), collate_networks(graphs))


def test_cells_are_remembered_only_up_to_a_limit(monkeypatch):
    monkeypatch.setattr(networks, "_KEPT", 100)
    monkeypatch.setattr(networks, "_TOGETHER", 10)
    made = Networks()
    made.add_all(drawn(HierarchicalNASBench201(), 100))
    assert len(made._cells) < 1_000


def test_the_collector_runs_again_after_an_error():
    import gc

    def graphs():
        yield from odd_graphs()
        raise ValueError

    with pytest.raises(ValueError):
        Networks().add_all(graphs())
    assert gc.isenabled()
