"""NAS-Bench-201 written as a module with choices has the same architectures as the built-in space."""

import importlib
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")

import archrank as ar
from archrank.spaces import NASBench201

EXAMPLES = Path(__file__).parents[2] / "examples" / "modules"


@pytest.fixture
def cells(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    cell = importlib.import_module("nasbench201").Cell
    return ar.ModuleSpace(lambda choose: cell(choose, 4), (1, 4, 8, 8), name="cells")


def check_same_classes(space, architectures):
    """Equal keys there mean equal keys here, and the other way round; returns how many there are."""
    built_in = NASBench201()
    pairs = {
        (built_in.function_key(a), space.function_key(space.from_options(built_in.options(a))))
        for a in architectures
    }
    assert len({there for there, _ in pairs}) == len(pairs) == len({here for _, here in pairs})
    return len(pairs)


def test_cells_fall_into_the_same_classes(cells):
    built_in = NASBench201()
    drawn = built_in.sample(120, np.random.default_rng(0))
    # Cells that compute the same: skips and sums in other places.
    texts = (
        "|nor_conv_1x1~0|+|skip_connect~0|skip_connect~1|+|avg_pool_3x3~0|none~1|skip_connect~2|",
        "|skip_connect~0|+|skip_connect~0|none~1|+|avg_pool_3x3~0|nor_conv_1x1~1|skip_connect~2|",
        "|none~0|+|none~0|nor_conv_3x3~1|+|none~0|none~1|none~2|",
        "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|skip_connect~2|",
        "|skip_connect~0|+|none~0|nor_conv_3x3~1|+|none~0|none~1|skip_connect~2|",
        "|none~0|+|nor_conv_3x3~0|none~1|+|none~0|none~1|skip_connect~2|",
    )
    different = check_same_classes(cells, [*drawn, *map(built_in.parse, texts)])
    assert 60 < different < 124


@pytest.mark.full
def test_all_cells_fall_into_the_same_classes(cells):
    built_in = NASBench201()
    assert check_same_classes(cells, built_in.architectures(built_in.rows())) == 5_425
