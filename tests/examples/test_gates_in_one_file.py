"""The file that shows the whole method agrees with the library."""

import json
import re
import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from archrank import Architecture
from archrank.benchmarks import load_benchmark
from archrank.encoders import GATES, collate
from archrank.errors import ParseError
from archrank.ranking import PairwiseHinge, kendall_tau
from archrank.spaces import NASBench101, NASBench201

EXAMPLE = Path(__file__).parents[2] / "examples" / "gates_in_one_file.py"


@pytest.fixture(scope="module")
def example():
    return SimpleNamespace(**runpy.run_path(str(EXAMPLE)))


@pytest.fixture(autouse=True)
def _seeded():
    """The file draws from PyTorch's global generator: fix what it draws, and leave the generator as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def test_it_stays_short():
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) < 250


def randomised(settings, graphs, operations):
    """The library's encoder, every parameter random that may be trained, and its embeddings of the graphs."""
    batch = collate(graphs, operations)
    encoder = settings.build(batch, 1, torch.Generator().manual_seed(0))
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in encoder.parameters():
            if parameter.requires_grad:
                parameter.uniform_(-1, 1, generator=generator)
        prepared = encoder.prepare(batch)
        return encoder, encoder(prepared)[0].index_select(0, prepared.distinct)


def copied(encoder, into):
    """The file's encoder with all the parameters of the library's."""
    parameters = {}
    for name, value in encoder.state_dict().items():
        value = value[0]
        if name == "operations":
            # The file's operation 0 is none at all, with a vector of zeros.
            parameters["operations.weight"] = F.pad(value, (0, 0, 1, 0))
        elif name.endswith("move.weight"):
            parameters[name.replace("move.weight", "W")] = value
        elif name.endswith("weight"):
            parameters[name] = value.T
        else:
            parameters[name] = value.squeeze(0)
    into.load_state_dict(parameters)
    return into


def assert_close(ours, theirs):
    scale = float(theirs.abs().max())
    assert scale > 0
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5 * scale)


def test_operations_on_edges_are_embedded_as_by_the_library(example):
    space = NASBench201()
    # Nothing, a chain, everything, an output that is cut off, a dead end, what the input does not reach; and others.
    rows = [
        (0, 0, 0, 0, 0, 0),
        (3, 0, 3, 0, 0, 3),
        (3, 2, 1, 4, 3, 2),
        (3, 3, 3, 0, 0, 0),
        (3, 3, 1, 2, 0, 0),
        (0, 2, 3, 1, 4, 4),
    ]
    cells = [Architecture(space.name, row) for row in rows] + space.sample(200, np.random.default_rng(0))
    encoder, theirs = randomised(GATES(), [space.graph(a) for a in cells], space.operations)
    ours = copied(encoder, example.GATES(len(example.EDGE_OPERATIONS)))
    operations = torch.tensor([example.parse(space.format(a)) for a in cells])
    with torch.no_grad():
        embeddings = ours(example.operations_on_edges(operations))
    assert_close(embeddings, theirs)
    assert (embeddings[0] == 0).all()


def nasbench101_cells(n):
    """Random cells of two to seven vertices."""
    space, rng, cells = NASBench101(), np.random.default_rng(0), []
    while len(cells) < n:
        size = int(rng.integers(2, 8))
        matrix = np.triu(rng.random((size, size)) < 0.45, k=1).astype(int)
        names = ["input", *rng.choice(space.operations[:3], size - 2).tolist(), "output"]
        try:
            cells.append(space.from_matrix(matrix.tolist(), names))
        except ParseError:  # no path, or too many edges
            continue
    return space, cells


def test_operations_on_nodes_are_embedded_as_by_the_library(example):
    space, cells = nasbench101_cells(400)
    encoder, theirs = randomised(GATES.on_node(), [space.graph(a) for a in cells], space.operations)
    ours = copied(encoder, example.GATES(len(example.NODE_OPERATIONS), on_node=True))
    adjacency, operations = torch.zeros(len(cells), 7, 7), torch.zeros(len(cells), 7, dtype=torch.long)
    sizes = set()
    for place, cell in enumerate(cells):
        record = json.loads(space.format(cell))
        named = [example.NODE_OPERATIONS.index(name) for name in record["module_operations"]]
        # The output is always the last of seven.
        vertices = torch.tensor([*range(len(named) - 1), 6])
        adjacency[place, vertices[:, None], vertices] = torch.tensor(record["module_adjacency"]).float()
        operations[place, vertices] = torch.tensor(named)
        sizes.add(len(named))
    assert sizes == {2, 3, 4, 5, 6, 7}
    with torch.no_grad():
        assert_close(ours(example.operations_on_nodes(adjacency, operations)), theirs)


