import csv
from hashlib import sha256
from math import isnan
from pathlib import Path

import numpy as np
import pytest

from archrank.benchmarks import grammar_tables, load_benchmark
from archrank.errors import TableError
from archrank.ranking import kendall_tau
from archrank.spaces.named import named_space
from archrank.testing import check_table

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

NAME = "hierarchical-nas-bench-201-cifar10"
SPACE = named_space("hierarchical-nas-bench-201")
TEXTS = [SPACE.format(a) for a in SPACE.sample(3, np.random.default_rng(0))]


def row(text, seed=0, accuracy=0.4, error=None):
    """A training as the table's command writes it."""
    found = accuracy is not None
    return {
        "architecture": text,
        "seed": seed,
        "valid_accuracy": accuracy,
        "test_accuracy": accuracy - 0.1 if found else None,
        "curve": [0.1, 0.2, accuracy] if found else None,
        "parameters": 1000 if found else None,
        "multiply_adds": 5000 if found else None,
        "seconds": 2.5,
        "error": error,
    }


@pytest.fixture
def results():
    """The folder of the result pages, which a source distribution lacks."""
    folder = Path(__file__).parents[2] / "docs" / "results"
    if not folder.exists():
        pytest.skip("docs/results is not there")
    return folder


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Loads the table of these trainings."""
    monkeypatch.setattr(grammar_tables, "_FOLDER", tmp_path)

    def loaded(rows):
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / f"{NAME}.parquet")
        return grammar_tables.load(NAME)

    return loaded


def test_each_architecture_is_a_row_with_its_first_and_second_training(load):
    table = load([row(TEXTS[0]), row(TEXTS[0], 1, 0.5), row(TEXTS[1], accuracy=0.3)])
    first, second = (SPACE.parse(text) for text in TEXTS[:2])
    assert table.architectures == [first, second]
    assert table.value(first) == pytest.approx(0.4)
    assert table.value(first, "valid_accuracy_again") == pytest.approx(0.5)
    assert table.value(first, "test_accuracy_again") == pytest.approx(0.4)
    assert table.value(first, "valid_accuracy_2") == pytest.approx(0.2)
    assert isnan(table.value(second, "valid_accuracy_again"))
    assert table.test_metrics["valid_accuracy"] == "test_accuracy"
    assert table.candidates == [first, second]


def test_failed_trainings_are_left_out_and_counted(load):
    table = load([row(TEXTS[0]), row(TEXTS[1], accuracy=None, error="ValueError: too large"), row(TEXTS[2])])
    assert len(table) == 2
    assert table.skipped == 1


def test_a_failed_second_training_leaves_the_first(load):
    table = load([row(TEXTS[0]), row(TEXTS[0], 1, None, "ValueError: too large")])
    assert len(table) == 1
    assert table.skipped == 0
    assert isnan(table.column("valid_accuracy_again")[0])


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([row("seq(conv3x3")], "row 1"),
        ([row(TEXTS[0]), row(TEXTS[0])], "two first trainings"),
        ([{"architecture": TEXTS[0], "valid_accuracy": 0.4}], "seed"),
    ],
)
def test_a_damaged_file_is_refused(load, rows, words):
    with pytest.raises(TableError, match=words):
        load(rows)


@pytest.mark.parametrize("name", grammar_tables.SPACES)
def test_the_trainings_are_those_of_the_committed_order(results, name):
    table = load_benchmark(name)
    check_table(table)
    with (results / "hierarchical-table" / f"order-{grammar_tables.SPACES[name]}.csv").open() as file:
        order = [row["digest"] for row in csv.DictReader(file) if row["seed"] == "0"]
    texts = [table.space.format(architecture) for architecture in table.architectures]
    assert [sha256(text.encode()).hexdigest()[:12] for text in texts] == order[: len(texts)]


@pytest.mark.parametrize("name", grammar_tables.SPACES)
def test_accuracies_are_fractions_and_two_trainings_agree(name):
    table = load_benchmark(name)
    for name in ("valid_accuracy", "valid_accuracy_1", "valid_accuracy_2", "test_accuracy"):
        assert ((table.column(name) > 0) & (table.column(name) < 0.6)).all()
    twice = ~np.isnan(table.column("valid_accuracy_again"))
    assert (
        kendall_tau(table.column("valid_accuracy")[twice], table.column("valid_accuracy_again")[twice]) > 0.7
    )
