"""What somebody types who has not read the documentation: right, or an error that says what to type."""

import optuna
import pandas as pd
import pytest

import archrank as ar
from archrank.errors import (
    ArchrankError,
    EvaluationError,
    InvalidArchitecture,
    ParseError,
    PredictorError,
    RunFolderError,
    SpaceError,
    TableError,
    TraceError,
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


def total(architecture):
    return float(sum(architecture.choices))


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
        (lambda: ar.auto("NAS-Bench-201x"), UnknownName, "did you mean 'nas-bench-201'"),
        (lambda: ar.search(SPACE, total, "Evolution", budget=3), UnknownName, "did you mean 'evolution'"),
        (lambda: ar.search(SPACE, total, budget=3, predictor=GaussianProcess(SPACE)), ArchrankError,
         r"expected a name; .* give strategy=archrank\.GuidedSearch\(space, predictor\)"),
        (lambda: ar.search(SPACE, total, "random", budget=3, folder=__file__), RunFolderError, "is a file: give"),
        (lambda: ar.search(SPACE, total, where=["latency == 3"]), ArchrankError, "one of < <= > >="),
        (lambda: ar.search(SPACE, total, objectives={"a": "max", "b": "min"}), UnknownName, "'maximize'"),
        (lambda: ar.search(total, SPACE, budget=3), SpaceError, "is no search space"),
        (lambda: ar.search(pd.DataFrame({"architecture": TEXTS})), SpaceError, "a DataFrame is no search space"),
        (lambda: ar.ArchrankSampler(SPACE, "evolutoin"), UnknownName, "did you mean 'evolution'"),
        (lambda: ar.rank(SPACE, TEXTS, VALUES), TableError, "Give architectures and values as one table"),
        (lambda: ar.rank(SPACE, "nowhere.csv"), TableError, "nowhere.csv: no such file"),
        (lambda: ar.load_benchmark("nas-bench-201"), TableError, "is a search space, .* space: analog-nasbench"),
        (lambda: ar.load_benchmark("NASBench201"), UnknownName, "did you mean 'nasbench201'"),
        (lambda: ar.load_benchmark("analog-nasbench").value(TEXTS[0]), TableError, r"space\.parse\(text\)"),
        (lambda: SPACE.architecture({"0→1": "none"}), InvalidArchitecture, "from_options takes options by name"),
        (lambda: SPACE.sample(3, 0), SpaceError, r"expected numpy\.random\.default_rng"),
        (lambda: ar.draw(SPACE, 5), PredictorError, "5 is of the type int; expected an Architecture"),
        (lambda: ar.draw(SPACE, TEXTS[0]).save("cell.pdf"), UnknownName, r"Allowed: \.svg, \.png"),
        (lambda: ar.auto(SPACE, "fast").predict(TEXTS), PredictorError, r"call fit\(X, y\) first"),
        (lambda: ar.auto(SPACE, "fast").fit(TEXTS, VALUES[:5]), PredictorError, "one number for each architecture"),
        (lambda: ar.train("enass", "x", "folder"), UnknownName, "did you mean 'enas'"),
        (lambda: ar.feature_table("dart"), UnknownName, "did you mean 'darts'"),
        (lambda: ar.plot.curve("runs/x"), ArchrankError, "is no SearchResult"),
        (lambda: ar.GrammarSpace("S = conv | pool"), ParseError, "expected '->' after the symbol 'S'"),
        (lambda: ar.GrammarSpace("S -> Linear2 S S | conv"), SpaceError, "give max_depth"),
        (lambda: ar.compare_strategies("analog-nasbench", ["Evolutoin"], budget=5), UnknownName, "mean 'evolution'"),
        (lambda: ar.load_predictor("nowhere", SPACE), PredictorError, "holds no saved predictor"),
        (lambda: ar.fold("x"), SpaceError, r"archrank\.trace\(module, example\)"),
        (lambda: ar.evaluate(SPACE, TEXTS[0]), TrainingError, "is no trained network: give a Model, or the folder"),
        (lambda: GaussianProcess(SPACE).fit(TEXTS[:1], [1.0]), PredictorError, "1 architecture given: too few"),
    ],
)  # fmt: skip
def test_a_wrong_argument_is_refused_with_the_way_out(call, kind, said):
    with pytest.raises(kind, match=said) as raised:
        call()
    assert isinstance(raised.value, ArchrankError)


@pytest.mark.parametrize(
    ("call", "kind", "said"),
    [
        (lambda nn: ar.trace(nn.Linear(3, 4)), TraceError, "fails without an example; give its input"),
        (lambda nn: ar.trace(nn.Linear(3, 4), (1, 5)), TraceError, r"for the example of shape \(1, 5\)"),
        (lambda nn: ar.trace(nn.Linear, (1, 3)), TraceError, r"expected a torch\.nn\.Module"),
        (lambda nn: ar.measure_latency(nn.Linear(3, 4), (1, 3), device="gpu"), EvaluationError, "'cpu', 'cuda'"),
        (lambda nn: ar.rank_networks([nn.Linear(4, 2)] * 6, [1, 2, 3, 4, 5, 6], [nn.Linear(4, 3)]), TraceError,
         "fails without an example"),
        (lambda nn: ar.ModuleSpace(linear(nn), [1, 4]), SpaceError, r"a shape such as \(1, 3, 32, 32\)"),
        (lambda nn: ar.ModuleSpace(lambda choose: (1, 2), (1, 4)), SpaceError, "does the function return it"),
        (lambda nn: ar.ModuleSpace(linear(nn), (1, 4)).build({"widht": 8}), ParseError, "no value for the choice"),
        (lambda nn: ar.ModuleSpace(linear(nn), (1, 4)).build({"width": 9}), ParseError, "none of the options 8, 16"),
        (lambda nn: ar.ModuleSpace(linear(nn), (1, 4)).build(0), InvalidArchitecture, "values of its choices by name"),
    ],
)  # fmt: skip
def test_a_wrong_network_or_example_is_refused_with_the_way_out(call, kind, said):
    nn = pytest.importorskip("torch.nn")
    with pytest.raises(kind, match=said):
        call(nn)


def linear(nn):
    def net(choose):
        return nn.Linear(4, choose("width", [8, 16]))

    return net


def test_names_stand_for_spaces_and_strategies_everywhere():
    assert ar.feature_table("nas-bench-201") == ar.feature_table(SPACE)
    assert len(ar.as_table("nas-bench-201", {"architecture": TEXTS, "accuracy": VALUES})) == len(TEXTS)
    study = optuna.create_study(sampler=ar.ArchrankSampler(SPACE, "evolution"))
    study.optimize(lambda trial: total(SPACE.suggest(trial)), n_trials=3)
    again = ar.search(SPACE, total, "evolution", budget=3)
    assert [t.value for t in study.trials] == [e.value for e in again.evaluations]


def test_a_value_that_is_no_number_has_a_kind_of_failure_that_can_be_read():
    values = iter([1.0, "none", 2.0])
    result = ar.search(SPACE, lambda a: next(values), "random", budget=3)
    assert [evaluation.failure for evaluation in result.evaluations] == [None, "InvalidResult", None]


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
