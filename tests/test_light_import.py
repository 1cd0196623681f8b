"""What a user waits for: the package and its help load none of the slow libraries."""

import subprocess
import sys

import pytest

HEAVY = ("torch", "scipy", "matplotlib", "optuna", "pyarrow", "pandas")

HELP = """
import sys
from archrank.cli.main import app
try:
    app(["--help"])
except SystemExit as stop:
    assert stop.code == 0, stop.code
"""


@pytest.mark.parametrize("code", ["import archrank", HELP], ids=["import", "help"])
def test_nothing_heavy_is_loaded(code):
    loaded = f"{code}\nimport sys\nprint('loaded:', *[m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "loaded:"
