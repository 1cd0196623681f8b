import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial

import pytest

from archrank.errors import EvaluationError
from archrank.spaces import NASBench201
from archrank.strategies import RandomSearch, RegularizedEvolution
from archrank.study import RunFolder, search
from evaluators_for_workers import Deadly, Unloadable, total
from waiting import wait_for_the_end_of

SPACE = NASBench201()


class Batched(RegularizedEvolution):
    def __init__(self, space):
        super().__init__(space, population=6, tournament=3)
        self.batch = 4


def rows(result):
    return [(e.number, e.architecture, e.value) for e in result.evaluations]


def test_workers_find_what_one_process_finds_and_may_change_in_number(tmp_path):
    alone = search(SPACE, total, Batched(SPACE), budget=14)
    with RunFolder.open(tmp_path, {}) as folder:
        search(SPACE, total, Batched(SPACE), budget=8, folder=folder, workers=2)
    with RunFolder.open(tmp_path, {}, resume=True) as folder:
        assert rows(search(SPACE, total, Batched(SPACE), budget=14, folder=folder)) == rows(alone)


def test_an_architecture_that_kills_its_worker_is_blamed_alone(tmp_path):
    strategy = Batched(SPACE)
    planned = [e.architecture for e in search(SPACE, total, strategy, budget=4).evaluations]
    log = tmp_path / "log"
    evaluate = Deadly([planned[1]], log, seconds=0.02)
    result = search(SPACE, evaluate, strategy, budget=8, workers=2, retries=1)
    failed = {e.architecture: e.error for e in result.evaluations if e.error}
    assert failed == {planned[1]: "its worker died 2 times while evaluating it, at last by SIGKILL"}
    assert len(result.evaluations) == 8
    assert all(e.value == total(e.architecture) for e in result.evaluations if not e.error)
    pids = {int(line.split()[0]) for line in log.read_text().splitlines()}
    wait_for_the_end_of(pids)


def test_a_worker_that_dies_once_costs_nothing(tmp_path):
    strategy = Batched(SPACE)
    whole = search(SPACE, total, strategy, budget=8)
    evaluate = Deadly([whole.evaluations[2].architecture], tmp_path / "log", times=1)
    result = search(SPACE, evaluate, strategy, budget=8, workers=2, retries=2)
    assert rows(result) == rows(whole)
    calls = Counter(line.split(" ", 1)[1] for line in (tmp_path / "log").read_text().splitlines())
    # Once more the killer, and nothing else: what was under way beside it is not touched.
    assert sum(calls.values()) == 9


def test_an_evaluator_that_cannot_be_sent_is_named():
    with pytest.raises(EvaluationError, match=r"cannot be sent to worker processes .*top level of a module"):
        search(SPACE, partial(locked, threading.Lock()), RandomSearch(SPACE), budget=2, workers=2)


def test_a_lambda_is_sent_with_its_code():
    factor = 3.0
    result = search(SPACE, lambda a: factor * total(a), RandomSearch(SPACE), budget=4, workers=2)
    assert [e.value for e in result.evaluations] == [
        factor * total(e.architecture) for e in result.evaluations
    ]


NOTEBOOK = """
import archrank as ar

def worth(architecture):  # of __main__, as in a notebook
    return float(sum(architecture.choices))

if __name__ == "__main__":
    print(len(ar.search("nas-bench-201", worth, "random", budget=4, workers=2).to_pandas().dropna(subset=["value"])))
"""


def test_functions_of_a_script_are_sent_too_and_an_unguarded_script_is_told_why_not(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(NOTEBOOK)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True)
    assert done.stdout == "4\n", done.stderr
    script.write_text(NOTEBOOK.replace('if __name__ == "__main__":', "if True:"))
    done = subprocess.run([sys.executable, script], capture_output=True, text=True)
    assert done.returncode
    assert "a script needs its search under if __name__ == '__main__':" in done.stderr
    assert done.stderr.count("Traceback") == 1, done.stderr  # the workers are silent
    script.write_text(script.read_text().replace("workers=2", "workers=2, folder='run'"))
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, cwd=tmp_path)
    assert done.stderr.count("Traceback") == 1, done.stderr
    assert "a script needs its search under" in done.stderr


def locked(lock, architecture):
    return 1.0


def test_an_evaluator_that_cannot_be_loaded_is_named():
    with pytest.raises(EvaluationError, match=r"cannot start: the evaluator cannot be loaded .*ValueError"):
        search(SPACE, Unloadable(), RandomSearch(SPACE), budget=2, workers=2)


def test_any_executor_will_do():
    whole = search(SPACE, total, Batched(SPACE), budget=10)
    with ThreadPoolExecutor(3) as threads:
        assert rows(search(SPACE, total, Batched(SPACE), budget=10, executor=threads)) == rows(whole)


def test_a_process_pool_of_ones_own_must_get_an_evaluator_that_can_be_sent():
    with ProcessPoolExecutor(1) as pool, pytest.raises(EvaluationError, match="cannot be sent"):
        search(SPACE, lambda a: 1.0, RandomSearch(SPACE), budget=2, executor=pool)


def test_a_broken_executor_stops_the_search_and_loses_nothing(tmp_path):
    import multiprocessing

    planned = [e.architecture for e in search(SPACE, total, Batched(SPACE), budget=8).evaluations]
    evaluate = Deadly([planned[6]], tmp_path / "log", times=1)
    with (
        RunFolder.open(tmp_path / "run", {}) as folder,
        ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool,
        pytest.raises(EvaluationError, match="the executor broke"),
    ):
        search(SPACE, evaluate, Batched(SPACE), budget=8, executor=pool, folder=folder)
    with RunFolder.open(tmp_path / "run", {}, resume=True) as folder:
        result = search(SPACE, evaluate, Batched(SPACE), budget=8, folder=folder)
    assert [e.architecture for e in result.evaluations] == planned
    assert all(e.error is None for e in result.evaluations)
    assert all(evaluate.calls(a) == 1 for a in planned[:6])
