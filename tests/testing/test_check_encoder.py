"""A conformance suite is worth what it notices: each of these encoders breaks one promise."""

import re
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from archrank import Cell, Graph, Site
from archrank.encoders import ENCODERS, GATES, GCN, LSTM, MLP, Choices, GATESEncoder, LSTMEncoder
from archrank.errors import PredictorError
from archrank.spaces import NASBench101, NASBench201, NASBenchGraph
from archrank.testing import check_encoder

GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "add-an-encoder.md"
SPACE = NASBench201()


def drawn(space, n=24):
    return list(dict.fromkeys(space.sample(n, np.random.default_rng(0))))


def graphs(space):
    return [space.graph(a) for a in drawn(space)]


def choices(space):
    rows = np.array([a.choices for a in drawn(space)])
    return Choices(rows, tuple(len(choice.options) for choice in space.choices))


def two_cells():
    def cell(inputs, first, second):
        sites = (Site(first, tuple(range(inputs)), inputs), Site(second, (0, inputs), inputs + 1))
        return Cell(inputs, inputs + 2, sites, (inputs, inputs + 1))

    names = ("conv", "pool", "skip")
    rng = np.random.default_rng(0)
    rows = sorted({tuple(rng.integers(3, size=4).tolist()) for _ in range(30)})
    return [
        Graph((cell(2, names[a], names[b]), cell(1, names[c], names[d]))) for a, b, c, d in rows
    ], names, Choices(np.array(rows), (3, 3, 3, 3))  # fmt: skip


@pytest.mark.parametrize("space", [SPACE, NASBench101(vertices=5), NASBenchGraph()], ids=lambda s: s.name)
@pytest.mark.parametrize("name", ENCODERS)
def test_every_encoder_over_every_space(name, space):
    check_encoder(ENCODERS[name](), graphs(space), space.operations, choices=choices(space))


@pytest.mark.parametrize("name", ENCODERS)
def test_every_encoder_over_two_cells(name):
    cells, operations, rows = two_cells()
    check_encoder(ENCODERS[name](), cells, operations, choices=rows)


@pytest.mark.parametrize(
    "settings",
    [
        GATES.multi_edge(),
        GCN(layers=1, self_loops=False),
        GCN(layers=2, normalize=True, width=8),
        GCN(layers=2, self_loops=False, global_node=True, width=8),
        LSTM(width=5, hidden=7),
    ],
    ids=str,
)
def test_other_settings(settings):
    cells, operations, rows = two_cells()
    check_encoder(settings, cells, operations, choices=rows)


@pytest.mark.parametrize("settings", [MLP(), LSTM()], ids=str)
def test_an_encoder_of_flat_choices_needs_them(settings):
    with pytest.raises(PredictorError, match=r"without their rows of choices.*give them to merge"):
        check_encoder(settings, graphs(SPACE), SPACE.operations)


def test_there_is_a_row_for_every_graph():
    with pytest.raises(AssertionError, match=r"each of the 20 graphs, not 24"):
        check_encoder(MLP(), graphs(SPACE)[:20], SPACE.operations, choices=choices(SPACE))


@pytest.mark.parametrize("settings", [GATES.on_node(), GATES.on_node_residual()])
def test_settings_for_operations_on_nodes(settings):
    check_encoder(settings, graphs(NASBenchGraph()), NASBenchGraph().operations)


def test_the_guides_encoder_passes_and_learns():
    scope = {"__name__": "guide"}
    for block in re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL):
        exec(compile(block, str(GUIDE), "exec"), scope)  # noqa: S102
    known, predictor = scope["known"], scope["predictor"]
    scores = predictor.predict(known)
    assert np.corrcoef(scores, scope["accuracies"])[0, 1] > 0.7
    assert scope["scores"].shape == (10,)


def faulty(module):
    """Settings of GATES that build another module."""

    class Settings(GATES):
        def build(self, template, members, generator):
            encoder = module(self, members, len(template.operations), template.inputs, len(template.cells))
            encoder.reset(generator)
            return encoder

    return Settings(layers=3, width=8)


class Positional(GATESEncoder):
    """Adds what depends on a graph's place in the batch."""

    def prepare(self, batch, indices=None):
        prepared = super().prepare(batch, indices)
        object.__setattr__(
            prepared, "distinct", torch.arange(len(prepared.distinct)) % int(prepared.distinct.max() + 1)
        )
        return prepared


