"""What somebody types who has not read the documentation: right, or an error that says what to type."""

import optuna
import pandas as pd
import pytest

import archrank as ar
from archrank.errors import (
    ArchrankError,
    EvaluationError,
    PredictorError,
    SpaceError,
    TrainingError,
    UnknownName,
)
from archrank.predictors import GaussianProcess
from archrank.spaces import NASBench201
from archrank.workers.outcome import measure

SPACE = NASBench201()
ARCHITECTURES = SPACE.architectures(SPACE.rows()[::700])
TEXTS = [SPACE.format(architecture) for architecture in ARCHITECTURES]
VALUES = [float(sum(architecture.choices)) for architecture in ARCHITECTURES]


@pytest.mark.parametrize("returned", [None, "93.1", (0.9, 0.1), [0.9]])
def test_an_evaluator_that_returns_no_number_ends_the_search_at_once(returned):
    evaluated = []

    def forgetful(architecture):
        evaluated.append(architecture)
        return returned

    with pytest.raises(
        EvaluationError, match=r"ends here: 'value' is .*, expected a finite number: return one"
    ):
        ar.search(SPACE, forgetful, "random", budget=20)
    assert len(evaluated) == 1


def test_what_an_evaluator_cannot_measure_is_a_failure_and_no_mistake():
    result = ar.search(SPACE, lambda a: float("nan") if a.choices[0] else 1.0, "random", budget=20, seed=1)
    states = {evaluation.state for evaluation in result.evaluations}
    assert states == {"measured", "failed"}
    assert not measure(lambda architecture: {"value": None}, ARCHITECTURES[0], "value").mismatch


def test_a_search_without_a_value_says_why():
    with pytest.warns(UserWarning, match="all 4 evaluations failed, mostly by ZeroDivisionError"):
        result = ar.search(SPACE, lambda architecture: 1 / 0, "random", budget=4)
    assert "no value after 4 evaluations, 4 failed, mostly by ZeroDivisionError" in repr(result)


def test_a_built_in_space_is_given_by_its_name(tmp_path):
    by_name = ar.auto("nas-bench-201", "fast").fit(TEXTS, VALUES)
    assert (by_name.predict(TEXTS) == ar.auto(SPACE, "fast").fit(TEXTS, VALUES).predict(TEXTS)).all()
    by_name.save(tmp_path / "saved")
    loaded = ar.load_predictor(tmp_path / "saved", "nas-bench-201")
    assert (loaded.predict(TEXTS) == by_name.predict(TEXTS)).all()
    assert ar.draw("nas-bench-201", TEXTS[0]).svg == ar.draw(SPACE, TEXTS[0]).svg
    assert ar.draw(TEXTS[0], "nas-bench-201").svg == ar.draw(SPACE, TEXTS[0]).svg
    study = optuna.create_study(sampler=ar.ArchrankSampler("nas-bench-201"))
    study.optimize(lambda trial: sum(SPACE.suggest(trial).choices), n_trials=2)
    assert len(study.trials) == 2


def test_rank_takes_a_name_or_a_table_for_the_space():
    measured = pd.DataFrame({"architecture": TEXTS, "accuracy": VALUES})
    settings = {
        "target": "accuracy",
        "top": 3,
        "predictor": "gaussian-process",
        "candidates": SPACE.rows()[:50],
    }
    expected = ar.rank(SPACE, measured, **settings)
    table = ar.as_table(SPACE, measured, target="accuracy")
    for space in ("nas-bench-201", table):
        pd.testing.assert_frame_equal(ar.rank(space, measured, **settings), expected)


@pytest.mark.parametrize(
    ("call", "kind", "said"),
    [
        (lambda: ar.auto("nasbench-201"), UnknownName, "did you mean 'nas-bench-201'"),
        (lambda: ar.auto(NASBench201), SpaceError, r"is a class, expected a space: give NASBench201\(\)"),
        (lambda: ar.auto(3), SpaceError, "3 is no search space"),
        (lambda: ar.rank("nas-bench-2011", []), UnknownName, "did you mean 'nas-bench-201'"),
        (lambda: ar.rank(NASBench201, []), SpaceError, r"give NASBench201\(\)"),
        (lambda: ar.evaluate(SPACE, TEXTS[0]), TrainingError, "is no trained network: give a Model, or the folder"),
        (lambda: GaussianProcess(SPACE).fit(TEXTS[:1], [1.0]), PredictorError, "1 architecture given: too few"),
    ],
)  # fmt: skip
def test_a_wrong_argument_is_refused_with_the_way_out(call, kind, said):
    with pytest.raises(kind, match=said) as raised:
        call()
    assert isinstance(raised.value, ArchrankError)


def test_a_table_given_to_a_predictor_is_refused_with_its_space():
    table = ar.as_table(SPACE, {"architecture": TEXTS, "accuracy": VALUES}, target="accuracy")
    with pytest.raises(SpaceError, match="is no search space: give its space, <NASBench201"):
        ar.auto(table)


def test_a_name_that_a_subpackage_holds_is_found_there():
    with pytest.raises(
        AttributeError, match=r"'archrank' has no attribute 'GaussianProcess'.*archrank\.predictors"
    ):
        ar.GaussianProcess  # noqa: B018
    with pytest.raises(AttributeError, match=r"has no attribute 'nothing_of_this_name'$"):
        ar.nothing_of_this_name  # noqa: B018
