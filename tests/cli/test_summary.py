"""What the terminal says of a search."""

import json

import pytest
from typer.testing import CliRunner

from archrank.cli.main import app

pytest.importorskip("pyarrow")


def test_a_very_long_architecture_is_cut_and_stands_whole_in_the_folder(tmp_path):
    words = ["search", "hierarchical-nas-bench-201-cifar10", "--strategy", "random", "--budget", "3"]
    done = CliRunner().invoke(app, [*words, "--out", str(tmp_path / "run")])
    assert done.exit_code == 0, done.output
    text = json.loads((tmp_path / "run" / "result.json").read_text())["best"]["architecture"]
    shown = "".join(done.output.replace("│", "").split())
    assert len(text) > 800
    assert "".join(text.split()) not in shown
    assert "".join(text[:60].split()) in shown
    assert "result.json,underbest" in shown
