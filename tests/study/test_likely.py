"""Options that a person believes to be good, as a prior of a search."""

import json
import math

import numpy as np
import optuna
import pytest
from typer.testing import CliRunner

import archrank as ar
from archrank.cli.main import app
from archrank.errors import ArchrankError, RunFolderError, UnknownName
from archrank.predictors import GaussianProcess
from archrank.spaces import NASBench201
from archrank.strategies import GuidedSearch
from archrank.strategies.prior import Prior
from archrank.study import search
from archrank.study.likely import prior_of

SPACE = NASBench201()
EDGES = [choice.name for choice in SPACE.choices]
STRONG = {edge: {"nor_conv_3x3": 20.0} for edge in EDGES}


def total(architecture):
    return float(np.dot(architecture.choices, [3.0, 1, 2, 1, 2, 3]))


def guided(**given):
    return GuidedSearch(SPACE, GaussianProcess(SPACE), **given)


def convolutions(result, first=0, last=None):
    kinds = [o for e in result.evaluations[first:last] for o in SPACE.options(e.architecture).values()]
    return sum(kind == "nor_conv_3x3" for kind in kinds) / len(kinds)


def test_the_prior_is_that_of_independent_options():
    prior = prior_of(SPACE, {EDGES[0]: {"nor_conv_3x3": 3.0, "none": 0.5}, EDGES[3]: {"skip_connect": 2}})
    architectures = SPACE.sample(50, np.random.default_rng(0))
    for architecture, log in zip(architectures, prior.log(architectures), strict=True):
        options = SPACE.options(architecture)
        first = {"nor_conv_3x3": 3.0, "none": 0.5}.get(options[EDGES[0]], 1.0) / (6.5 / 5)
        second = {"skip_connect": 2.0}.get(options[EDGES[3]], 1.0) / (6 / 5)
        assert log == pytest.approx(math.log(first * second))
    everything = SPACE.architectures(SPACE.rows())
    assert np.exp(prior.log(everything)).mean() == pytest.approx(1)  # so it is no constraint in disguise
    assert [prior.share(n) for n in (0, 10, 100)] == [10, 1, 0.1]


def test_first_evaluations_and_candidates_follow_it():
    plain, led = (search(SPACE, total, guided(), budget=20, likely=likely) for likely in (None, STRONG))
    assert convolutions(plain, 0, 10) < 0.35 < convolutions(led, 0, 10)
    assert convolutions(plain, 10) < convolutions(led, 10)
    assert {e.reason for e in led.evaluations} == {"random", "predicted"}


@pytest.mark.parametrize("acquisition", ["mean", "ucb", "ts", "portfolio"])
def test_other_acquisitions_follow_it_too(acquisition):
    plain, led = (
        search(SPACE, total, guided(acquisition=acquisition), budget=15, likely=likely)
        for likely in (None, STRONG)
    )
    assert convolutions(plain, 10) < convolutions(led, 10)


@pytest.mark.parametrize("inner", ["evolution", "random", "annealing"])
def test_inner_searches_follow_it_too(inner):
    small = {"inner": inner, "population": 20, "generations": 3, "chains": 4, "steps": 10}
    plain, led = (
        search(SPACE, total, guided(**small), budget=15, likely=likely) for likely in (None, STRONG)
    )
    assert convolutions(plain, 10) < convolutions(led, 10)


def test_its_weight_falls_as_labels_come():
    prior = Prior(SPACE, {EDGES[0]: {"none": 5.0}}, {EDGES[0]: 5})
    known = list(dict.fromkeys(SPACE.sample(400, np.random.default_rng(0))))
    rows = [{"architecture": SPACE.format(a), "value": total(a)} for a in known]
    picks = [
        [
            e.architecture
            for e in search(SPACE, total, guided(), budget=5, likely=likely, known=rows).evaluations
        ]
        for likely in (None, {EDGES[0]: {"none": 5.0}})
    ]
    assert prior.share(len(known)) < 0.03
    assert picks[0] == picks[1]  # with hundreds of labels a wrong belief changes nothing


def test_a_round_never_holds_one_function_twice_because_of_it():
    led = search(
        SPACE, total, guided(acquisition="mean"), budget=20, likely={EDGES[0]: {"skip_connect": 9.0}}
    )
    for round_ in {e.round for e in led.evaluations if e.reason == "predicted"}:
        functions = [SPACE.function_key(e.architecture) for e in led.evaluations if e.round == round_]
        assert len(set(functions)) == len(functions)


def test_joint_spaces_and_conditional_choices():
    space = SPACE & {"optimizer": ar.ordered("sgd", "adam"), "steps": ar.integer(1, 9), "lr": ar.log(1e-3, 1)}
    likely = {"optimizer": {"adam": 30.0}, "steps": {"3": 4.0}, EDGES[1]: {"none": 0.1}}
    result = ar.search(
        space,
        lambda a, params: params["lr"],
        budget=10,
        initial=9,
        likely=likely,
        predictor="gaussian-process",
    )
    chosen = [space.options(e.architecture)["optimizer"] for e in result.evaluations[:9]]
    assert chosen.count("adam") >= 6
    with pytest.raises(ArchrankError, match=r"likely: the choice 'lr' is any number from 0\.001 to 1"):
        prior_of(space, {"lr": {0.1: 2}})