@pytest.mark.parametrize("on_node", [False, True])
def test_parameters_start_as_in_the_library(example, on_node):
    """As widely spread, zero where the library's are zero, and frozen where they are frozen."""
    space, cells = nasbench101_cells(5) if on_node else (NASBench201(), [])
    cells = cells or space.sample(5, np.random.default_rng(0))
    settings = GATES.on_node() if on_node else GATES()
    batch = collate([space.graph(a) for a in cells], space.operations)
    library = settings.build(batch, 1, torch.Generator().manual_seed(0))
    ours, theirs = (example.GATES(len(space.operations) + 1, on_node) for _ in range(2))
    copied(library, theirs)
    for (name, own), other in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        assert float(own.detach().std()) == pytest.approx(float(other.detach().std()), rel=0.35), name
    assert ours.other_start.requires_grad == library.other_start.requires_grad


@pytest.mark.parametrize(
    "text", ["", "conv", "|none~0|+|none~0|none~1|", "|none~0|+|none~1|none~0|+|none~0|none~1|none~2|"]
)
def test_what_is_no_cell_is_refused(example, text):
    with pytest.raises(ValueError, match="does not name one operation for each of the edges"):
        example.parse(text)


def test_the_loss_over_all_pairs_is_the_librarys(example):
    generator = torch.Generator().manual_seed(0)
    scores = 0.2 * torch.randn(40, generator=generator)
    accuracies = torch.randint(20, (40,), generator=generator).double()  # some of them equal
    for margin in (0.1, 0.5):
        expected = PairwiseHinge(margin, ratio=40)(scores[None], accuracies, generator)
        torch.testing.assert_close(example.hinge_loss(scores, accuracies, margin, 40), expected)
    assert example.hinge_loss(scores, torch.ones(40)) == 0


def test_the_loss_draws_so_many_pairs_anew_each_time(example):
    """Among equal scores a pair's share of the gradient is one over the number of pairs, up or down."""

    def pairs():
        scores = torch.zeros(100, requires_grad=True)
        example.hinge_loss(scores, torch.arange(100), pairs_per_cell=3).backward()
        return scores.grad * 300

    first, second = pairs(), pairs()
    torch.testing.assert_close(first, first.round(), rtol=0, atol=1e-3)
    assert not torch.equal(first, second)
    assert first[:20].sum() > 0 > first[-20:].sum()  # descending it lowers the worst and raises the best


@pytest.mark.parametrize("decimals", [0, 12])
def test_tau_is_the_librarys(example, decimals):
    """With many ties, and with none."""
    rng = np.random.default_rng(0)
    targets = rng.normal(size=300)
    scores, targets = np.round(targets + rng.normal(size=300), decimals), np.round(targets, decimals)
    found = example.kendall_tau(torch.tensor(scores), torch.tensor(targets))
    assert found == pytest.approx(kendall_tau(scores, targets), abs=1e-12)
    assert 0.1 < found < 0.9


@pytest.fixture(scope="module")
def convolutions():
    """Some cells, and a value that is easy to learn: how many convolutions of 3 × 3 there are, and of 1 × 1."""
    cells = torch.from_numpy(NASBench201().rows()[::31].astype(np.int64))
    return cells, (cells == 3).sum(1) + 0.4 * (cells == 2).sum(1)


def test_it_learns_to_rank_and_what_is_frozen_stays(example, convolutions):
    cells, values = convolutions
    model = example.fit(cells[::5], values[::5], epochs=40)
    scores = example.score(model, cells[1::5])
    assert example.kendall_tau(scores, values[1::5]) > 0.6
    assert torch.equal(example.score(model, cells[1::5]), scores)  # nothing is dropped out any more
    assert (model.encoder.operations.weight[0] == 0).all()
    assert (model.encoder.other_start == 0).all()


@pytest.mark.parametrize(("count", "budget"), [(500, 35), (500, 8), (25, 40)])
def test_a_search_pays_for_no_cell_twice_and_for_no_more_than_it_may(example, convolutions, count, budget):
    cells, values = convolutions
    paid = []

    def evaluate(place):
        paid.append(place)
        return float(values[place])

    found = example.search(cells[:count], evaluate, budget, epochs=3)
    assert len(set(paid)) == len(paid) == min(budget, count)
    assert found == {place: float(values[place]) for place in paid}


def test_a_search_picks_far_better_cells_than_chance_does(example, convolutions):
    cells, values = convolutions
    found = list(example.search(cells, lambda place: float(values[place]), 40, epochs=40).values())
    assert np.mean(found[20:]) > np.mean(found[:20]) + 2 * np.std(found[:20])


def test_what_it_prints_is_so(example, capsys):
    example.main(training=20, budget=22, epochs=2)
    first, second, text = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"Kendall's tau on 15,605 cells, after training on 20 others: -?0\.\d{3}", first)
    table = load_benchmark("analog-nasbench")
    best = table.space.parse(text)
    assert second == (
        f"best of 22 cells looked at: {table.value(best):.2f} %, rank {table.true_rank(best)} of 15,625"
    )
