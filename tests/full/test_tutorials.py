"""Pages that show their output: their code runs word by word in an empty folder, and prints what they show."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.full, pytest.mark.timeout(3600)]

SCRIPT = Path(__file__).parents[2] / "scripts" / "refresh_docs.py"
PAGES = runpy.run_path(str(SCRIPT))["pages"]()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_shows_what_its_code_prints(page):
    done = subprocess.run(
        [sys.executable, SCRIPT, "--check", page], env=os.environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
