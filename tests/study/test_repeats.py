"""Searches that evaluate the best again, with other seeds, before they name their best."""

import json
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from typer.testing import CliRunner

import archrank as ar
from archrank.benchmarks.table import Metric, Table
from archrank.cli.main import app
from archrank.errors import ArchrankError, BudgetError
from archrank.spaces import NASBench201
from archrank.study import recorded

SPACE = NASBench201()


def noisy(architecture, seed=0):
    noise = np.random.default_rng([seed, *architecture.choices]).normal(0, 3)
    return float(sum(architecture.choices) + noise)


def search(evaluator=noisy, budget=20, **options):
    options = {"strategy": "random", "repeat_best": 3, "seed": 1, **options}
    return ar.search(SPACE, evaluator, budget=budget, **options)


def every(result):
    return [(e.number, e.architecture, e.seed, e.value) for e in (*result.evaluations, *result.repeats)]


def test_the_best_are_evaluated_again_and_the_best_mean_wins():
    result = search()
    plain = search(repeat_best=None)
    assert [e.value for e in result.evaluations] == [e.value for e in plain.evaluations]
    assert (plain.repeats, plain.repeated) == ((), ())
    top = sorted(result.evaluations, key=lambda e: -e.value)[:3]
    assert [(e.architecture, e.seed) for e in result.repeats] == [
        (e.architecture, seed) for seed in (1, 2) for e in top
    ]
    assert all(e.value == noisy(e.architecture, e.seed) for e in result.repeats)
    means = {e.architecture: np.mean([noisy(e.architecture, s) for s in (0, 1, 2)]) for e in top}
    assert result.best_architecture == max(means, key=means.get)
    assert result.best_architecture != plain.best_architecture  # for this seed, or the test shows nothing
    assert result.best_value == pytest.approx(max(means.values()))
    assert result.best.value == noisy(result.best_architecture)
    assert [each.evaluation.architecture for each in result.repeated] == sorted(
        means, key=means.get, reverse=True
    )
    assert "(mean of 3) after 20 evaluations and 6 repeats" in repr(result)
    assert len(result.study.trials) == 26


def test_progress_tells_of_repeats():
    told = []
    result = search(budget=5, on_progress=told.append)
    assert [p.unit for p in told] == ["evaluations"] * 6 + ["repeats"] * 6
    assert [(p.done, p.budget) for p in told[6:]] == [(k, 6) for k in range(1, 7)]
    assert told[-1].best == max(e.value for e in result.evaluations)


def test_smaller_values_may_be_better():
    result = search(maximize=False)
    assert result.best_value == min(each.values["value"] for each in result.repeated)
    assert (
        result.best_architecture
        == min(result.repeated, key=lambda each: each.values["value"]).evaluation.architecture
    )


@pytest.mark.parametrize("options", [{"workers": 2}, {"workers": 2, "asynchronous": True}])
def test_workers_repeat_too(options):
    result = search(budget=6, **options)
    assert all(e.value == noisy(e.architecture, e.seed) for e in result.repeats)
    assert len(result.repeats) == 6


def test_an_interrupted_run_repeats_nothing_twice(tmp_path):
    paid = []

    def moody(architecture, seed=0):
        paid.append((architecture, seed))
        if len(paid) in (8, 12, 14):
            signal.raise_signal(signal.SIGINT)
        return noisy(architecture, seed)

    options = {"budget": 10, "folder": tmp_path / "run", "resume": True}
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            search(moody, **options)
    result = search(moody, repeat_best=None, **options)  # what the run recorded
    assert every(result) == every(search(budget=10))
    assert len(paid) == 16 + 3
    assert every(search(moody, **options)) == every(result)
    assert len(paid) == 19


def test_a_killed_run_loses_no_repeat(tmp_path):
    script = tmp_path / "killed.py"
    script.write_text(
        textwrap.dedent("""
        import os, sys
        import archrank as ar

        def dies(architecture, seed=0):
            with open(sys.argv[2], "a") as file:
                file.write(f"{architecture.choices} {seed}\\n")
                file.flush()
            if seed == 2 and not os.path.exists(sys.argv[2] + ".died"):
                open(sys.argv[2] + ".died", "w").close()
                os._exit(9)
            return float(sum(architecture.choices) + seed)

        result = ar.search("nas-bench-201", dies, "random", budget=5, repeat_best=2, folder=sys.argv[1], resume=True)
        print(len(result.repeats), result.best_value - result.best.value)
        """)
    )
    words = [sys.executable, str(script), str(tmp_path / "run"), str(tmp_path / "calls")]
    assert subprocess.run(words, check=False, capture_output=True).returncode == 9
    ended = subprocess.run(words, check=True, capture_output=True, text=True)
    assert ended.stdout.split() == ["4", "1.0"]
    calls = (tmp_path / "calls").read_text().splitlines()
    assert len(calls) == 5 + 4 + 1
    assert len(set(calls)) == 9  # only the one that died came twice


