"""``archrank compare strategies`` through the real command line."""

import signal
import subprocess
import sys

import pyarrow.parquet as pq

from waiting import PATIENCE, running, wait_until

ARCHRANK = [sys.executable, "-m", "archrank.cli.main", "compare"]


def searches(folder):
    return pq.read_table(folder / "results.parquet").to_pylist()


def run(*words):
    return subprocess.run([*ARCHRANK, *map(str, words)], capture_output=True, text=True, check=False)


def test_a_killed_comparison_is_gone_on_with(tmp_path):
    out = tmp_path / "out"
    words = ["strategies", "nas-bench-graph-proteins", "--budget", "120", "--workers", "1", "--seeds", "8",
             "--strategies", "annealing,local-search", "--out", str(out)]  # fmt: skip
    with running([*ARCHRANK, *words], stderr=subprocess.PIPE) as process:
        wait_until(
            lambda: process.poll() is not None or (out / "results.parquet").exists(), "a search was to finish"
        )
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=PATIENCE)
    assert process.returncode == -signal.SIGKILL
    killed = searches(out)
    assert 0 < len(killed) < 16
    done = run(*words)
    assert done.returncode == 0, done.stderr
    finished = searches(out)
    assert [(row["strategy"], row["seed"]) for row in finished] == [
        (strategy, seed) for strategy in ("annealing", "local-search") for seed in range(8)
    ]
    # One that had been done again would have taken another time.
    assert all(row in finished for row in killed)


def test_a_mistake_is_one_message():
    done = run("strategies", "analog-nasbench", "--strategies", "guided:los=mse")
    assert done.returncode == 2
    assert done.stderr.startswith("error: unknown option in 'guided:los=mse' 'los'; did you mean 'loss'?")
