import itertools
import math
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from archrank import Architecture
from archrank.errors import EvaluationError
from archrank.study import measure
from archrank.workers.evaluation import evaluation
from archrank.workers.outcome import note_trained

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
    [math.nan, math.inf, -math.inf, None, "0.5", "good", b"1", True, np.True_, [], 1j, object(), np.zeros(3)],
)
def test_what_is_not_a_finite_number_fails_with_the_value_named(value):
    failed = outcome(value)
    assert failed.values == {}
    assert failed.error.startswith(f"'accuracy' is {value!r}, expected a finite number")


@pytest.mark.parametrize("exponent", [400, 5000])
def test_a_huge_number_fails_with_a_short_text(exponent):
    failed = outcome(10**exponent)
    assert failed.values == {}
    assert len(failed.error) < 300
    assert failed.error.endswith("expected a finite number")


def test_a_mapping_without_the_metric_names_the_closest():
    error = outcome({"accuracy": 1.0, "loss": 2.0}, "acuracy").error
    assert "unknown value 'acuracy'; did you mean 'accuracy'?" in error


def test_further_values_may_be_missing():
    assert outcome({"accuracy": 1, "test": math.nan}).values == {"accuracy": 1.0, "test": None}


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError("x")


class Cancelled(BaseException):
    pass


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("no such layer"), "ValueError: no such layer"),
        (SystemExit(3), "SystemExit: 3"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (GeneratorExit(), "GeneratorExit"),
        (Cancelled("by nobody"), "Cancelled: by nobody"),
        (Unprintable(), "Unprintable: its message cannot be read (RuntimeError)"),
        (FileNotFoundError(os.fsdecode(b"caf\xe9.jpg")), "FileNotFoundError: caf\\udce9.jpg"),
        (ValueError("a\x00b"), "ValueError: a\\x00b"),
        (EvaluationError("said \udce9"), "said \\udce9"),
    ],
)
def test_an_exception_is_an_outcome(error, said):
    def evaluate(architecture):
        raise error

    assert measure(evaluate, A, "accuracy").error == said


def test_a_recursion_limit_that_the_evaluator_lowers_is_restored():
    before = sys.getrecursionlimit()

    def evaluate(architecture):
        sys.setrecursionlimit(before - 1)
        return 1.0

    assert measure(evaluate, A, "accuracy").values == {"accuracy": 1.0}
    assert sys.getrecursionlimit() == before


def test_a_recursion_limit_that_the_evaluator_raises_stays():
    before = sys.getrecursionlimit()

    def evaluate(architecture):
        sys.setrecursionlimit(before + 1)
        raise ValueError

    try:
        assert measure(evaluate, A, "accuracy").error == "ValueError"
        assert sys.getrecursionlimit() == before + 1
    finally:
        sys.setrecursionlimit(before)


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("swallow", [None, ValueError, "returns"])
def test_an_interrupt_of_the_user_is_no_outcome(swallow):
    def evaluate(architecture):
        try:
            interrupt()
        except KeyboardInterrupt:
            if swallow is None:
                raise
            if swallow is ValueError:
                raise ValueError("stopped early") from None
        return 1.0

    with pytest.raises(KeyboardInterrupt):
        measure(evaluate, A, "accuracy")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_in_other_threads_nobody_is_interrupted():
    def evaluate(architecture):
        raise KeyboardInterrupt

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(measure, evaluate, A, "accuracy").result().error == "KeyboardInterrupt"


def test_a_handler_of_the_evaluators_own_stays():
    def evaluate(architecture):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        interrupt()
        return 1.0

    before = signal.getsignal(signal.SIGINT)
    try:
        assert measure(evaluate, A, "accuracy").values == {"accuracy": 1.0}
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_copy_that_the_evaluator_forks_does_not_come_back(tmp_path):
    marks = tmp_path / "came back"

    def evaluate(architecture):
        if (child := os.fork()) != 0:
            os.waitpid(child, 0)
        return 1.0

    assert measure(evaluate, A, "accuracy").error is None
    with marks.open("a") as file:  # by whoever comes back
        file.write("x")
    assert marks.read_text() == "x"


class Bad:
    def __repr__(self):
        raise RuntimeError("x")


def test_names_become_texts_that_can_be_stored():
    given = {"accuracy": 1, 3: 2, "caf\udce9": 3, "a\x00": 4, ("b", 1): 5, Bad(): 6, "n" * 10_000: 7}
    names = list(outcome(given).values)
    assert names[:-1] == [
        "accuracy",
        "3",
        "caf\\udce9",
        "a\\x00",
        "('b', 1)",
        "a value of type Bad that cannot be shown",
    ]
    assert len(names[-1]) == 500


def test_two_names_that_are_one_text_fail():
    assert "same text" in outcome({"accuracy": 1, 1: 2, "1": 3}).error


def test_more_values_than_can_be_recorded_fail():
    assert "at most 10,000" in outcome({"accuracy": 1} | {f"v{i}": i for i in range(10_000)}).error
    assert measure(lambda a: itertools.count(), A, ("a", "b")).error.startswith(
        "it gave 10000 values (0, 1, 2"
    )


class Refuses:
    def __float__(self):
        raise RuntimeError("a tensor with two elements")


def test_a_value_that_refuses_to_be_a_number_is_none():
    assert outcome({"accuracy": 1, "more": Refuses()}).values == {"accuracy": 1.0, "more": None}
    assert "expected a finite number" in outcome(Refuses()).error


def test_tensors_of_one_number_are_taken():
    torch = pytest.importorskip("torch")
    assert outcome(torch.tensor(0.5)).values == {"accuracy": 0.5}
    assert "expected a finite number" in outcome(torch.zeros(3)).error


class CannotBeSent:
    def __reduce__(self):
        raise RuntimeError("never")


def test_an_evaluator_that_cannot_be_sent_is_refused():
    with pytest.raises(EvaluationError, match=r"cannot be sent .*never"):
        evaluation(CannotBeSent(), "accuracy").sent()


def test_an_evaluator_may_tell_how_many_epochs_it_trained():
    def evaluate(architecture, epochs=None):
        note_trained(2)
        note_trained(1)
        return 0.5

    assert measure(evaluate, A, "accuracy", epochs=3).trained == 2
    assert measure(evaluate, A, "accuracy").trained is None
    assert measure(lambda architecture, epochs: 0.5, A, "accuracy", epochs=3).trained is None

    def fails(architecture, epochs):
        evaluate(architecture)
        raise ValueError("after two epochs")

    assert measure(fails, A, "accuracy", epochs=3).trained == 2