def test_a_longer_search_repeats_its_new_best(tmp_path):
    search(budget=8, folder=tmp_path / "run")
    longer = search(budget=30, repeat_best=None, folder=tmp_path / "run", resume=True)
    at_once = search(budget=30, repeat_best=None)
    assert [e.value for e in longer.evaluations] == [e.value for e in at_once.evaluations]
    top = sorted(longer.evaluations, key=lambda e: -e.value)[:3]
    assert {e.architecture for e in top} <= {e.architecture for e in longer.repeats}
    assert len({(e.architecture, e.seed) for e in longer.repeats}) == len(longer.repeats)
    none = search(budget=30, repeat_best=0, folder=tmp_path / "run", resume=True)
    assert none.repeats == ()
    assert none.best_architecture == at_once.best_architecture


def test_the_folder_tells_of_them(tmp_path):
    result = search(folder=tmp_path / "run")
    record = json.loads((tmp_path / "run" / "result.json").read_text())
    assert record["best"]["mean"] == result.best_value
    assert record["best"]["evaluations"] == 3
    assert [e["seed"] for e in record["repeats"]] == [1, 1, 1, 2, 2, 2]
    assert len(record["evaluations"]) == 20
    page = (tmp_path / "run" / "report.html").read_text()
    assert "The best again" in page
    assert "Mean of the best" in page
    status = ar.status(tmp_path / "run")
    assert (status.done, status.best) == (20, pytest.approx(result.best_value))
    assert status.best_architecture == SPACE.format(result.best_architecture)
    (tmp_path / "run" / "result.json").unlink()
    read = recorded.recorded_run(tmp_path / "run")
    assert (len(read.evaluations), len(read.repeats)) == (20, 6)
    with pytest.warns(UserWarning, match="3 known architectures have several values, which are averaged"):
        later = search(budget=3, repeat_best=None, known=tmp_path / "run")
    known = {k.architecture: k.values["value"] for k in later.known}
    assert known[result.best_architecture] == pytest.approx(result.best_value)


def test_a_constraint_is_met_on_average():
    def both(architecture, seed=0):
        return {
            "value": float(sum(architecture.choices)),
            "ms": 1.0 if seed == 0 else architecture.choices[0] * 3.0,
        }

    result = search(both, metric="value", where=["ms < 5"], repeat_best=5)
    assert any(each.violation for each in result.repeated)
    assert any(each.counts for each in result.repeated)
    assert result.best_architecture.choices[0] * 2 + 1 / 3 < 5
    nothing = search(
        lambda a, seed=0: {"value": float(sum(a.choices)), "ms": 9.0 * (seed > 0)},
        metric="value",
        where=["ms < 5"],
    )
    assert all(each.violation for each in nothing.repeated)
    again = {each.evaluation.architecture for each in nothing.repeated}
    assert nothing.best_architecture not in again  # the best of what was evaluated once
    assert nothing.best_value == nothing.best.value


def test_a_repeat_may_fail():
    def fails(architecture, seed=0):
        if seed == 1:
            raise RuntimeError("out of memory")
        return noisy(architecture, seed)

    with pytest.warns(
        UserWarning, match="^3 of the 6 repeats .* failed, mostly by RuntimeError: out of memory$"
    ):
        result = search(fails)
    assert {each.count for each in result.repeated} == {2}
    with pytest.warns(
        UserWarning, match="6 of the 6 .* by ZeroDivisionError.*; so .* by the first values alone"
    ):
        all_fail = search(lambda a, seed=0: noisy(a) if seed == 0 else 1 / 0)
    assert all_fail.best_value == max(e.value for e in all_fail.evaluations)


