"""Waiting for other processes: for a condition, never for ever, and never for a time that a busy machine may exceed."""

import os
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 600.0
"""Seconds: many times what anything takes on a machine that does much else, and less than a test may take."""


def wait_until(condition, what):
    """Wait for a condition; where it does not come true, the test fails and says what was waited for."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited {PATIENCE:g} s in vain: {what}"
        time.sleep(0.005)


@contextmanager
def running(command, **how):
    """A program that does not outlive the block, however the block ends."""
    with subprocess.Popen(command, **how) as process:
        try:
            yield process
        finally:
            process.kill()


def alive(pid):
    """Whether a process runs; one that ended and was not waited for does not."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state.rsplit(")", 1)[1].split()[0] != "Z"


def wait_for_the_end_of(pids):
    """Wait until none of these processes runs."""
    wait_until(lambda: not any(map(alive, pids)), f"the processes {sorted(pids)} were to end")
