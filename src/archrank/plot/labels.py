"""Any text as a label of a figure."""

from textwrap import fill

from archrank.benchmarks.table import Metric
from archrank.system.text import shortened

__all__ = ["axis_label", "legend_label", "metric_label"]

_VERTICAL, _HORIZONTAL = 46, 80
"""The number of letters that fit beside and below an axis."""

_LONGEST_LABEL = 120


def axis_label(text: str, *, horizontal: bool = False) -> str:
    """Any text as the label of an axis: printable, shortened, and folded to what fits there.

    >>> axis_label("accuracy")
    'accuracy'
    """
    return fill(shortened(text, _LONGEST_LABEL), _HORIZONTAL if horizontal else _VERTICAL)


def legend_label(text: str, limit: int = 80) -> str:
    """Any text as a name in a legend; matplotlib leaves out names that begin with an underscore."""
    label = shortened(text, limit)
    return f" {label}" if label.startswith("_") else label


def metric_label(metric: Metric) -> str:
    """A metric as the label of an axis: its name, split and seeds.

    >>> metric_label(Metric("accuracy", "accuracy in %", "validation", seeds="mean of 3 runs"))
    'accuracy (validation, mean of 3 runs)'
    """
    split = {"unstated": "split not stated", "none": ""}.get(metric.split, metric.split)
    seeds = "" if metric.seeds == "unstated" else metric.seeds
    notes = ", ".join(part for part in (split, seeds) if part)
    return f"{metric.name} ({notes})" if notes else metric.name
