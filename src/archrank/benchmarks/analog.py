"""AnalogNAS-Bench: every NAS-Bench-201 cell trained on CIFAR-10, on digital, quantized and analog hardware.

The package ``analog-nasbench`` carries the numbers; its code is never imported. It does not document which images
it measures on, nor how long it trains; the example training script in its repository trains for 200 epochs
and measures on the test images, so read ``baseline_accuracy`` as a test accuracy of one training when
comparing with others.

Reference: AnalogNAS-Bench (arXiv 2506.18495).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from archrank.benchmarks.pickles import package_pickle, record_class
from archrank.benchmarks.table import Floats, Metric, Table, checked_table
from archrank.errors import TableError
from archrank.space import Rows
from archrank.spaces.nasbench201 import EDGES, OPTIONS, NASBench201

__all__ = ["METRICS", "load"]

PACKAGE = "analog-nasbench"

# The package's own numbering of operations and order of edges.
_OPERATIONS = ("skip_connect", "none", "nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3")
_EDGES = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))


def _metric(name: str, meaning: str) -> Metric:
    return Metric(name, f"CIFAR-10 accuracy (%), {meaning}", "unstated")


_DELAYS = {60: "1 minute", 3600: "1 hour", 86400: "1 day", 2592000: "30 days"}

METRICS: tuple[Metric, ...] = (
    _metric("baseline_accuracy", "trained in full on digital hardware"),
    _metric("ptq_accuracy", "quantized after training (PTQ)"),
    _metric("qat_accuracy", "trained on with quantization in the loop (QAT)"),
    _metric("noisy_accuracy", "the digital weights put onto simulated analog hardware as they are"),
    _metric("analog_accuracy", "trained on with the analog hardware's noise in the loop (HWT)"),
    *(
        _metric(f"{kind}_drift_{seconds}", f"{network} after {delay} of drift on simulated analog hardware")
        for kind, network in (("baseline", "the digital weights"), ("analog", "the noise-trained weights"))
        for seconds, delay in _DELAYS.items()
    ),
)
"""The 13 columns; the first is what search selects by."""


def load() -> Table:
    """Read the 15,625 cells.

    Raises:
        TableError: The package is missing or damaged.
    """
    allowed = {("analognasbench.data", name): record_class for name in ("Architecture", "DriftMeasurement")}
    content = package_pickle(PACKAGE, "analognasbench/data.anb", allowed)
    try:
        rows, values = _columns(content)
    except (AttributeError, KeyError, IndexError, TypeError, ValueError, OverflowError) as error:
        raise TableError(f"{PACKAGE}: its table is not laid out as expected: {error}") from None
    return checked_table(PACKAGE, NASBench201(), rows, values, METRICS)


def _columns(content: Mapping[tuple[int, ...], Any]) -> tuple[Rows, dict[str, Floats]]:
    option = np.array([OPTIONS.index(operation) for operation in _OPERATIONS], dtype=np.int16)
    column = [_EDGES.index(edge) for edge in EDGES]
    numbers = np.array(list(content), dtype=np.int16).reshape(len(content), len(EDGES))
    if numbers.size and not 0 <= numbers.min() <= numbers.max() < len(option):
        raise ValueError(f"operation numbers from {numbers.min()} to {numbers.max()}, expected 0 to 4")
    records = [vars(record) for record in content.values()]
    values = {}
    for metric in METRICS:
        cells = [record[metric.name] for record in records]
        if "drift" in metric.name:
            cells = [cell.value for cell in cells]
        values[metric.name] = np.array(cells, dtype=np.float64)
    return option[numbers][:, column], values
