"""The description of a benchmark, as plain values."""

from typing import Any

import numpy as np

from archrank.benchmarks.catalog import load_benchmark, source
from archrank.benchmarks.official import lies_at
from archrank.benchmarks.table import Metric, Table
from archrank.errors import MissingExtra, PluginError, TableError

__all__ = ["describe_benchmark"]


def describe_benchmark(name: str) -> dict[str, Any]:
    """Describe a benchmark: its space, size and metrics, with the best value of each.

    Args:
        name: The benchmark's name.

    Returns:
        JSON values. ``ready`` tells whether it can be loaded; if not, there is only the file to get and the command
        that imports it, or the error of a damaged file or package.

    Raises:
        UnknownName: No such benchmark.
    """
    record: dict[str, Any] = {"name": name, "space": None, "ready": False}
    try:
        known = source(name)
        record["space"] = known.space().name
    except (MissingExtra, PluginError, TableError) as error:
        return record | {"error": str(error)}
    if known.official is not None and lies_at(name) is None:
        official = known.official
        return record | {"file": official.file, "size": official.size, "command": official.command(name)}
    try:
        table = load_benchmark(name)
        metrics = [_metric(table, metric) for metric in table.metrics]
    except TableError as error:
        return record | {"error": str(error)}
    return {
        "name": name,
        "space": table.space.name,
        "ready": True,
        "architectures": len(table),
        "space_size": table.space.size,
        "complete": table.complete,
        "default_metric": table.metric().name,
        "metrics": metrics,
    }


def _metric(table: Table, metric: Metric) -> dict[str, Any]:
    measured = not np.isnan(table.column(metric.name)).all()
    return {
        "name": metric.name,
        "meaning": metric.meaning,
        "split": metric.split,
        "higher_is_better": metric.higher_is_better,
        "epochs": metric.epochs,
        "seeds": metric.seeds,
        "test_metric": table.test_metrics.get(metric.name),
        "best": table.optimum(metric.name)[1] if measured else None,
    }
