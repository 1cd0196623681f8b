import json
import os
import re
import signal
import subprocess
import sys
import threading
import warnings
from functools import partial
from pathlib import Path

import pytest

from archrank.errors import BudgetError, EvaluationError
from archrank.spaces import NASBench201
from archrank.strategies import RandomSearch
from archrank.study import RunFolder, result_record, search
from archrank.workers import processes
from evaluators_for_workers import (
    Deadly,
    DiesBesideACopy,
    Forks,
    Slow,
    closes_all_files,
    interrupts_itself,
    leaves,
    leaves_a_thread,
    no_such_file,
    raises_generator_exit,
    total,
)
from waiting import PATIENCE, running, wait_for_the_end_of, wait_until

SPACE = NASBench201()


def strategy():
    made = RandomSearch(SPACE)
    made.batch = 4
    return made


def planned(budget):
    return [e.architecture for e in search(SPACE, total, strategy(), budget=budget).evaluations]


@pytest.mark.parametrize("workers", [1, 2])
def test_what_takes_too_long_is_ended_with_all_that_it_started(tmp_path, workers):
    evaluate = Slow(planned(4)[1:2], tmp_path)
    result = search(SPACE, evaluate, strategy(), budget=4, workers=workers, timeout=6.0)
    assert [e.error for e in result.evaluations] == [None, "it took longer than 6 s", None, None]
    assert result.evaluations[1].seconds == 6.0
    pids = [int(path.stem) for path in tmp_path.glob("*.pid")]
    assert len(pids) == 2  # the worker and its program
    wait_for_the_end_of(pids)


def test_a_worker_whose_line_the_evaluator_closes_ends_without_a_traceback(capfd):
    result = search(SPACE, closes_all_files, strategy(), budget=1, workers=2, retries=1)
    assert "its worker died 2 times" in result.evaluations[0].error
    out, err = capfd.readouterr()
    assert err == ""
    assert out.splitlines() == [f"evaluating {result.evaluations[0].architecture.choices}"] * 2


@pytest.mark.parametrize("workers", [1, 2])
def test_a_generator_exit_of_the_evaluator_is_a_failure(workers):
    result = search(SPACE, raises_generator_exit, strategy(), budget=2, workers=workers)
    assert [e.error for e in result.evaluations] == ["GeneratorExit"] * 2


def test_a_killed_worker_harms_nobody_else(tmp_path):
    first, second = planned(2)
    evaluate = Deadly([first], tmp_path / "log", times=2, seconds=0.3)
    result = search(SPACE, evaluate, strategy(), budget=2, workers=2, retries=2)
    assert [e.error for e in result.evaluations] == [None, None]
    assert (evaluate.calls(first), evaluate.calls(second)) == (3, 1)


def test_an_asynchronous_search_waits_for_nobody_and_says_what_is_pending(tmp_path):
    shown = []

    class Watching(RandomSearch):
        def propose(self, history, n, rng):
            shown.append((n, [e.architecture for e in history if e.pending]))
            return super().propose(history, n, rng)

    slow = search(SPACE, total, RandomSearch(SPACE), budget=1, asynchronous=True).evaluations[0].architecture
    evaluate = Slow([slow], tmp_path, until=8)
    with RunFolder.open(tmp_path / "run", {}) as folder:
        result = search(
            SPACE,
            evaluate,
            Watching(SPACE),
            budget=8,
            workers=2,
            asynchronous=True,
            folder=folder,
            timeout=PATIENCE,
        )
    # The first one ends only when all the others have been begun: so nothing waited for it.
    assert [e.error for e in result.evaluations] == [None] * 8
    assert [n for n, _ in shown] == [1] * 8
    assert all(slow in pending and len(pending) <= 2 for _, pending in shown[1:])
    assert len({e.architecture for e in result.evaluations}) == 8
    with RunFolder.open(tmp_path / "run", {}, resume=True) as folder:
        more = search(SPACE, total, Watching(SPACE), budget=9, asynchronous=True, folder=folder)
    assert more.evaluations[:8] == result.evaluations


def test_an_asynchronous_search_alone_is_one_in_rounds_of_one():
    alone = search(SPACE, total, RandomSearch(SPACE), budget=6, asynchronous=True)
    strategy = RandomSearch(SPACE)
    strategy.batch = 1
    assert [e.architecture for e in alone.evaluations] == [
        e.architecture for e in search(SPACE, total, strategy, budget=6).evaluations
    ]


