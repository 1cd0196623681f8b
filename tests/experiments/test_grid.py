from collections import Counter

import pytest
from work_for_grids import Square

from archrank.errors import BudgetError, EvaluationError, RunFolderError
from archrank.experiments.grid import RESULTS, read_rows, run_grid


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
    assert "its worker process died twice" in rows[0]["error"]
    assert [row["square"] for row in rows[1:]] == [4, 9, 16]
    assert Counter(asked())[99] == 2


def test_mistakes_are_told(tmp_path):
    with pytest.raises(BudgetError, match="0 workers"):
        run_grid(tmp_path, tasks(2), Square(tmp_path / "log"), workers=0)
    with pytest.raises(EvaluationError, match="cannot be sent to worker processes"):
        run_grid(tmp_path, tasks(2), lambda task: {}, workers=1)
    (tmp_path / RESULTS).write_bytes(b"nothing of the kind")
    with pytest.raises(RunFolderError, match=r"results\.parquet is damaged"):
        run_grid(tmp_path, tasks(2), Square(tmp_path / "log"))
