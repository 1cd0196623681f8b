import math

import numpy as np
import pytest

from archrank import Architecture
from archrank.study import measure

A = Architecture("s", (0, 1))


def outcome(value, metric="accuracy"):
    return measure(lambda architecture: value, A, metric)


@pytest.mark.parametrize("value", [0.5, 1, np.float32(0.25), np.int64(3), np.array(0.5), {"accuracy": 0.5}])
def test_numbers_of_every_kind_are_taken(value):
    expected = value["accuracy"] if isinstance(value, dict) else value
    assert outcome(value).values == {"accuracy": float(expected)}
    assert outcome(value).error is None


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, -math.inf, None, "0.5", "good", b"1", True, [], object(), np.zeros(3), 10**400],
)
def test_what_is_not_a_finite_number_fails_with_the_value_named(value):
    failed = outcome(value)
    assert failed.values == {}
    assert failed.error == f"'accuracy' is {value!r}, expected a finite number"[:1000]


def test_a_mapping_without_the_metric_names_the_closest():
    error = outcome({"accuracy": 1.0, "loss": 2.0}, "acuracy").error
    assert "unknown value 'acuracy'; did you mean 'accuracy'?" in error


def test_further_values_may_be_missing():
    assert outcome({"accuracy": 1, "test": math.nan}).values == {"accuracy": 1.0, "test": None}


@pytest.mark.parametrize(
    ("error", "said"),
    [(ValueError("no such layer"), "ValueError: no such layer"), (SystemExit(3), "SystemExit: 3")],
)
def test_an_exception_is_an_outcome(error, said):
    def evaluate(architecture):
        raise error

    assert measure(evaluate, A, "accuracy").error == said


def test_interrupting_is_not_an_outcome():
    def evaluate(architecture):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure(evaluate, A, "accuracy")
