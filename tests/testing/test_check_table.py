"""A conformance suite is worth what it notices: each of these tables breaks one promise."""

import numpy as np
import pytest

from archrank.benchmarks import Metric, Table
from archrank.spaces import NASBench201, NASBenchGraph
from archrank.testing import check_table

SPACE = NASBench201()
METRIC = Metric("accuracy", "accuracy of nothing", "validation")


ROWS = SPACE.rows()[:50]


def table(kind=Table, rows=ROWS, values=None, metrics=(METRIC,), **options):
    values = np.arange(len(rows)) / 10 if values is None else np.array(values)
    return kind("t", options.pop("space", SPACE), rows, {m.name: values for m in metrics}, metrics, **options)


class Shifted(Table):
    def value(self, architecture, metric=None):
        return super().value(architecture, metric) + 1


class Backwards(Table):
    def scores(self, metric=None):
        return -super().scores(metric)


class Boasting(Table):
    complete = True


class Guessing(Table):
    def value(self, architecture, metric=None):
        return super().value(architecture, metric) if architecture in self else 0.0


def test_a_good_table_passes():
    check_table(table())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: table(Shifted), "optimum's value|looking up"),
        (lambda: table(Backwards), "turned so that higher is better"),
        (lambda: table(Boasting), "lacks 15575 architectures"),
        (lambda: table(Guessing), "must raise TableError"),
        (lambda: table(rows=SPACE.rows()[[0, 1, 1]]), "comes twice"),
        (lambda: table(values=[np.nan] * 50), "nothing was measured"),
        (lambda: table(values=[np.inf] * 50), "infinite"),
        (lambda: table(rows=SPACE.rows()[:0]), "empty"),
        (lambda: table(rows=np.array([[7] * 6], dtype=np.int16)), "does not exist"),
        (lambda: table(space=NASBenchGraph(), rows=np.array([[0] * 6 + [1], [0] * 5 + [1, 0]])), "canonical"),
        (lambda: table(metrics=(METRIC, METRIC)), "share a name"),
        (lambda: table(test_metrics={"accuracy": "accuracy"}), "another metric"),
        (lambda: table(metrics=(Metric("accuracy", "", "test"),)), "in words"),
    ],
)
def test_a_broken_promise_is_noticed(make, message):
    with pytest.raises(AssertionError, match=message):
        check_table(make())
