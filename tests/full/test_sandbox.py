"""Other people's code, as studies/lemur_trace.py runs it: what it does wrong ends as a row with a reason."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from waiting import PATIENCE

pytestmark = pytest.mark.full

STUDIES = Path(__file__).parents[2] / "studies"
TRACED = {"good", "dummy", "fork", "last"}
REASONS = {
    "socket": "Network is unreachable",
    "file": "Read-only file system",
    "endless": "it took more than 5 s of processor time",
    "asleep": "it took more than 40 s",
    "large": "MemoryError",
    "noisy": "SystemExit",
}


def run(folder, *words, **environment):
    """Run the study on its made-up networks."""
    return subprocess.run(
        [sys.executable, STUDIES / "lemur_trace.py", *words],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@pytest.fixture
def sandbox(monkeypatch):
    monkeypatch.syspath_prepend(str(STUDIES))
    import sandbox

    return sandbox


def test_code_that_misbehaves_ends_as_a_row_with_a_reason_and_the_next_one_is_traced(tmp_path, sandbox):
    if sandbox.why_not():
        pytest.skip(sandbox.why_not())
    words = ("--seconds", "5", "--wall", "40", "--out", "found")
    done = run(tmp_path, *words)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "found.jsonl").read_text()
    rows = {row["network"]: row for row in map(json.loads, text.splitlines())}
    assert {name for name, row in rows.items() if "features" in row} == TRACED, text
    assert all(reason in rows[name]["error"] for name, reason in REASONS.items()), text
    assert rows.keys() == TRACED | REASONS.keys()
    assert not Path("/tmp/written").exists()
    again = run(tmp_path, *words)
    assert (tmp_path / "found.jsonl").read_text() == text, "finished rows are kept"
    assert "4 of 10 networks traced" in again.stdout


def test_without_namespaces_nothing_is_run(tmp_path):
    (tmp_path / "unshare").write_text("#!/bin/sh\necho not permitted >&2\nexit 1\n")
    (tmp_path / "unshare").chmod(0o755)
    done = run(tmp_path, "--out", "found", PATH=f"{tmp_path}:{os.defpath}")
    assert done.returncode == 1
    assert "which this system refuses: not permitted" in done.stderr
    assert not (tmp_path / "found.jsonl").exists()


def test_an_answer_that_is_no_mapping_is_none(tmp_path, sandbox, monkeypatch):
    if sandbox.why_not():
        pytest.skip(sandbox.why_not())
    (tmp_path / "liar.py").write_text(
        "import sys\n"
        "def serve():\n"
        "    for line in sys.stdin:\n"
        "        print('[1]' if 'list' in line else '{', flush=True)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    with sandbox.Sandbox("liar") as box:
        assert box.ask({"give": "list"}) is None
        assert box.ask({"give": "half"}) is None
