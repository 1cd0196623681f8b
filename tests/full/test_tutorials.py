"""Pages whose code takes long: it runs word by word in an empty folder, and prints what they show."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.full, pytest.mark.timeout(3600)]

SCRIPT = Path(__file__).parents[2] / "scripts" / "refresh_docs.py"
GUIDES = SCRIPT.parents[1] / "docs" / "how-to"
PAGES = runpy.run_path(str(SCRIPT))["pages"]()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_shows_what_its_code_prints(page):
    done = subprocess.run(
        [sys.executable, SCRIPT, "--check", page], env=os.environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("guide", ["compare-encoders-and-losses", "compare-strategies", "watch-a-search"])
def test_the_blocks_of_a_guide_are_scripts_that_run(guide, tmp_path):
    page = (GUIDES / f"{guide}.md").read_text(encoding="utf-8")
    for number, block in enumerate(re.findall(r"```python\n(.*?)```", page, re.DOTALL)):
        script = tmp_path / f"block_{number}.py"
        script.write_text(block, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
