"""The LSTM that computes equal beginnings once, for several members, is PyTorch's."""

import numpy as np
import pytest
import torch
from torch import nn

from archrank.encoders import LSTM, Choices, merge
from archrank.spaces import EnasMacro, NASBench101, NASBench201

SMALL = LSTM(width=5, hidden=7)


def batch_of(space, rows):
    rows = np.array(rows)
    options = tuple(len(choice.options) for choice in space.choices)
    return merge(space.arrays(rows.astype(np.int16)), space.operations, Choices(rows, options))


def drawn(space, n):
    rows = [a.choices for a in space.sample(n, np.random.default_rng(0))]
    return batch_of(space, rows + rows[:3])


def built(batch, members=1, settings=SMALL):
    return settings.build(batch, members, torch.Generator().manual_seed(0))


def embedded(encoder, batch, indices=None):
    prepared = encoder.prepare(batch, indices)
    return encoder(prepared).index_select(1, prepared.distinct)


def pytorchs(encoder, member):
    """Tables by number of options, and an LSTM, with copies of a member's parameters."""
    lstm = nn.LSTM(encoder.settings.width, encoder.settings.hidden, batch_first=True)
    with torch.no_grad():
        for layer, kind in ((encoder.read, "ih"), (encoder.recur, "hh")):
            getattr(lstm, f"weight_{kind}_l0").copy_(layer.weight[member].T)
            getattr(lstm, f"bias_{kind}_l0").copy_(layer.bias[member, 0])
    return encoder.options[member].detach().requires_grad_(), lstm


@pytest.mark.parametrize(
    ("space", "tables"),
    [(NASBench201(), {5: 0}), (NASBench101(vertices=5), {2: 0, 4: 2}), (EnasMacro(layers=4), {6: 0, 2: 6})],
    ids=["nas-bench-201", "nas-bench-101", "enas-macro"],
)
def test_equals_pytorchs(space, tables):
    """In value and gradient, with one table of embeddings for all choices of so many options."""
    batch = drawn(space, 40)
    encoder = built(batch, members=2)
    assert encoder.options.shape[1] == sum(tables)
    ours = embedded(encoder, batch)
    direction = torch.randn(ours[0].shape, generator=torch.Generator().manual_seed(2))
    for member in range(2):
        options, lstm = pytorchs(encoder, member)
        first = torch.tensor([tables[size] for size in batch.choices.options])
        theirs = lstm(options[torch.from_numpy(batch.choices.rows) + first])[0][:, -1]
        torch.testing.assert_close(ours[member], theirs, rtol=1e-5, atol=1e-6)
        encoder.zero_grad()
        (ours[member] * direction).sum().backward(retain_graph=True)
        (theirs * direction).sum().backward()
        close = {"rtol": 1e-4, "atol": 1e-5}
        torch.testing.assert_close(encoder.options.grad[member], options.grad, **close)
        torch.testing.assert_close(encoder.read.weight.grad[member].T, lstm.weight_ih_l0.grad, **close)
        torch.testing.assert_close(encoder.recur.weight.grad[member].T, lstm.weight_hh_l0.grad, **close)
        torch.testing.assert_close(encoder.read.bias.grad[member, 0], lstm.bias_ih_l0.grad, **close)


def test_equal_beginnings_are_computed_once():
    rows = [[1, 2, 3, 0, 0, 0], [1, 2, 4, 0, 0, 0], [1, 2, 3, 0, 0, 0], [4, 2, 4, 0, 0, 0]]
    batch = batch_of(NASBench201(), rows)
    prepared = built(batch).prepare(batch)
    assert [len(step.option) for step in prepared.steps] == [2, 2, 3, 3, 3, 3]
    assert prepared.distinct[0] == prepared.distinct[2]
    assert len(set(prepared.distinct.tolist())) == 3


def test_the_whole_of_nas_bench_201_shares_its_beginnings():
    space = NASBench201()
    batch = batch_of(space, space.rows())
    prepared = built(batch).prepare(batch)
    assert [len(step.option) for step in prepared.steps] == [5**n for n in range(1, 7)]


def test_chosen_ones_are_embedded_as_in_the_whole():
    batch = drawn(NASBench101(vertices=5), 20)
    encoder = built(batch, members=2)
    whole = embedded(encoder, batch)
    for indices in ([0], [7, 7, 0, 7], list(range(23))[::-1]):
        part = embedded(encoder, batch, np.array(indices))
        torch.testing.assert_close(part, whole[:, indices], rtol=1e-5, atol=1e-6)


def test_two_rows_of_one_graph_are_told_apart():
    space = NASBench201()
    batch = batch_of(space, [[3, 1, 0, 0, 2, 4], [1, 3, 0, 0, 4, 2]])
    a, b = embedded(built(batch), batch)[0]
    assert (a - b).abs().max() > 1e-3


def test_parameters_are_drawn_as_pytorch_does():
    batch = drawn(NASBench201(), 5)
    encoder = built(batch, members=50, settings=LSTM())
    assert encoder.features == 100
    assert 0.9 < float(encoder.options.detach().std()) < 1.1
    for layer in (encoder.read, encoder.recur):
        for parameter in (layer.weight, layer.bias):
            assert 0.098 < float(parameter.detach().abs().max()) <= 0.1
