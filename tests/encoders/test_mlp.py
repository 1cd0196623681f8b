import numpy as np
import pytest
import torch

from archrank.encoders import GATES, MLP, Choices, OneHotMLP, collate, merge
from archrank.errors import PredictorError
from archrank.spaces import NASBench101, NASBench201


def batch_of(space, rows):
    rows = np.array(rows)
    options = tuple(len(choice.options) for choice in space.choices)
    return merge(space.arrays(rows.astype(np.int16)), space.operations, Choices(rows, options))


def embedded(settings, batch, members=1, indices=None):
    encoder = settings.build(batch, members, torch.Generator())
    prepared = encoder.prepare(batch, indices)
    values = encoder(prepared).index_select(1, prepared.distinct)
    assert values.shape == (members, len(batch) if indices is None else len(indices), encoder.features)
    return values


def test_indices_are_numbers():
    rows = [[3, 0, 4, 1, 2, 0], [0, 0, 0, 0, 0, 1], [3, 0, 4, 1, 2, 0]]
    values = embedded(MLP(), batch_of(NASBench201(), rows), members=2)
    assert values.tolist() == [rows, rows]


def test_one_hot_numbers_stand_at_their_options_place():
    space = NASBench101(vertices=4)  # six edges of two options, then two vertices of four
    rows = np.array([a.choices for a in space.sample(5, np.random.default_rng(0))])
    values = embedded(OneHotMLP(), batch_of(space, rows))[0].numpy()
    assert values.shape == (5, 6 * 2 + 2 * 4)
    assert (values[:, :12].reshape(5, 6, 2).argmax(axis=2) == rows[:, :6]).all()
    assert (values[:, 12:].reshape(5, 2, 4).argmax(axis=2) == rows[:, 6:]).all()
    assert (values.sum(axis=1) == 8).all()


def test_chosen_rows_come_in_the_order_chosen():
    rows = np.array([[1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 4], [2, 0, 0, 3, 0, 0]])
    values = embedded(MLP(), batch_of(NASBench201(), rows), indices=np.array([2, 0, 2]))
    assert values[0].tolist() == rows[[2, 0, 2]].tolist()


@pytest.mark.parametrize("settings", [MLP(), OneHotMLP()])
def test_two_rows_of_one_graph_are_told_apart(settings):
    """Two parallel branches of a cell, exchanged: GATES sees one architecture here, the flat encoding two."""
    batch = batch_of(NASBench201(), [[3, 1, 0, 0, 2, 4], [1, 3, 0, 0, 4, 2]])
    a, b = embedded(settings, batch)[0]
    assert not torch.equal(a, b)
    a, b = embedded(GATES(), batch)[0]
    assert torch.equal(a, b)


def test_graphs_without_rows_are_refused():
    space = NASBench201()
    batch = collate([space.graph(a) for a in space.sample(3, np.random.default_rng(0))], space.operations)
    with pytest.raises(
        PredictorError, match=r"without their rows of choices.*an encoder of graphs such as GATES"
    ):
        MLP().build(batch, 1, torch.Generator())