def test_a_script_without_a_guard_is_told_so(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from archrank.spaces import NASBench201\n"
        "from archrank.strategies import RandomSearch\n"
        "from archrank.study import search\n"
        "def value(architecture):\n"
        "    return 1.0\n"
        "search(NASBench201(), value, RandomSearch(NASBench201()), budget=2, workers=2)\n"
    )
    process = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert process.returncode == 1
    assert "if __name__ == '__main__'" in process.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"timeout": 0.0}, "give a timeout above 0"),
        ({"timeout": float("nan")}, "give a timeout above 0"),
        ({"workers": -1}, "give 1 or more"),
    ],
)
def test_numbers_that_mean_nothing(arguments, said):
    with pytest.raises(BudgetError, match=said):
        search(SPACE, total, RandomSearch(SPACE), budget=2, **arguments)


def test_somebody_must_evaluate():
    with pytest.raises(EvaluationError, match="nothing evaluates the architectures"):
        search(SPACE, None, RandomSearch(SPACE), budget=2)


def test_more_workers_than_cores_are_warned_of():
    cores = len(os.sched_getaffinity(0))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with pytest.raises(EvaluationError, match="cannot be sent"):
            search(
                SPACE, partial(total, lock=threading.Lock()), RandomSearch(SPACE), budget=2, workers=cores + 1
            )
    assert [str(w.message).split(":")[0] for w in caught] == [f"{cores + 1} workers on {cores} cores"]


def test_a_worker_loads_nothing_large_that_its_evaluator_does_not_need():
    code = (
        "import sys, archrank.workers.process_main, archrank.workers.evaluation; "
        "print(*({'torch', 'ray', 'optuna', 'scipy'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_guides_example_works(tmp_path):
    guide = (Path(__file__).parents[2] / "docs/how-to/many-machines.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    (tmp_path / "guide.py").write_text(block)
    done = subprocess.run(
        [sys.executable, "guide.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("|")


def test_threads_that_an_evaluator_leaves_do_not_keep_a_worker(monkeypatch):
    ended = []

    class Watched(processes._Process):
        def end(self, at_once):
            super().end(at_once)
            ended.append(self._process.pid)

    monkeypatch.setattr(processes, "_Process", Watched)
    result = search(SPACE, leaves_a_thread, strategy(), budget=2, workers=2)
    assert [e.error for e in result.evaluations] == [None, None]
    assert len(ended) == 2
    wait_for_the_end_of(ended)


def test_copies_that_an_evaluator_forks_end_with_the_search(tmp_path):
    result = search(SPACE, Forks(tmp_path), strategy(), budget=4, workers=2)
    assert [e.architecture for e in result.evaluations] == planned(4)
    assert [e.value for e in result.evaluations] == [total(a) for a in planned(4)]
    pids = [int(path.stem) for path in tmp_path.glob("*.pid")]
    wait_for_the_end_of(pids)


def test_a_worker_that_dies_beside_a_copy_of_itself_is_missed(tmp_path):
    result = search(SPACE, DiesBesideACopy(tmp_path), strategy(), budget=1, workers=2, retries=0)
    assert "its worker died 1 times" in result.evaluations[0].error
    wait_for_the_end_of([int(path.stem) for path in tmp_path.glob("*.pid")])


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(
    ("evaluate", "said"),
    [
        (interrupts_itself, "KeyboardInterrupt"),
        (leaves, "SystemExit: 3"),
        (no_such_file, "FileNotFoundError: caf\\udce9.jpg"),
    ],
)
def test_whatever_an_evaluator_raises_is_a_failed_evaluation(tmp_path, workers, evaluate, said):
    with RunFolder.open(tmp_path, {}) as folder:
        result = search(SPACE, evaluate, strategy(), budget=2, workers=workers, folder=folder)
        folder.write_result(result_record(result))
    assert [e.error for e in result.evaluations] == [said] * 2
    assert [e["error"] for e in json.loads((tmp_path / "result.json").read_text())["evaluations"]] == [
        said
    ] * 2


INTERRUPTED = """
import os, sys, time
from pathlib import Path
from archrank.spaces import NASBench201
from archrank.strategies import RandomSearch
from archrank.study import search

if __name__ == "__main__":
    search(NASBench201(), len, RandomSearch(NASBench201()), budget=1, workers=3)
else:  # the workers import this file while they start
    Path(sys.argv[1], f"{os.getpid()}.pid").touch()
    time.sleep(5)
"""


def test_an_interrupt_while_workers_start_is_the_searchs_alone(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(INTERRUPTED)
    command = [sys.executable, "-W", "ignore", str(script), str(tmp_path)]
    with running(command, stderr=subprocess.PIPE, process_group=0, text=True) as process:
        wait_until(lambda: list(tmp_path.glob("*.pid")), "a worker was to start")
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers too
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == -signal.SIGINT
    assert errors.count("Traceback") == 1
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert "Fatal" not in errors
    assert "cannot start" not in errors
    wait_for_the_end_of([int(path.stem) for path in tmp_path.glob("*.pid")])
