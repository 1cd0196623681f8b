"""The examples of networks with choices run, at a tiny size."""

import importlib
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")

import archrank as ar

FOLDER = Path(__file__).parents[2] / "examples" / "modules"
EXAMPLES = {
    "residual_cnn": ("residual_cnn", (2, 1, 8, 8)),
    "mobile": ("mobile", (2, 1, 8, 8)),
    "vision_transformer": ("Transformer", (2, 1, 8, 8)),
    "tabular_mlp": ("Perceptron", (2, 30)),
    "nasbench201": ("nasbench201", (2, 1, 8, 8)),
    "sequence": ("Sequence", (2, 1, 8, 8)),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_trains_what_it_builds(name, monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    found = importlib.import_module(name)
    net, example = EXAMPLES[name]
    space = ar.ModuleSpace(getattr(found, net), example)
    x, y, *valid = found.train.__defaults__[1]
    small = (x[:64], y[:64], *valid)
    result = ar.search(
        space, lambda module, report: found.train(module, report, 1, small), budget=3, strategy="random"
    )
    assert [e.error for e in result.evaluations] == [None] * 3
    assert 0 < result.best_value <= 1


def test_every_example_is_tested():
    assert {path.stem for path in FOLDER.glob("*.py")} - {"digits"} == set(EXAMPLES)


def test_an_example_runs_as_a_program(monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.setattr(sys, "argv", ["tabular_mlp.py", "2"])
    runpy.run_path(str(FOLDER / "tabular_mlp.py"), run_name="__main__")
    assert "of the validation data" in capsys.readouterr().out


def test_lowered_graphs_equal_fresh_traces(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    space = ar.ModuleSpace(importlib.import_module("mobile").mobile, (2, 1, 8, 8))
    for architecture in space.sample(10, np.random.default_rng(0)):
        assert space.graph(architecture).key == ar.trace(space.build(architecture), (2, 1, 8, 8)).key
