"""``archrank search --fidelities``."""

import json
import shlex
from pathlib import Path

import numpy as np
import pytest

import archrank as ar
from archrank.spaces import NASBench201


@pytest.fixture
def measured(tmp_path):
    """A file of architectures with accuracies after 1, 3 and 9 epochs."""
    space = NASBench201()
    rng = np.random.default_rng(0)
    lines = ["architecture,acc_1,acc_3,acc_9"]
    for architecture in space.architectures(space.rows()[::60]):
        quality = sum(choice == 3 for choice in architecture.choices)
        values = [f"{quality + rng.normal() / epochs:.4f}" for epochs in (1, 3, 9)]
        lines.append(",".join([f'"{space.format(architecture)}"', *values]))
    path = tmp_path / "measured.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def record_of(folder):
    return json.loads(Path(folder, "result.json").read_text(encoding="utf-8"))


def test_a_file_with_a_column_for_each_fidelity(archrank, measured):
    words = ["search", "nas-bench-201", "--evaluator", measured, "--metric", "acc_9", "--strategy", "random"]
    words += [
        "--fidelities",
        "1,3,9",
        "--promotion",
        "halving",
        "--continued",
        "--budget",
        "6",
        "--out",
        "run",
    ]
    code, out, err = archrank(*words)
    assert code == 0, err
    assert "trainings" in out
    assert "of 9 epochs" in out
    assert "whole trainings have" in out
    record = record_of("run")
    assert record["fidelities"]["levels"] == [1, 3, 9]
    assert record["epochs"] <= 54
    page = Path("run/report.html").read_text(encoding="utf-8")
    assert "stopped after" in page
    assert "Only whole trainings are shown" in page
    # The command of the record repeats the run.
    again = shlex.split(record["command"])
    again[again.index("--out") + 1] = "again"
    assert archrank(*again[1:])[0] == 0
    repeated = record_of("again")
    assert [e["value"] for e in repeated["evaluations"]] == [e["value"] for e in record["evaluations"]]
    assert archrank(*again[1:], "--resume")[0] == 0


def test_columns_by_name(archrank, measured):
    words = ["search", "nas-bench-201", "--evaluator", measured, "--strategy", "random", "--budget", "4"]
    code, _, err = archrank(*words, "--fidelities", "2=acc_1,9=acc_9", "--out", "run")
    assert code == 0, err
    record = record_of("run")
    assert (record["metric"], record["fidelities"]["levels"]) == ("acc_9", [2, 9])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--fidelities", "9,3"], "expected each number of epochs once, in ascending order"),
        (["--fidelities", "three"], "--fidelities 'three': expected numbers of epochs, such as 4,12,36"),
        (["--fidelities", "3,9=acc_9"], "or with columns"),
        (["--fidelities", "9=a,9=b"], "several columns for the same number of epochs"),
        (["--promotion", "halving"], "--promotion is given without --fidelities"),
        (["--separate"], "--continued is given without --fidelities"),
        (["--fidelities", "2,9"], "no values of 'acc_9' after 2 epochs; it has"),
        (["--fidelities", "3,9", "--promotion", "best"], "unknown promotion 'best'"),
    ],
)
def test_mistakes(archrank, measured, words, said):
    code, _, err = archrank(
        "search", "nas-bench-201", "--evaluator", measured, "--metric", "acc_9", "--out", "run", *words
    )
    assert code == 2
    assert said in err


def test_an_evaluator_that_cannot_stop(archrank, tmp_path):
    (tmp_path / "mine.py").write_text("def evaluate(architecture):\n    return 1.0\n")
    code, _, err = archrank(
        "search", "nas-bench-201", "--evaluator", "mine.py:evaluate", "--fidelities", "1,3"
    )
    assert code == 2
    assert "cannot stop early" in err


def test_notebooks_plot_whole_trainings():
    def evaluate(architecture, epochs):
        return -sum(architecture.choices) / epochs

    result = ar.search(NASBench201(), evaluate, "random", budget=5, fidelities=[1, 3, 9])
    whole = sum(e.whole for e in result.evaluations)
    assert 0 < whole < len(result.evaluations)
    axes = ar.plot.curve(result)
    assert axes.get_xlim()[1] == max(whole, 2) + 0.5
