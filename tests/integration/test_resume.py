"""A study killed at any moment and resumed loses no finished evaluation and repeats none."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager

import numpy as np
import optuna
import pytest
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from archrank.spaces import NASBench201
from archrank.strategies import RegularizedEvolution
from archrank.study import RunFolder, search
from waiting import PATIENCE, running, wait_for_the_end_of, wait_until

SPACE = NASBench201()

HOLD = """
import os, sys, time
from pathlib import Path


def hold():
    # Once the journal is as long as the test waits for, nothing more is evaluated: however slow the test is to
    # notice, the kill comes while the search runs.
    journal, until = os.environ.get("JOURNAL"), int(os.environ.get("UNTIL", 0))
    if journal and Path(journal).exists() and Path(journal).read_bytes().count(b"\\n") >= until:
        time.sleep(600)
"""

SCRIPT = (
    HOLD
    + """
from archrank.spaces import NASBench201
from archrank.strategies import RegularizedEvolution
from archrank.study import RunFolder, search


class Slow:
    def __init__(self, log):
        self.log = log

    def __call__(self, architecture):
        hold()
        time.sleep(0.005)
        value = float(sum(architecture.choices)) + architecture.choices[0] / 10
        with self.log.open("a") as file:
            file.write(f"{architecture.choices}\\n")
        return {"value": value, "cost": float(architecture.choices[1] ** 2)}


if __name__ == "__main__":
    path, workers, budget = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    goal = {"value": "maximize", "cost": "minimize"} if "both" in sys.argv else {"value": "maximize"}
    space = NASBench201()
    strategy = RegularizedEvolution(space, population=6, tournament=3)
    strategy.batch = 4
    with RunFolder.open(path, {"budget": budget}, resume=True) as folder:
        how = {"folder": folder, "workers": workers, "retries": 99}
        search(space, Slow(path / "log"), strategy, budget=budget, objectives=goal, **how)
"""
)

COMMAND = (
    HOLD
    + """
from archrank.cli.main import main
from archrank.study import TableEvaluator

look_up = TableEvaluator.__call__


def look_up_or_hold(self, architecture):
    hold()
    return look_up(self, architecture)


