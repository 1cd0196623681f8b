import subprocess
import sys
from xml.etree import ElementTree

import pytest

from waiting import PATIENCE

CELL = "|nor_conv_3x3~0|+|nor_conv_3x3~0|none~1|+|skip_connect~0|none~1|nor_conv_1x1~2|"


def archrank(*arguments, folder):
    code = "from archrank.cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=folder, capture_output=True, text=True, timeout=PATIENCE
    )


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_it_draws_and_says_where(tmp_path, suffix):
    done = archrank("draw", "nas-bench-201", CELL, "--out", f"cell.{suffix}", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == f"drew cell.{suffix}"
    assert [path.name for path in tmp_path.iterdir()] == [f"cell.{suffix}"]


def test_without_a_name_the_drawing_is_architecture_svg(tmp_path):
    text = '{"link": [0, 0, 1, 2], "operations": ["gcn", "gin", "fc", "cheb"]}'
    done = archrank("draw", "nas-bench-graph", text, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert ElementTree.parse(tmp_path / "architecture.svg").getroot().tag.endswith("svg")


def test_a_normal_and_a_reduction_cell_stand_under_their_names(tmp_path):
    cell = "{0}=[('sep_conv_3x3', 0), ('skip_connect', 1)], {0}_concat=[2]"
    text = f"Genotype({cell.format('normal')}, {cell.format('reduce')})"
    space = tmp_path / "small.py"
    space.write_text("from archrank.spaces import Darts\n\nSMALL = Darts(nodes=1)\n", encoding="utf-8")
    done = archrank("draw", "small.py:SMALL", text, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    drawn = (tmp_path / "architecture.svg").read_text(encoding="utf-8")
    assert "Normal cell" in drawn
    assert "Reduction cell" in drawn


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["darts", "Genotype(normal=[])"], "reduce is missing"),
        (["nas-bench-202", CELL], "did you mean 'nas-bench-201'?"),
        (["nas-bench-201", "nonsense"], "'nonsense' is not a nas-bench-201 cell"),
        (["nas-bench-201", CELL.replace("nor_conv_1x1", "nor_conv_1x2")], "did you mean 'nor_conv_1x1'?"),
        (["nas-bench-201", CELL, "--out", "cell.gif"], "Allowed: .svg, .png"),
    ],
)
def test_mistakes_are_explained(tmp_path, arguments, message):
    done = archrank("draw", *arguments, folder=tmp_path)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
