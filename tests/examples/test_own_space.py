import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from archrank.testing import check_space

EXAMPLE = Path(__file__).parents[2] / "examples" / "own_space.py"


@pytest.fixture(scope="module")
def example():
    return runpy.run_path(str(EXAMPLE))


def test_its_space_conforms(example):
    space = example["Stack"]()
    check_space(space)
    assert len(space) == 16_384


def test_what_it_picks_is_far_better_than_random(example, capsys):
    result = example["main"](budget=40, epochs=40)
    space = example["Stack"]()
    first, second = capsys.readouterr().out.splitlines()
    assert first == f"the best of 40 evaluated: {result.best.value:.2f}"
    assert json.loads(second) == space.options(result.best.architecture)
    random_ones, guided = (
        [e.value for e in part] for part in (result.evaluations[:20], result.evaluations[20:])
    )
    assert np.mean(guided) > np.mean(random_ones) + np.std(random_ones)
    assert "own_space" not in sys.modules
