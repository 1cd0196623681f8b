"""The strategies and their options through the real command line."""

import json
from functools import partial

import pytest

from archrank.spaces import NASBench201


@pytest.fixture
def search(run_search):
    return partial(run_search, "analog-nasbench")


def texts(record):
    return [evaluation["architecture"] for evaluation in record["evaluations"]]


def test_a_replayed_strategy_goes_on_after_its_budget_as_if_it_had_been_larger(search):
    words = ("--strategy", "annealing", "--unique-by", "function")
    _, out, _ = search(*words, "--budget", 45, "--out", "whole", "--json")
    whole = json.loads(out)
    search(*words, "--budget", 33, "--out", "parts")
    _, out, _ = search(*words, "--budget", 45, "--out", "parts", "--resume", "--json")
    assert texts(json.loads(out)) == texts(whole)
    space = NASBench201()
    assert len({space.function_key(space.parse(text)) for text in texts(whole)}) == 45
    assert "--unique-by function" in whole["command"]


def test_guided_search_with_options(search):
    code, out, _ = search(
        "--budget", 9, "--initial", 6, "--round", 3, "--members", 2, "--acquisition", "ts", "--encoder", "gates",
        "--inner", "annealing", "--shrink", 0.5, "--unique-by", "function", "--json",
    )  # fmt: skip
    assert code == 0
    record = json.loads(out)
    assert {e["reason"] for e in record["evaluations"]} >= {"random", "predicted"}
    assert "inner='annealing'" in record["settings"]
    assert "--inner annealing" in record["command"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--strategy", "anealing"), "unknown strategy 'anealing'; did you mean 'annealing'?"),
        (("--unique-by", "functions"), "unknown unique_by 'functions'; did you mean 'function'?"),
        (("--inner", "anneal"), "unknown inner search 'anneal'; did you mean 'annealing'?"),
        (("--acquisition", "usb"), "unknown acquisition 'usb'; did you mean 'ucb'?"),
        (("--shrink", 2), "shrink is 2.0; it is a share"),
        (
            ("--strategy", "random", "--first", "zero-cost", "--initial", 5),
            "--initial, --first: options of guided search, which the strategy 'random' does not have",
        ),
    ],
)
def test_a_mistake_leaves_no_folder(search, tmp_path, words, said):
    code, out, err = search(*words)
    assert (code, out) == (2, "")
    assert said in err
    assert not (tmp_path / "runs").exists()
