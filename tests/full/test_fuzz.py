"""The property tests again and again, each time with other examples; and many kills."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.full, pytest.mark.timeout(3600)]

ROOT = Path(__file__).parents[2]


def run(*words):
    done = subprocess.run(
        [sys.executable, *map(str, words)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("seed", range(int(os.environ.get("ARCHRANK_FUZZ", 10))))
def test_other_examples(seed):
    folders = ["tests/property", "tests/ranking", "tests/spaces", "tests/training/test_images.py"]
    run("-m", "pytest", "-n", 0, "-p", "no:cacheprovider", f"--hypothesis-seed={seed}", *folders)


def test_kills_lose_and_repeat_nothing():
    rows = dict(re.findall(r"^\| (.+?) \| (\d+) \|$", run("studies/kills.py", "--kills", 20), re.MULTILINE))
    assert int(rows["driver killed"]) + int(rows["worker killed in mid-evaluation"]) == 20
    for what in (
        "finished evaluations lost",
        "architectures recorded twice (on one rung)",
        "known architectures evaluated again",
        "evaluations recorded as failed",
        "recorded values that changed afterwards",
        "recorded evaluations that were made again",
        "studies that end otherwise than one that was not killed",
    ):
        assert rows[what] == "0", what