class Normalized(GATESEncoder):
    """Normalises over the batch, as a batch norm would."""

    def forward(self, prepared):
        values = super().forward(prepared)
        return values - values.mean(dim=1, keepdim=True)


class Unordered(GATESEncoder):
    """Forgets in which order it was asked for."""

    def prepare(self, batch, indices=None):
        return super().prepare(batch, None if indices is None else np.sort(indices))


class Blind(GATESEncoder):
    def forward(self, prepared):
        values = super().forward(prepared)
        return values * 0 + self.input_start.mean()


class Mixing(GATESEncoder):
    def forward(self, prepared):
        values = super().forward(prepared)
        return values + 0.1 * values.mean(dim=0, keepdim=True)


class Alike(GATESEncoder):
    def reset(self, generator):
        super().reset(generator)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.copy_(parameter[:1].expand_as(parameter).clone())


class Dead(GATESEncoder):
    def forward(self, prepared):
        values = super().forward(prepared)
        return values.detach() + 0 * self.input_start.sum()


class Global(GATESEncoder):
    def reset(self, generator):
        super().reset(generator)
        torch.nn.init.normal_(self.input_start)


class Shared(GATESEncoder):
    def __init__(self, *args):
        super().__init__(*args)
        self.scale = torch.nn.Parameter(torch.ones(1))


class Boastful(GATESEncoder):
    def __init__(self, *args):
        super().__init__(*args)
        self.features += 1


class Secretive(GATESEncoder):
    """Draws something that is no parameter."""

    def reset(self, generator):
        super().reset(generator)
        self.secret = torch.rand(1, generator=generator)

    def forward(self, prepared):
        values = super().forward(prepared)
        return values * self.secret


class Noisy(GATESEncoder):
    def forward(self, prepared):
        values = super().forward(prepared)
        return values + 0.01 * torch.randn(values.shape)


class Exploding(GATESEncoder):
    def forward(self, prepared):
        values = super().forward(prepared)
        return values / 0.0


class Numbered(GATESEncoder):
    """Looks at the number that a state happens to have in its batch."""

    def prepare(self, batch, indices=None):
        read = batch.outputs[0].columns
        numbers = torch.from_numpy(read if indices is None else read[indices])
        prepared = super().prepare(batch, indices)
        return SimpleNamespace(prepared=prepared, numbers=numbers, distinct=torch.arange(len(numbers)))

    def forward(self, prepared):
        values = super().forward(prepared.prepared).index_select(1, prepared.prepared.distinct)
        return values + 0.1 * prepared.numbers[None, :, None]


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (Positional, "must not depend on"),
        (Normalized, "must not depend on what else is in the batch"),
        (Numbered, "must not depend on"),
        (Unordered, "in this order"),
        (Blind, "alike, so it cannot rank"),
        (Mixing, "an encoder of its own"),
        (Alike, "must start apart"),
        (Dead, "nothing can be learnt"),
        (Global, "generator given"),
        (Shared, "first axis must be E = 3"),
        (Boastful, r"expected \(E, distinct, D\)"),
        (Secretive, "parameters or buffers"),
        (Noisy, "embedded alike"),
        (Exploding, "finite"),
    ],
)
def test_a_broken_promise_is_noticed(module, message):
    with pytest.raises(AssertionError, match=message):
        check_encoder(faulty(module), graphs(SPACE), SPACE.operations)


class Placed(LSTMEncoder):
    """Adds what depends on a row's place in the batch."""

    def prepare(self, batch, indices=None):
        sequences = super().prepare(batch, indices)
        object.__setattr__(sequences, "distinct", torch.sort(sequences.distinct).values)
        return sequences


def test_a_broken_promise_of_flat_choices_is_noticed():
    class Settings(LSTM):
        def build(self, template, members, generator):
            encoder = Placed(self, members, template.choices.options)
            encoder.reset(generator)
            return encoder

    with pytest.raises(AssertionError, match="must not depend on the order of the batch"):
        check_encoder(Settings(5, 7), graphs(SPACE), SPACE.operations, choices=choices(SPACE))


@dataclass(frozen=True)
class Listing(GATES):
    widths: tuple[int, ...] = (8, 8)


def test_settings_must_come_back_from_json():
    with pytest.raises(AssertionError, match="comes back from JSON as"):
        check_encoder(Listing(), graphs(SPACE), SPACE.operations)


def test_too_few_graphs_are_no_check():
    with pytest.raises(AssertionError, match="at least 4 graphs"):
        check_encoder(GATES(), graphs(SPACE)[:3], SPACE.operations)
