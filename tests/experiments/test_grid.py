import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from functools import partial

import pytest
from threadpoolctl import threadpool_info
from work_for_grids import Sleeps, Square

from archrank.errors import BudgetError, EvaluationError, RunFolderError
from archrank.experiments.grid import RESULTS, read_rows, run_grid
from archrank.system.threads import threads
from waiting import PATIENCE, wait_for_the_end_of


def tasks(*numbers):
    return [{"x": number, "name": "square"} for number in numbers]


@pytest.fixture
def asked(tmp_path):
    def read():
        log = tmp_path / "log"
        return [int(line) for line in log.read_text().split()] if log.exists() else []

    return read


def cost(task):
    return task["x"]


def test_rows_come_in_the_order_of_the_tasks_the_costliest_are_done_first(tmp_path, asked):
    told = []
    rows = run_grid(
        tmp_path, tasks(2, 5, 3), Square(tmp_path / "log"), workers=1, cost=cost, on_progress=told.append
    )
    assert [(row["x"], row["square"], row["error"]) for row in rows] == [
        (2, 4, None),
        (5, 25, None),
        (3, 9, None),
    ]
    assert rows[1]["list"] == [1.5, 5.0]
    assert asked() == [5, 3, 2]
    assert [progress.done for progress in told] == [0, 1, 2, 3]
    assert [round(progress.share, 9) for progress in told] == [0, 0.5, 0.8, 1]
    assert told[0].seconds_left is None
    assert told[1].seconds_left > 0
    assert told[3].seconds_left == 0


def test_a_grid_grows_nothing_is_done_twice_and_what_failed_is_tried_again(tmp_path, asked):
    work = Square(tmp_path / "log")
    run_grid(tmp_path, tasks(13, 2), work, workers=1)
    assert [(row["x"], row["error"], row["square"]) for row in read_rows(tmp_path)] == [
        (13, "ValueError: thirteen", None),
        (2, None, 4),
    ]
    rows = run_grid(tmp_path, tasks(4, 13), work, workers=1)
    assert [row["x"] for row in rows] == [4, 13, 2]
    assert read_rows(tmp_path) == rows
    assert asked() == [13, 2, 4, 13]
    assert run_grid(tmp_path, tasks(4, 2), work) == [rows[0], rows[2], rows[1]]  # those asked for come first
    assert asked() == [13, 2, 4, 13]


def test_a_task_that_kills_its_worker_is_given_up_and_the_others_are_done(tmp_path, asked):
    rows = run_grid(tmp_path, tasks(99, 2, 3, 4), Square(tmp_path / "log"), workers=2)
    assert (
        rows[0]["error"] == "its worker died 2 times while evaluating it, at last by itself with exit code 9"
    )
    assert [row["square"] for row in rows[1:]] == [4, 9, 16]
    assert Counter(asked())[99] == 2


def test_a_result_that_cannot_be_sent_is_named():
    (row,) = run_grid(None, tasks(2), lambda task: {"lock": threading.Lock()}, workers=2)
    assert row["error"].startswith("its result cannot be sent (TypeError: ")


@pytest.mark.parametrize("workers", [1, 2])
def test_one_worker_is_this_process_and_all_use_one_thread(tmp_path, workers):
    with threads(2):
        rows = run_grid(None, tasks(2, 3), Square(tmp_path / "log"), workers=workers)
        assert {row["threads"] for row in rows} == {1}
        after = {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}
    assert ({row["process"] for row in rows} == {os.getpid()}) == (workers == 1)
    assert after == {2}


def test_an_exception_in_the_middle_ends_the_workers_at_once(tmp_path):
    def stop(progress):
        if progress.done:
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        run_grid(None, tasks(2, 600), Sleeps(tmp_path), workers=2, on_progress=stop)
    wait_for_the_end_of([int(path.name) for path in tmp_path.iterdir()])


def test_an_interrupt_in_this_process_stops_between_rows_and_loses_none_that_is_finished(tmp_path, asked):
    def work(task):
        if task["x"] == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return square(task)

    square = Square(tmp_path / "log")
    with pytest.raises(KeyboardInterrupt):
        run_grid(tmp_path, tasks(5, 3, 2), work, workers=1, cost=cost)
    assert [row["x"] for row in read_rows(tmp_path)] == [5]
    rows = run_grid(tmp_path, tasks(5, 3, 2), square, workers=1, cost=cost)
    assert [row["square"] for row in rows] == [25, 9, 4]
    assert asked() == [5, 3, 2]


SCRIPT = """
from archrank.experiments.grid import run_grid
if GUARD:
    rows = run_grid(None, [{"x": 1}, {"x": 2}], lambda task: {"double": 2 * task["x"]}, workers=WORKERS)
    print([row["double"] for row in rows])
"""


@pytest.mark.parametrize(("workers", "guard"), [(1, "True"), (2, "__name__ == '__main__'"), (2, "True")])
def test_one_worker_needs_no_main_guard_and_two_say_so(tmp_path, workers, guard):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.replace("WORKERS", str(workers)).replace("GUARD", guard))
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    if (workers, guard) == (2, "True"):
        assert done.returncode == 1
        assert "a script needs its comparison under if __name__ == '__main__':" in done.stderr
    else:
        assert done.stdout == "[2, 4]\n", done.stderr


def held(lock, task):
    return {}


def test_mistakes_are_told(tmp_path):
    with pytest.raises(BudgetError, match="workers is 0; give 1 or more"):
        run_grid(tmp_path, tasks(2), Square(tmp_path / "log"), workers=0)
    with pytest.raises(EvaluationError, match=r"the comparison cannot be sent to worker processes .*lock"):
        run_grid(tmp_path, tasks(2), partial(held, threading.Lock()), workers=2)
    (tmp_path / RESULTS).write_bytes(b"nothing of the kind")
    with pytest.raises(RunFolderError, match=r"results\.parquet is damaged"):
        run_grid(tmp_path, tasks(2), Square(tmp_path / "log"))
