"""The plugin in examples/plugin: its parts conform, and once installed its names work everywhere."""

import os
import re
import subprocess
import sys

import pytest

from packages import EXAMPLE, lay_out_example
from plugin_in_use import use

GUIDE = EXAMPLE.parents[1] / "docs" / "how-to" / "write-a-plugin.md"

CONFORMS = """
import numpy as np
from archrank.encoders import ENCODERS
from archrank.predictors.named import PREDICTORS
from archrank.spaces import NASBench201, named_space
from archrank.strategies.named import StrategyOptions, named_strategy
from archrank.testing import check_encoder, check_predictor, check_space, check_strategy

space = named_space("conv-chain")
check_space(space)
graphs = [space.graph(a) for a in space.sample(20, np.random.default_rng(0))]
check_encoder(ENCODERS["bag"](), graphs, space.operations)
check_predictor(PREDICTORS["ridge"], NASBench201())
for unique_by in ("encoding", "function"):
    check_strategy(lambda space: named_strategy(space, StrategyOptions("greedy", unique_by=unique_by)))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("installed")
    lay_out_example(folder)
    return folder


def environment(folder):
    path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "PYTHONPATH": path}


def python(code, installed, folder):
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment(installed), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_its_parts_conform(installed, tmp_path):
    python(CONFORMS, installed, tmp_path)


def test_its_names_work_at_the_command_line_and_in_files(installed, tmp_path):
    use(environment(installed), tmp_path)


def test_the_guide_works_as_printed(installed, tmp_path):
    text = GUIDE.read_text(encoding="utf-8")
    printed = python("\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL)), installed, tmp_path)
    assert '{"layer 1"' in printed
    assert (tmp_path / "saved" / "predictor.json").exists()
    declared = (EXAMPLE / "pyproject.toml").read_text(encoding="utf-8")
    for block in re.findall(r"```toml\n(.*?)```", text, re.DOTALL):
        assert all(part in declared for part in block.strip().split("\n\n"))
