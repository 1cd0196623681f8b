"""Training of the front door: the same network as by the command line, and mistakes before any training."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

pytest.importorskip("torch")

from typer.testing import CliRunner

import archrank as ar
from archrank import benchmarks
from archrank.cli.main import app
from archrank.errors import ArchrankError, BudgetError, ParseError, TrainingError, UnknownName
from archrank.images import load_images
from archrank.spaces import Darts, Enas, NASBench201
from archrank.system.user_code import user_module
from archrank.training import Model, Recipe, TrainingSetup, recipe_named, training_evaluator
from archrank.verbs.train import architecture_from

SPACE = NASBench201()
CELL = "|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|nor_conv_1x1~2|"
QUICK = {"data": "digits", "epochs": 1, "channels": 4, "cells": 3, "device": "cpu"}
WORDS = ["--data", "digits", "--epochs", "1", "--channels", "4", "--cells", "3", "--device", "cpu"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained") / "python"
    epochs = []
    model = ar.train(SPACE, CELL, folder, seed=3, on_epoch=epochs.append, **QUICK)
    return folder, model, epochs


def test_python_and_the_command_line_train_the_same(trained, tmp_path):
    folder, model, epochs = trained
    done = CliRunner().invoke(
        app, ["train", "nas-bench-201", CELL, *WORDS, "--seed", "3", "--out", str(tmp_path / "command")]
    )
    assert done.exit_code == 0, done.output
    assert [epoch.epoch for epoch in epochs] == [1]
    ours, theirs = (
        json.loads((place / "model.json").read_text()) for place in (folder, tmp_path / "command")
    )
    assert ours["weights"] == theirs["weights"]
    assert {name for name in ours if ours[name] != theirs[name]} <= {"seconds", "command", "curve"}
    assert {path.name for path in folder.iterdir()} == {
        path.name for path in (tmp_path / "command").iterdir()
    }
    assert model.metadata["command"].startswith("archrank train nas-bench-201 ")
    assert "--epochs 1" in (folder / "README.md").read_text(encoding="utf-8")


def test_a_network_is_evaluated_in_the_same_way(trained):
    folder, model, _ = trained
    found = ar.evaluate(folder)
    assert (found.data, found.split, found.images) == ("digits", "test", 359)
    assert ar.evaluate(model).accuracy == found.accuracy
    done = CliRunner().invoke(app, ["evaluate", str(folder), "--json"])
    assert json.loads(done.stdout) == asdict(found)
    assert found.parameters == Model.load(folder).metadata["parameters"]
    assert ar.evaluate(folder, "validation").images == 360
    with pytest.raises(UnknownName, match="did you mean 'test'"):
        ar.evaluate(folder, "tests")


def test_a_training_that_is_there_is_refused_and_an_unfinished_one_is_continued(trained, tmp_path):
    folder, model, _ = trained
    with pytest.raises(TrainingError, match="holds a trained network already"):
        ar.train(SPACE, CELL, folder, **QUICK)

    def stop(epoch):
        raise KeyboardInterrupt

    unfinished = tmp_path / "unfinished"
    with pytest.raises(KeyboardInterrupt):
        ar.train(SPACE, CELL, unfinished, seed=3, on_epoch=stop, **QUICK)
    with pytest.raises(TrainingError, match="not finished: continue it with resume"):
        ar.train(SPACE, CELL, unfinished, seed=3, **QUICK)
    again = ar.train(SPACE, CELL, unfinished, seed=3, resume=True, **QUICK)
    assert [e.train_loss for e in again.curve] == [e.train_loss for e in model.curve]


def test_an_evaluator_in_one_call(tmp_path):
    evaluator = training_evaluator(SPACE, tmp_path, seed=1, **QUICK)
    values = evaluator(SPACE.parse(CELL))
    assert 0 <= values["valid_accuracy"] <= 1
    assert evaluator.fingerprint["recipe.epochs"] == 1


def test_the_setup_has_the_defaults_of_the_command_line():
    assert TrainingSetup().recipe_for("proxy") == recipe_named("proxy")
    assert TrainingSetup(data="digits").recipe_for("proxy") == recipe_named("digits")
    mine = Recipe("mine", epochs=7, warm_up=5)
    changed = TrainingSetup(recipe=mine, epochs=3, learning_rate=0.001).recipe_for("proxy")
    assert (changed.epochs, changed.warm_up, changed.learning_rate) == (3, 3, 0.001)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"epoch": 1}, UnknownName, "did you mean 'epochs'"),
        ({"recipe": "prox"}, UnknownName, "did you mean 'proxy'"),
        ({"data": "cifar11"}, ArchrankError, "cifar11"),
        ({"architecture": "nonsense"}, ParseError, "is not a nas-bench-201 cell"),
        ({"architecture": [CELL, CELL]}, ArchrankError, "train them one by one"),
        ({"device": "gpu"}, ArchrankError, "gpu"),
    ],
)
def test_mistakes_are_told_before_any_training(tmp_path, change, error, message):
    given = {"space": SPACE, "architecture": CELL, "folder": tmp_path / "out", **QUICK} | change
    with pytest.raises(error, match=message):
        ar.train(**given)
    assert not (tmp_path / "out" / "model.json").exists()


LONG = "Genotype(normal=[{0}], normal_concat=range(2, 6), reduce=[{0}], reduce_concat=range(2, 6))".format(
    ", ".join(["('sep_conv_3x3', 0), ('max_pool_3x3', 1)"] * 4)
)


@pytest.mark.parametrize("space", [Enas(), Darts()], ids=lambda s: s.name)
def test_an_architecture_is_a_text_of_any_length_or_a_file_that_holds_it(space, tmp_path):
    file = tmp_path / "best.txt"
    file.write_text(f"{LONG}\n")
    assert len(LONG) > 255
    assert architecture_from(space, LONG) == architecture_from(space, str(file)) == space.parse(LONG)
    assert architecture_from(space, file) == space.parse(LONG)
    for wrong in ("x" * 5_000, "a/" * 5_000, "\0", "\ud800"):
        with pytest.raises(ParseError):
            architecture_from(space, wrong)
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ParseError, match="' cannot be read"):
        architecture_from(space, file)


def test_a_path_that_holds_nothing_is_named(tmp_path):
    space = NASBench201()
    with pytest.raises(ParseError, match=r"runs/none.*and it is no file or folder that exists"):
        architecture_from(space, "runs/none")
    with pytest.raises(ParseError, match=r"and it is a folder without result\.json"):
        architecture_from(space, str(tmp_path))


def test_where_a_path_is_expected_a_long_text_is_no_path():
    long = "x" * 5_000
    for call in (
        lambda: user_module(f"{long}.py"),
        lambda: benchmarks.import_table("nasbench201", Path(long)),
        lambda: benchmarks.import_table("natsbench-tss", Path(long)),
        lambda: recipe_named(f"{long}.toml"),
        lambda: load_images(long),
        lambda: load_images("cifar10", folder=Path(long)),
        lambda: ar.rank(SPACE, f"{long}.csv"),
        lambda: ar.search(SPACE, f"{long}.csv"),
    ):
        with pytest.raises(ArchrankError):
            call()


def test_an_evaluator_needs_a_worker_and_a_pruner_the_accuracy(tmp_path):
    with pytest.raises(BudgetError, match="0 workers"):
        training_evaluator(SPACE, tmp_path, workers=0, **QUICK)
    with pytest.raises(ArchrankError, match="compares trainings by valid_accuracy"):
        ar.search(
            SPACE,
            training_evaluator(SPACE, tmp_path, pruner="median", **QUICK),
            "random",
            budget=2,
            metric="valid_loss",
            folder=tmp_path / "run",
        )
    assert not (tmp_path / "run").exists()
