"""``archrank compare`` through the real command line."""

import shlex
import signal
import subprocess
import sys

import pyarrow.parquet as pq

from waiting import PATIENCE, running, wait_until

ARCHRANK = [sys.executable, "-m", "archrank.cli.main", "compare"]


def rows(folder):
    return pq.read_table(folder / "results.parquet").to_pylist()


def test_a_comparison_that_is_stopped_is_gone_on_with(tmp_path):
    out = tmp_path / "out"
    words = ["losses", "nas-bench-graph-proteins", "--losses", "hinge,mse", "--encoder", "mlp", "--sizes", "300",
             "--seeds", "3", "--epochs", "25", "--workers", "2", "--out", str(out)]  # fmt: skip

    def written():
        path = out / "results.parquet"
        return path.stat().st_mtime_ns if path.exists() else None

    def start_and_stop(how):
        """Stop it by a signal once another fit has finished."""

        before = written()
        with running([*ARCHRANK, *words], stderr=subprocess.PIPE, text=True) as process:
            wait_until(lambda: process.poll() is not None or written() != before, "a fit was to finish")
            process.send_signal(how)
            # The pipe is the workers' too, so this waits until they have ended as well.
            _, errors = process.communicate(timeout=PATIENCE)
        return process.returncode, errors

    code, _ = start_and_stop(signal.SIGKILL)
    assert code == -signal.SIGKILL
    killed = rows(out)
    assert not (out / "report.html").exists()
    code, errors = start_and_stop(signal.SIGINT)
    assert code == 130, errors
    assert "Traceback" not in errors
    assert "nothing finished is lost" in errors
    assert shlex.join(["archrank", "compare", "report", str(out)]) in errors
    interrupted = rows(out)
    assert 0 < len(killed) < len(interrupted) < 6
    # A fit that had been done again would have taken another time.
    assert all(row in interrupted for row in killed)


def test_a_mistake_is_one_message():
    done = subprocess.run(
        [*ARCHRANK, "encoders", "analog-nasbench", "--encoders", "gate"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: unknown encoder 'gate'; did you mean 'gates'?")