TableEvaluator.__call__ = look_up_or_hold
main()
"""
)

KILLS = 5
"""How often a search is killed at most; then it is left to end."""


def score(architecture):
    return float(sum(architecture.choices)) + architecture.choices[0] / 10


def both(architecture):
    return {"value": score(architecture), "cost": float(architecture.choices[1] ** 2)}


def strategy():
    made = RegularizedEvolution(SPACE, population=6, tournament=3)
    made.batch = 4
    return made


def found(result):
    return [(e.number, e.architecture, e.value, e.error, e.round, e.reason) for e in result.evaluations]


def study(folder):
    storage = optuna.storages.JournalStorage(JournalFileBackend(str(folder / "journal.log")))
    return optuna.load_study(study_name="archrank", storage=storage)


def finished(folder):
    """Numbers and values that the journal holds as finished, read without touching it."""
    copy = folder.parent / f"{folder.name}-copy"
    shutil.copytree(folder, copy, symlinks=True)
    journal = (copy / "journal.log").read_bytes()
    (copy / "journal.log").write_bytes(journal[: journal.rfind(b"\n") + 1])
    try:
        trials = study(copy).get_trials(states=(TrialState.COMPLETE,))
    except KeyError:  # killed before there was a study
        trials = []
    shutil.rmtree(copy)
    return {trial.number: (trial.params, trial.values) for trial in trials}


def killed(command, folder, lines):
    """Run it, and kill -9 once its journal has grown by so many lines; whether it was still running."""
    journal = folder / "journal.log"

    def written():
        return journal.read_bytes().count(b"\n") if journal.exists() else 0

    until = written() + lines
    environment = {**os.environ, "JOURNAL": str(journal), "UNTIL": str(until)}
    how = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True, "env": environment}
    with running(command, **how) as process:
        wait_until(
            lambda: process.poll() is not None or written() >= until,
            f"{journal} was to have {until} lines, and has {written()}",
        )
        process.kill()
        _, errors = process.communicate()
    assert process.returncode in {0, -signal.SIGKILL}, errors
    return process.returncode == -signal.SIGKILL


@pytest.mark.filterwarnings("ignore:.*begins anew:UserWarning")
@pytest.mark.filterwarnings("ignore:.*set aside")
def test_a_journal_cut_at_any_byte_is_gone_on_with(tmp_path):
    with RunFolder.open(tmp_path / "whole", {}) as folder:
        whole = search(SPACE, score, strategy(), budget=10, folder=folder)
    journal = (tmp_path / "whole" / "journal.log").read_bytes()
    rng = np.random.default_rng(0)
    ends = [i + 1 for i, byte in enumerate(journal) if byte == ord("\n")]
    cuts = sorted({0, *rng.choice(len(journal), 15).tolist(), *rng.choice(ends, 25).tolist()})
    for cut in cuts:
        path = tmp_path / "cut"
        path.mkdir()
        shutil.copy(tmp_path / "whole" / "config.json", path)
        (path / "journal.log").write_bytes(journal[:cut])
        stored = journal[: journal.rfind(b"\n", 0, cut) + 1].count(b'"user_attr":{"result"')
        evaluated = []

        def counted(architecture, evaluated=evaluated):
            evaluated.append(architecture)
            return score(architecture)

        with RunFolder.open(path, {}, resume=True) as folder:
            resumed = search(SPACE, counted, strategy(), budget=10, folder=folder)
        assert found(resumed) == found(whole), f"cut at byte {cut}"
        assert len(evaluated) == 10 - stored, f"cut at byte {cut}"
        shutil.rmtree(path)


def test_an_evaluation_that_keeps_killing_the_search_is_given_up(tmp_path, monkeypatch):
    with RunFolder.open(tmp_path / "whole", {}) as folder:
        search(SPACE, score, strategy(), budget=4, folder=folder)
    lines = (tmp_path / "whole" / "journal.log").read_bytes().splitlines(keepends=True)
    running = next(
        i for i, line in enumerate(lines) if line.startswith(b'{"op_code":6') and b'"state":0' in line
    )
    path = tmp_path / "run"
    path.mkdir()
    (path / "journal.log").write_bytes(b"".join(lines[: running + 1]))
    for deaths in (1, 2):
        assert study(path).trials[0].state == TrialState.RUNNING

        def dies(*_):
            raise GeneratorExit  # nothing of the driver survives it, and nothing is put back

        with RunFolder.open(path, {}, resume=True) as folder, monkeypatch.context() as patch:
            patch.setattr("archrank.workers.evaluation.measure", dies)
            with pytest.raises(GeneratorExit):
                search(SPACE, score, strategy(), budget=4, folder=folder, retries=2)
        assert study(path).trials[0].user_attrs["interruptions"] == deaths
    with RunFolder.open(path, {}, resume=True) as folder:
        result = search(SPACE, score, strategy(), budget=4, folder=folder, retries=2)
    assert "interrupted 3 times" in result.evaluations[0].error
    assert [e.error for e in result.evaluations[1:]] == [None] * 3
    assert study(path).trials[0].state == TrialState.FAIL
    assert "interrupted 3 times" in study(path).trials[0].user_attrs["error"]


ONE = {"value": "maximize"}
BOTH = {"value": "maximize", "cost": "minimize"}


@pytest.mark.parametrize(("workers", "objectives"), [(1, ONE), (2, ONE), (2, BOTH)])
def test_killed_again_and_again(tmp_path, workers, objectives):
    rng = np.random.default_rng(workers)
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    folder, budget, kills = tmp_path / "run", 24, 0
    before = {}
    command = [sys.executable, str(script), str(folder), str(workers), str(budget)]
    command += ["both"] if objectives is BOTH else []
    while kills < KILLS and killed(command, folder, int(rng.integers(1, 60))):
        kills += 1
        assert before.items() <= (before := finished(folder)).items()
    assert kills >= 1
    subprocess.run(command, check=True, timeout=PATIENCE)
    after = finished(folder)
    assert before.items() <= after.items()
    whole = search(SPACE, both, strategy(), budget=budget, objectives=objectives)
    assert sorted(after) == list(range(budget))
    calls = Counter((folder / "log").read_text().splitlines())
    assert len(calls) == budget
    # Only what was under way at a kill is evaluated again.
    assert sum(calls.values()) - budget <= kills * workers
    assert [after[e.number] for e in whole.evaluations] == [
        (SPACE.options(e.architecture), [e.values[name] for name in objectives]) for e in whole.evaluations
    ]


def test_the_command_killed_again_and_again(tmp_path):
    rng = np.random.default_rng(7)
    folder, budget = tmp_path / "run", 60

    def command(out, *more):
        options = [
            "--strategy",
            "evolution",
            "--budget",
            str(budget),
            "--seed",
            "3",
            "--out",
            str(out),
            *more,
        ]
        return [sys.executable, "-c", COMMAND, "search", "analog-nasbench", *options]

    kills = 0
    while kills < KILLS and killed(command(folder, "--resume"), folder, int(rng.integers(1, 250))):
        kills += 1
    assert kills >= 1
    for last in (command(folder, "--resume"), command(tmp_path / "whole")):
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(last, check=True, timeout=PATIENCE, **quiet)
    resumed, whole = (
        json.loads((path / "result.json").read_text(encoding="utf-8"))
        for path in (folder, tmp_path / "whole")
    )

    def essence(record):
        kept = ("number", "architecture", "value", "state", "round", "reason")
        return [[evaluation[key] for key in kept] for evaluation in record["evaluations"]], record["best"]

    assert essence(resumed) == essence(whole)
    assert len(resumed["evaluations"]) == budget
    assert resumed["seconds"]["evaluate"] >= sum(e["seconds"] for e in resumed["evaluations"]) * 0.999


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_workers_end_with_the_search(tmp_path, how):
    endless = "(self.log.parent / f'{os.getpid()}.pid').touch(); time.sleep(600)"
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.replace("time.sleep(0.005)", endless))
    folder = tmp_path / "run"
    command = [sys.executable, str(script), str(folder), "2", "4"]

    def workers():
        return [int(path.stem) for path in folder.glob("*.pid")]

    with running(command, stderr=subprocess.PIPE, process_group=0, text=True) as process:
        wait_until(lambda: len(workers()) == 2, "both workers were to begin an evaluation")
        if how == signal.SIGINT:
            os.killpg(process.pid, how)  # as a terminal does: to the workers too
        else:
            process.send_signal(how)
        process.communicate(timeout=PATIENCE)
    wait_for_the_end_of(workers())
    states = [trial.state for trial in study(folder).trials]
    put_back = TrialState.WAITING if how == signal.SIGINT else TrialState.RUNNING
    assert states == [put_back] * 2 + [TrialState.WAITING] * 2


def test_a_study_is_ordinary_to_optuna(tmp_path):
    with RunFolder.open(tmp_path, {}) as folder:
        result = search(
            SPACE, score, strategy(), budget=6, folder=folder, metric="accuracy", maximize=True, seed=4
        )
    opened = study(tmp_path)
    assert opened.metric_names == ["accuracy"]
    assert opened.user_attrs["seed"] == 4
    assert opened.user_attrs["space digest"] == SPACE.digest
    assert opened.best_value == result.best.value
    for trial, evaluation in zip(opened.trials, result.evaluations, strict=True):
        assert trial.params == SPACE.options(evaluation.architecture)
        assert trial.user_attrs["reason"] == evaluation.reason
        assert trial.user_attrs["architecture"] == SPACE.format(evaluation.architecture)
        assert trial.user_attrs["predicted"] is None


@contextmanager
def interrupted_after(steps):
    """Sends this process an interrupt after so many steps (lines, calls and returns of Python) of the block."""
    left = steps

    def count(*_):
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGINT)
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        yield
    finally:
        sys.settrace(before)


# An interrupt may also hit a finalizer, which Python reports and goes on.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_at_any_moment_leaves_nothing_behind(tmp_path):
    # It hits the driver wherever it is, also in the middle of writing. Opening the folder would sweep up after
    # it, so the folder is opened once. A whole search takes about 530,000 steps, reading it again 80,000.
    rng = np.random.default_rng(0)
    interrupts = 0
    with RunFolder.open(tmp_path, {}) as folder:
        for steps in rng.integers(1, 80_000, size=60).tolist():
            try:
                with interrupted_after(steps):
                    search(SPACE, score, strategy(), budget=60, folder=folder, retries=0)
            except KeyboardInterrupt:
                interrupts += 1
                assert not list(tmp_path.glob("journal.log.lock*"))
                assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        result = search(SPACE, score, strategy(), budget=60, folder=folder, retries=0)
    assert interrupts >= 30
    assert found(result) == found(search(SPACE, score, strategy(), budget=60))