def test_only_whole_trainings_are_repeated():
    def trained(architecture, epochs, seed=0):
        assert seed == 0 or epochs == 9
        return noisy(architecture, seed) * (1 - 0.9**epochs)

    result = search(trained, budget=8, fidelities=[1, 3, 9])
    plain = search(trained, budget=8, fidelities=[1, 3, 9], repeat_best=None)
    assert result.epochs == plain.epochs
    assert {(e.fidelity, e.epochs, e.whole) for e in result.repeats} == {(9, 9, True)}
    assert result.best_value == max(each.values["value"] for each in result.repeated)


def test_joint_spaces_pass_the_seed_on():
    space = SPACE & {"lr": ar.log(1e-3, 1e-1)}
    result = ar.search(
        space, lambda a, params, seed=0: params["lr"] + seed, "random", budget=5, repeat_best=1
    )
    assert [e.value - result.best.value for e in result.repeats] == pytest.approx([1, 2])


def test_values_of_the_space_come_along():
    class Known(NASBench201):
        def known_values(self, architecture):
            return {"convolutions": float(sum(c in (2, 3) for c in architecture.choices))}

    result = ar.search(Known(), noisy, "random", budget=8, where=["convolutions <= 4"], repeat_best=2)
    assert all(e.value == noisy(e.architecture, e.seed) for e in result.repeats)
    assert len(result.repeats) == 4


def table(**columns):
    rows = SPACE.rows()[::40]
    drawn = np.random.default_rng(0)
    values = {name: rows.sum(axis=1) + drawn.normal(0, 3, len(rows)) for name in columns}
    metrics = tuple(Metric(name, "percent", "validation", **given) for name, given in columns.items())
    return Table("some", SPACE, rows, values, metrics)


def test_tables_are_looked_up_in_the_columns_of_other_runs():
    runs = table(mean={}, acc_1={}, acc_2={}, acc_3={})
    result = ar.search(runs, strategy="random", budget=20, metric="acc_1", repeat_best=2)
    for e in result.repeats:
        assert e.value == runs.value(e.architecture, f"acc_{e.seed + 1}")
    assert result.best_value != result.best.value


@pytest.mark.parametrize(
    ("columns", "metric", "options", "said"),
    [
        ({"acc": {}, "acc_1": {}, "acc_2": {}}, "acc", {}, "metric='acc_1'"),
        ({"acc_1": {}, "acc_2": {}}, "acc_1", {}, r"1 other run.*give repeats=1"),
        ({"acc": {}}, "acc", {}, "no columns of other runs"),
        ({"acc_12": {}, "acc_200": {}}, "acc_12", {}, "no columns of other runs"),  # epochs, it seems
        ({"acc_1": {"epochs": 12}, "acc_2": {"epochs": 200}}, "acc_1", {}, "no columns of other runs"),
    ],
)
def test_tables_without_runs_are_refused(columns, metric, options, said):
    with pytest.raises(ArchrankError, match=said):
        ar.search(table(**columns), strategy="random", budget=5, metric=metric, repeat_best=2, **options)


def test_what_cannot_be_repeated_is_refused():
    with pytest.raises(ArchrankError, match="names one best architecture by its mean"):
        ar.search(
            SPACE, noisy, "random", budget=5, objectives={"a": "maximize", "b": "minimize"}, repeat_best=2
        )
    with pytest.raises(BudgetError, match="repeat_best is -1"):
        search(repeat_best=-1)
    with pytest.raises(ArchrankError, match="repeats is given without repeat_best"):
        search(repeat_best=None, repeats=3)
    with pytest.raises(BudgetError, match="repeats is 0"):
        search(repeats=0)


def test_an_evaluator_that_ignores_the_seed_is_named():
    with pytest.warns(UserWarning, match=r"all 6 repeats gave the same values .* parameter seed"):
        search(lambda architecture: float(sum(architecture.choices)))


def test_the_command_line(tmp_path):
    words = ["search", "nas-bench-201-cifar10", "--metric", "validation_accuracy_1", "--strategy", "random"]
    words += ["--budget", "12", "--out", str(tmp_path / "run")]
    done = CliRunner().invoke(app, [*words, "--repeat-best", "2", "--repeats", "1"])
    assert done.exit_code == 0, done.output
    assert "2 evaluations of the best 2" in done.output
    assert "the mean of 2 evaluations" in done.output
    record = json.loads((tmp_path / "run" / "result.json").read_text())
    assert "--repeat-best 2 --repeats 1" in record["command"]
    wrong = CliRunner().invoke(app, [*words, "--repeats", "1"])
    assert wrong.exit_code == 1
    assert "--repeats is given without --repeat-best" in str(wrong.exception)
