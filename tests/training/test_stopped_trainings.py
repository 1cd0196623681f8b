"""The evaluator that trains, told after how many epochs to stop."""

import json
import pickle
import sys

import numpy as np
import pytest
from digits_trainings import RECIPE, SPACE, stripes

import archrank as ar
from archrank.errors import ArchrankError, TrainingError
from archrank.training import TrainingEvaluator, read_curve

ARCHITECTURES = SPACE.sample(4, np.random.default_rng(3))


def evaluator(folder, recipe=RECIPE, **settings):
    return TrainingEvaluator(SPACE, stripes, recipe, folder, device="cpu", **settings)


@pytest.fixture
def trained(monkeypatch):
    """The epochs that are really trained."""
    module = sys.modules["archrank.training.train"]
    epochs, go_on = [], module._Training.go_on

    def counted(self, *arguments):
        go_on(self, *arguments)
        epochs.append(self.curve[-1].epoch)

    monkeypatch.setattr(module._Training, "go_on", counted)
    return epochs


def test_a_longer_training_goes_on_from_the_checkpoint(tmp_path, trained):
    a = ARCHITECTURES[0]
    whole = evaluator(tmp_path / "whole")(a)
    trained.clear()
    short = evaluator(tmp_path / "steps")(a, 1)
    assert (trained, short["epochs"]) == ([1], 1)
    (folder,) = (tmp_path / "steps").iterdir()
    assert sorted(path.name for path in folder.iterdir()) == ["checkpoint.safetensors", "curve.jsonl"]
    # Once more, as after a kill before the value was recorded; then in another process.
    assert evaluator(tmp_path / "steps")(a, 1) == short
    sent = pickle.loads(pickle.dumps(evaluator(tmp_path / "steps")))
    assert sent(a, 2)["valid_accuracy"] == read_curve(folder / "curve.jsonl")[1].valid_accuracy
    longest = sent(a, 3)
    assert trained == [1, 2, 3]
    assert longest["valid_accuracy"] == whole["valid_accuracy"]
    assert longest["valid_loss"] == whole["valid_loss"]
    assert sorted(path.name for path in folder.iterdir()) == ["curve.jsonl", "training.json"]
    # What is finished is read.
    assert sent(a, 3) == longest
    assert sent(a, 1)["valid_accuracy"] == short["valid_accuracy"]
    assert trained == [1, 2, 3]


def test_a_checkpoint_is_of_one_recipe_and_one_set_of_images(tmp_path):
    evaluator(tmp_path)(ARCHITECTURES[0], 1)
    with pytest.raises(TrainingError, match=r"recipe\.learning_rate is 0\.1 there and 0\.2 here"):
        evaluator(tmp_path, RECIPE.but(learning_rate=0.2))(ARCHITECTURES[0], 2)
    other = TrainingEvaluator(SPACE, lambda: stripes(120), RECIPE, tmp_path, device="cpu")
    with pytest.raises(TrainingError, match="data is 'stripes-160' there and 'stripes-120' here"):
        other(ARCHITECTURES[0], 2)


def test_a_search_trains_no_epoch_twice(tmp_path, trained):
    run = tmp_path / "run"
    result = ar.search(
        SPACE, evaluator(run / "trainings"), "random", budget=9, fidelities=[1, 2, 3], folder=run
    )
    assert result.fidelities.continued
    assert len(trained) == result.epochs == sum(e.epochs for e in result.evaluations)
    assert result.best.fidelity == 3
    record = json.loads((run / "result.json").read_text())
    assert record["fidelities"]["continued"]
    assert "Only whole trainings are shown" in (run / "report.html").read_text()


def test_repeats_stop_at_the_same_epoch(tmp_path, trained):
    values = evaluator(tmp_path, repeats=2)(ARCHITECTURES[0], 2)
    assert trained == [1, 2, 1, 2]
    assert values["epochs"] == 4
    assert values["valid_accuracy"] == (values["valid_accuracy_1"] + values["valid_accuracy_2"]) / 2


def test_what_does_not_fit_is_refused_before_a_training(tmp_path, trained):
    for options, settings, said in (
        (
            {"fidelities": [1, 4]},
            {},
            r"the last of the fidelities \[1, 4\] is 4, and the recipe small trains for 3",
        ),
        ({"fidelities": [1, 2]}, {}, "give the same number to both"),
        ({"fidelities": [1, 3]}, {"pruner": "median"}, "both stop trainings early: give one of them"),
    ):
        with pytest.raises(ArchrankError, match=said):
            ar.search(SPACE, evaluator(tmp_path / "t", **settings), "random", budget=2, **options)
    assert trained == []
