"""Fixed choices, forbidden combinations, and architectures that come first."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import archrank as ar
from archrank.cli.main import app
from archrank.errors import ArchrankError, ParseError, RunFolderError, UnknownName
from archrank.predictors import GaussianProcess
from archrank.spaces import NASBench201
from archrank.strategies import GuidedSearch, RandomSearch, RegularizedEvolution
from archrank.study import search
from open_spaces import Chains, worth

SPACE = NASBench201()


def total(architecture):
    return float(sum(architecture.choices))


NONE = SPACE.format(SPACE.architecture((0, 0, 0, 0, 0, 0)))


def options(result):
    return [result.space.options(evaluation.architecture) for evaluation in result.evaluations]


@pytest.mark.parametrize(
    "strategy",
    [
        RandomSearch(SPACE),
        RegularizedEvolution(SPACE),
        GuidedSearch(SPACE, predictor=GaussianProcess(SPACE), initial=6),
    ],
    ids=lambda strategy: type(strategy).__name__,
)
def test_only_what_the_rules_allow_is_proposed(strategy):
    result = search(
        SPACE,
        total,
        strategy,
        budget=16,
        fix={"0→1": "nor_conv_3x3", "2→3": "skip_connect"},
        forbid=[{"0→2": "none", "0→3": "none"}],
    )
    assert len(result.evaluations) == 16
    for found in options(result):
        assert (found["0→1"], found["2→3"]) == ("nor_conv_3x3", "skip_connect")
        assert not found["0→2"] == found["0→3"] == "none"


def test_a_choice_that_is_not_active_breaks_no_rule():
    space = Chains("chains")
    result = search(space, worth, RandomSearch(space), budget=30, fix={"layer 1/kernel": 3})
    kernels = [found.get("layer 1/kernel") for found in options(result)]
    assert set(kernels) == {None, 3}


def test_rules_and_bounds_together():
    space = Chains("chains")
    result = search(
        space, worth, RandomSearch(space), budget=10, fix={"depth": 2}, forbid={"layer 0/kind": "pool"}
    )
    assert {(found["depth"], found["layer 0/kind"]) for found in options(result)} == {(2, "conv")}


def test_what_is_named_comes_first_in_order(tmp_path):
    texts = [SPACE.format(a) for a in SPACE.sample(3, np.random.default_rng(5))]
    strategy = GuidedSearch(SPACE, predictor=GaussianProcess(SPACE), initial=4, batch=2)
    whole = search(SPACE, total, strategy, budget=9, start=texts)
    assert [SPACE.format(e.architecture) for e in whole.evaluations[:3]] == texts
    assert [e.reason for e in whole.evaluations[:4]] == ["given", "given", "given", "random"]
    assert whole.evaluations[-1].reason == "predicted"
    with pytest.warns(UserWarning, match="start names 3 architectures, and budget=2 pays 2"):
        search(SPACE, total, strategy, budget=2, start=texts, folder=tmp_path / "run")
    again = search(SPACE, total, strategy, budget=9, start=texts, folder=tmp_path / "run", resume=True)
    assert [e.architecture for e in again.evaluations] == [e.architecture for e in whole.evaluations]
    with pytest.raises(RunFolderError, match="start"):
        search(SPACE, total, strategy, budget=9, folder=tmp_path / "run", resume=True)
    (other,) = SPACE.sample(1, np.random.default_rng(6))
    with pytest.raises(RunFolderError, match="forbid"):
        search(
            SPACE,
            total,
            strategy,
            budget=9,
            start=texts,
            forbid=[SPACE.options(other)],
            folder=tmp_path / "run",
            resume=True,
        )


def test_what_the_budget_does_not_pay_of_what_is_named_is_said():
    texts = [SPACE.format(a) for a in SPACE.sample(6, np.random.default_rng(5))]
    with pytest.warns(
        UserWarning, match="start names 6 architectures, and budget=4 pays 4: the others are left out"
    ):
        result = search(SPACE, total, RandomSearch(SPACE), budget=4, start=texts)
    assert [SPACE.format(e.architecture) for e in result.evaluations] == texts[:4]


def test_a_run_with_rules_is_not_resumed_without_them(tmp_path):
    begun = {"folder": tmp_path / "run", "strategy": RandomSearch(SPACE)}
    search(SPACE, total, budget=2, fix={"0→1": "none"}, **begun)
    for other in ({}, {"fix": {"0→1": "avg_pool_3x3"}}, {"forbid": [{"0→1": "avg_pool_3x3"}]}):
        with pytest.raises(RunFolderError, match=r"settings\.(fix|forbid)"):
            search(SPACE, total, budget=4, resume=True, **begun, **other)
    assert len(search(SPACE, total, budget=4, resume=True, fix={"0→1": "none"}, **begun).evaluations) == 4


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"fix": {"0→9": "none"}}, UnknownName, "unknown choice of nas-bench-201 in fix '0→9'"),
        ({"fix": {"0→1": "conv"}}, UnknownName, "option of '0→1' in fix 'conv'"),
        ({"fix": ["0→1"]}, ArchrankError, "fix is"),
        ({"forbid": 3}, ArchrankError, "forbid is 3"),
        ({"forbid": [{}]}, ArchrankError, "forbid is"),
        ({"forbid": "0→1=none"}, ArchrankError, "forbid is"),
        ({"fix": {"0→1": "none"}, "forbid": [{"0→1": "none"}]}, ArchrankError, "loosen these rules"),
        (
            {"forbid": [{"0→1": option} for option in SPACE.choices[0].options]},
            ArchrankError,
            "was found that has none of the forbidden combinations; loosen",
        ),
        (
            {"start": [NONE], "fix": {"0→1": "skip_connect"}},
            ArchrankError,
            "breaks fix: 0→1 is 'none' and not 'skip",
        ),
        (
            {"start": [NONE], "forbid": [{"0→1": "none", "2→3": "none"}]},
            ArchrankError,
            "breaks forbid: it has {'0→1'",
        ),
        ({"start": ["no cell"]}, ParseError, "no cell"),
        ({"start": 3}, ArchrankError, "3 is of the type int"),
    ],
)
def test_mistakes_are_named_before_anything_is_evaluated(given, error, said):
    def evaluate(architecture):
        raise AssertionError("evaluated")

    with pytest.raises(error, match=said):
        search(SPACE, evaluate, RandomSearch(SPACE), budget=3, **given)


def test_a_continuous_choice_cannot_be_fixed():
    space = Chains("chains")
    with pytest.raises(ArchrankError, match=r"'learning rate' is any number"):
        search(space, worth, RandomSearch(space), budget=3, fix={"learning rate": 0.01})


def test_the_command_line_gives_the_same_search(tmp_path):
    text = NONE.replace("|none~2", "|skip_connect~2").replace("|none~0|none~1|", "|skip_connect~0|none~1|")
    words = [
        "search",
        "analog-nasbench",
        "--budget",
        "12",
        "--strategy",
        "random",
        "--out",
        str(tmp_path / "run"),
    ]
    words += ["--start", text, "--fix", "0→1=none", "--forbid", "0→2=none and 0→3=none"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    record = json.loads((tmp_path / "run" / "result.json").read_text())
    result = ar.search(
        "analog-nasbench",
        strategy="random",
        budget=12,
        start=[text],
        fix={"0→1": "none"},
        forbid=[{"0→2": "none", "0→3": "none"}],
    )
    assert [e["architecture"] for e in record["evaluations"]] == list(result.to_pandas()["architecture"])
    assert "--forbid '0→2=none and 0→3=none'" in record["command"]
    for wrong in (
        ["--fix", "kernel"],
        ["--renamed", "a=b"],
        ["--forbid", "a and b"],
        ["--fix", "0→1=none", "--fix", "0→1=skip_connect"],
    ):
        assert CliRunner().invoke(app, [*words[:-6], *wrong]).exit_code == 1