def test_several_objectives_fidelities_and_rules():
    two = ar.search(
        SPACE,
        lambda a: {"x": total(a), "y": float(a.choices[0])},
        guided(),
        budget=12,
        objectives={"x": "maximize", "y": "minimize"},
        likely=STRONG,
    )
    assert convolutions(two) > 0.35
    rungs = ar.search(
        SPACE, lambda a, epochs: total(a) * epochs, guided(), budget=12, fidelities=[1, 3], likely=STRONG
    )
    assert convolutions(rungs) > 0.3
    ruled = search(SPACE, total, guided(), budget=12, likely=STRONG, forbid=[{EDGES[0]: "nor_conv_3x3"}])
    assert all(SPACE.options(e.architecture)[EDGES[0]] != "nor_conv_3x3" for e in ruled.evaluations)


@pytest.mark.parametrize(
    ("likely", "error", "said"),
    [
        ({"0→9": {"none": 2}}, UnknownName, "choice of nas-bench-201 in likely '0→9'; did you mean '0→"),
        (
            {"0→1": {"conv_3x3": 2}},
            UnknownName,
            "option of '0→1' in likely 'conv_3x3'; did you mean 'nor_conv_3x3'",
        ),
        ({"0→1": {"none": 0}}, ArchrankError, "the weight 0, expected a number above 0"),
        ({"0→1": {"none": -1}}, ArchrankError, "expected a number above 0"),
        ({"0→1": {"none": math.nan}}, ArchrankError, "expected a number above 0"),
        ({"0→1": {"none": math.inf}}, ArchrankError, "expected a number above 0"),
        ({"0→1": {"none": True}}, ArchrankError, "expected a number above 0"),
        ({"0→1": "none"}, ArchrankError, "expected a mapping of choices to options and their weights"),
        (["0→1"], ArchrankError, "expected a mapping of choices to options and their weights"),
    ],
)
def test_what_cannot_be_believed_is_refused(likely, error, said):
    with pytest.raises(error, match=said):
        ar.search(SPACE, total, budget=11, likely=likely)


def test_strategies_without_an_acquisition_are_refused():
    with pytest.raises(
        ArchrankError, match="RandomSearch has none: leave it out, or choose the strategy 'guided'"
    ):
        ar.search(SPACE, total, "random", budget=5, likely=STRONG)
    assert prior_of(SPACE, {}) is None
    assert prior_of(SPACE, {"0→1": {}}) is None


def test_a_run_is_continued_with_the_same_belief(tmp_path):
    whole = search(SPACE, total, guided(), budget=15, likely=STRONG)
    search(SPACE, total, guided(), budget=10, likely=STRONG, folder=tmp_path / "run")
    with pytest.raises(RunFolderError, match="likely"):
        search(SPACE, total, guided(), budget=15, folder=tmp_path / "run", resume=True)
    later = search(SPACE, total, guided(), budget=15, likely=STRONG, folder=tmp_path / "run", resume=True)
    assert [e.architecture for e in later.evaluations] == [e.architecture for e in whole.evaluations]


def test_the_command_line(tmp_path):
    words = ["search", "nas-bench-201-cifar10", "--budget", "12", "--predictor", "gaussian-process"]
    words += ["--out", str(tmp_path / "run")]
    done = CliRunner().invoke(app, [*words, "--likely", "0→1=nor_conv_3x3:20", "--likely", "2→3=none:0.1"])
    assert done.exit_code == 0, done.output
    command = json.loads((tmp_path / "run" / "result.json").read_text())["command"]
    assert "--likely '0→1=nor_conv_3x3:20' --likely '2→3=none:0.1'" in command
    for text, said in [("0→1=none", "expected CHOICE=VALUE:WEIGHT"), ("none:2", "expected NAME=VALUE")]:
        wrong = CliRunner().invoke(app, [*words, "--likely", text])
        assert said in str(wrong.exception)


def test_beliefs_about_a_space_that_cannot_be_listed_are_followed():
    space = SPACE & {"lr": ar.log(1e-4, 1e-1), "optimizer": ar.options("adam", "sgd")}
    believed = {**STRONG, "optimizer": {"adam": 20.0}}

    def worth(architecture, params):
        return total(architecture)

    plain, led = (search(space, worth, budget=16, likely=likely, seed=1) for likely in (None, believed))
    adam = [
        sum(space.options(e.architecture)["optimizer"] == "adam" for e in r.evaluations) for r in (plain, led)
    ]
    assert adam[0] < 14 <= adam[1]
    assert {e.reason for e in led.evaluations} == {"random", "predicted"}
    study = optuna.create_study(
        direction="maximize", sampler=ar.ArchrankSampler(space, likely=believed, seed=1)
    )
    study.optimize(lambda trial: total(space.split(space.suggest(trial))[0]), n_trials=14)
    assert [trial.params["lr"] for trial in study.trials] == [
        space.options(e.architecture)["lr"] for e in led.evaluations[:14]
    ]
