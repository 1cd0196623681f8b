import json
import os
import signal
import subprocess
import sys

import pytest

from archrank.spaces import NASBench201
from archrank.study import RunFolder
from waiting import PATIENCE, running, wait_until

SEARCH = ("search", "analog-nasbench", "--strategy", "random", "--budget", 12)


def test_a_run_folder_is_left_where_it_is_said(archrank, tmp_path):
    code, out, _ = archrank(*SEARCH, "--seed", 3)
    assert code == 0
    folder = tmp_path / "runs" / "analog-nasbench-random-3"
    for name in ("journal.log", "config.json", "result.json", "report.html"):
        assert (folder / name).stat().st_size > 0
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    assert len(result["evaluations"]) == 12
    assert result["best"]["value"] == max(e["value"] for e in result["evaluations"])
    assert f"{result['best']['true_rank']} of 15,625" in out
    assert "report.html" in out
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert config["config"]["seed"] == 3
    assert {"archrank", "python", "numpy", "optuna"} <= set(config["environment"]["versions"])


def test_the_command_in_the_result_repeats_the_run(archrank):
    _, out, _ = archrank(*SEARCH, "--json")
    record = json.loads(out)
    words = record["command"].split()[1:]
    words[words.index("--out") + 1] = "again"
    _, out, _ = archrank(*words, "--json")
    again = json.loads(out)
    assert [e["architecture"] for e in record["evaluations"]] == [
        e["architecture"] for e in again["evaluations"]
    ]
    assert record["best"] == again["best"]


def test_json_is_all_that_stdout_gets(archrank, tmp_path):
    _, out, _ = archrank(*SEARCH, "--strategy", "evolution", "--out", "here", "--json")
    assert json.loads(out) == json.loads((tmp_path / "here" / "result.json").read_text(encoding="utf-8"))


def test_a_minimised_metric(archrank):
    _, out, _ = archrank(
        "search",
        "nas-bench-graph-cora",
        "--strategy",
        "random",
        "--budget",
        8,
        "--metric",
        "latency",
        "--json",
    )
    record = json.loads(out)
    assert record["best"]["value"] == min(e["value"] for e in record["evaluations"])
    assert record["regret"] == record["best"]["value"] - record["optimum"] >= 0


def test_workers_change_nothing_for_the_reader(archrank):
    records = []
    for workers in (1, 2):
        _, out, _ = archrank(*SEARCH, "--workers", workers, "--out", f"with-{workers}", "--json")
        records.append(json.loads(out))
    assert all(len({e["architecture"] for e in r["evaluations"]}) == 12 for r in records)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("search", "analog-nasbnech"),
            "unknown benchmark or space 'analog-nasbnech'; did you mean 'analog-nasbench'?",
        ),
        ((*SEARCH, "--metric", "basline_accuracy"), "did you mean 'baseline_accuracy'?"),
        ((*SEARCH, "--strategy", "evolutoin"), "unknown strategy 'evolutoin'; did you mean 'evolution'?"),
        ((*SEARCH, "--budget", 0), "budget is 0; give 1 or more"),
        (
            (*SEARCH, "--budget", 20000),
            "budget is 20000, and there are 15,625 architectures; give 15625 or less",
        ),
        ((*SEARCH, "--workers", 0), "workers is 0; give 1 or more"),
    ],
)
def test_a_mistake_is_told_with_the_way_out(archrank, tmp_path, words, said):
    code, out, err = archrank(*words)
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err
    assert not (tmp_path / "runs").exists()


def test_an_existing_folder_is_resumed_only_on_request_and_only_alike(archrank):
    assert archrank(*SEARCH, "--out", "run")[0] == 0
    code, _, err = archrank(*SEARCH, "--out", "run")
    assert code == 2
    assert "already holds a run" in err
    assert "--resume" in err
    code, _, err = archrank(*SEARCH, "--out", "run", "--resume", "--seed", 4)
    assert code == 2
    assert "seed: 0 there, 4 now" in err
    assert "budget" not in err
    code, out, _ = archrank(*SEARCH, "--out", "run", "--resume", "--budget", 15, "--json")
    assert code == 0
    assert len(json.loads(out)["evaluations"]) == 15
    code, _, err = archrank(*SEARCH, "--out", "run", "--resume", "--budget", 9)
    assert code == 2
    assert "budget of 15, so it cannot be resumed with 9" in err


def test_a_folder_in_use(archrank, tmp_path):
    with RunFolder.open(tmp_path / "run", {}):
        code, _, err = archrank(*SEARCH, "--out", "run")
    assert code == 2
    assert f"in use by process {os.getpid()}" in err


def test_an_interrupted_search_says_how_to_go_on(tmp_path):
    command = [sys.executable, "-c", "from archrank.cli.main import main; main()"]
    words = ["search", "analog-nasbench", "--strategy", "evolution", "--budget", "15000", "--out", "my run"]
    journal = tmp_path / "my run" / "journal.log"
    with running([*command, *words], cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        wait_until(
            lambda: process.poll() is not None or (journal.exists() and journal.stat().st_size > 30_000),
            f"{journal} was to have 30 kB",
        )
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, err
    assert "of 15000, best " in err
    assert "nothing finished is lost" in err
    assert "--out 'my run' --resume" in err
    assert "Traceback" not in err


@pytest.mark.filterwarnings("default:.*mine.csv:UserWarning")
def test_a_table_of_ones_own_is_searched_and_the_command_repeats_it(archrank, tmp_path):
    space = NASBench201()
    cells = [space.format(a) for a in space.architectures(space.rows()[400:420])]
    rows = [f"{cell},{seed},{i + seed}" for i, cell in enumerate(cells) for seed in range(2)]
    (tmp_path / "mine.csv").write_text("\n".join(["arch,seed,loss", *rows, f"{cells[0]},2,OOM"]) + "\n")
    words = ("--evaluator", "mine.csv", "--strategy", "random", "--budget", 6, "--metric", "loss:min")
    code, out, err = archrank(
        "search", "nas-bench-201", *words, "--architecture-column", "arch", "--average", "--json"
    )
    assert code == 0
    assert "1 row of mine.csv without a number in 'loss' is left out ('OOM')" in err
    assert "40 rows of mine.csv are averaged: 20 architectures" in err
    record = json.loads(out)
    assert record["best"]["value"] == min(e["value"] for e in record["evaluations"])
    assert "--architecture-column arch --average" in record["command"]
    code, _, err = archrank("search", "mine.csv")
    assert code == 2
    assert "does not name its space" in err
    code, _, err = archrank(*SEARCH, "--average")
    assert code == 2
    assert "--average says how a table of your own is written" in err


def test_a_thread_that_an_evaluator_leaves_keeps_no_command_from_ending(tmp_path):
    (tmp_path / "leaves_a_thread.py").write_text(
        "import threading\n"
        "def evaluate(architecture):\n"
        "    threading.Thread(target=threading.Event().wait).start()\n"
        "    return float(sum(architecture.choices))\n"
    )
    words = ["search", "nas-bench-201", "--evaluator", "leaves_a_thread.py:evaluate", "--strategy", "random"]
    command = [sys.executable, "-m", "archrank", *words, "--budget", "3", "--out", "run"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert ran.returncode == 0, ran.stderr
    assert "a thread that other code has started goes on" in ran.stderr
    assert len(json.loads((tmp_path / "run" / "result.json").read_text())["evaluations"]) == 3
