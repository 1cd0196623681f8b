"""The evaluator that trains: values, repeats, what it does not do twice, and pruning."""

import json
import pickle
import sys
from functools import partial

import numpy as np
import pytest
from digits_trainings import CELLS, RECIPE, SPACE, stripes

from archrank.errors import BudgetError, TrainingError, UnknownName
from archrank.graph import Cell, Graph, Site
from archrank.networks import NASBench101Skeleton, NASBench201Skeleton, StackedCells
from archrank.spaces import NASBench101
from archrank.training import Pruning, TrainingEvaluator, read_curve, skeleton_for

ARCHITECTURES = SPACE.sample(8, np.random.default_rng(3))


def evaluator(folder, recipe=RECIPE, **settings):
    return TrainingEvaluator(SPACE, stripes, recipe, folder, device="cpu", **settings)


def test_skeletons_follow_from_the_cells():
    data = stripes(channels=3)
    rng = np.random.default_rng(0)
    kinds = {CELLS: StackedCells, NASBench101(): NASBench101Skeleton, SPACE: NASBench201Skeleton}
    recipe = RECIPE.but(cells=17, channels=6, auxiliary=0.4, dropout=0.1)
    chosen = {s: skeleton_for(s.graph(s.sample(1, rng)[0]), recipe, data) for s in kinds}
    assert {space: type(skeleton) for space, skeleton in chosen.items()} == kinds
    assert all((s.channels, s.classes, s.image_channels) == (6, 2, 3) for s in chosen.values())
    stacked, benchmark101, benchmark201 = chosen.values()
    assert (stacked.cells, stacked.auxiliary, stacked.dropout) == (17, True, 0.1)
    assert (benchmark101.modules, benchmark201.cells) == (5, 5)
    unknown = Graph((Cell(1, 2, (Site("conv7x7", (0,), 1),), (1,)),))
    with pytest.raises(UnknownName, match="unknown operation of a network 'conv7x7'"):
        skeleton_for(unknown, recipe, data)
    three = Graph((Cell(3, 4, (Site("skip_connect", (2,), 3),), (3,)),))
    with pytest.raises(TrainingError, match="no skeleton stacks such cells"):
        skeleton_for(three, recipe, data)


def test_values_and_the_mean_of_repeats(tmp_path):
    values = evaluator(tmp_path, repeats=2)(ARCHITECTURES[0])
    assert values["valid_accuracy"] == (values["valid_accuracy_1"] + values["valid_accuracy_2"]) / 2
    assert values["epochs"] == 2 * RECIPE.epochs
    assert 0 < values["parameters"] < values["multiply_adds"]
    first, second = sorted(tmp_path.iterdir())
    assert second.name == f"{first.name}-2"
    for folder in (first, second):
        assert sorted(path.name for path in folder.iterdir()) == ["curve.jsonl", "training.json"]
    losses = [read_curve(folder / "curve.jsonl")[-1].valid_loss for folder in (first, second)]
    assert losses[0] != losses[1]
    assert values["valid_loss"] == sum(losses) / 2
    assert "pruned" not in values


def test_what_is_known_beforehand_is_what_the_training_records(tmp_path, monkeypatch):
    made = evaluator(tmp_path)
    known = made.known_values(ARCHITECTURES[0])
    assert list(known) == ["parameters", "multiply_adds"]
    values = made(ARCHITECTURES[0])
    assert {name: values[name] for name in known} == dict(known)

    counted = []
    module = sys.modules["archrank.training.evaluator"]
    monkeypatch.setitem(module._COUNTS, "multiply_adds", lambda *_: counted.append(1) or 0)
    assert made.known_values(ARCHITECTURES[0])["parameters"] == values["parameters"]
    assert counted == []  # counting takes a while
    with pytest.raises(KeyError):
        known["seconds"]


def test_what_is_finished_is_not_trained_again_and_what_is_interrupted_goes_on(tmp_path, monkeypatch):
    whole = evaluator(tmp_path / "whole")(ARCHITECTURES[1])
    epochs = []

    def interrupted(*given, on_epoch, **settings):
        def stop(epoch):
            epochs.append(epoch.epoch)
            if epochs == [1, 2]:
                raise KeyboardInterrupt

        return train(*given, on_epoch=stop, **settings)

    module = sys.modules["archrank.training.evaluator"]
    train = module.train
    monkeypatch.setattr(module, "train", interrupted)
    with pytest.raises(KeyboardInterrupt):
        evaluator(tmp_path / "again")(ARCHITECTURES[1])
    # Another process would have it from the same bytes.
    sent = pickle.loads(pickle.dumps(evaluator(tmp_path / "again")))
    found = sent(ARCHITECTURES[1])
    assert epochs == [1, 2, 1, 2, 3]
    assert found["valid_accuracy"] == whole["valid_accuracy"]
    assert evaluator(tmp_path / "again")(ARCHITECTURES[1]) == found
    assert len(epochs) == 5
    with pytest.raises(
        TrainingError, match=r"another training: recipe\.epochs is 3 there and 4 here\. Choose"
    ):
        evaluator(tmp_path / "again", RECIPE.but(epochs=4))(ARCHITECTURES[1])


def test_worse_trainings_end_early(tmp_path):
    recipe = RECIPE.but(epochs=4)
    pruned = evaluator(tmp_path, recipe, pruner="median")
    first = [pruned(architecture) for architecture in ARCHITECTURES[:5]]
    assert all(values["pruned"] == 0 and values["epochs"] == 4 for values in first)
    # Whatever the sixth does, the five are better than it can be.
    for path in tmp_path.glob("*/curve.jsonl"):
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        path.write_text("".join(json.dumps({**row, "valid_accuracy": 1.0}) + "\n" for row in rows))
    again = evaluator(tmp_path, recipe, pruner="median", repeats=2)
    hopeless = SPACE.parse("|none~0|+|none~0|none~1|+|none~0|none~1|none~2|")
    values = again(hopeless)
    assert (values["pruned"], values["epochs"]) == (1, 1)
    assert values["valid_accuracy"] == values["valid_accuracy_1"]
    # It is remembered as what it was.
    assert again(hopeless) == values


def test_halving_lets_a_third_go_on():
    pruning = Pruning("halving", epochs=9)
    ends = []
    for place in range(9):
        training = pruning.begin()
        quality = place / 10
        last = next((e for e in range(1, 10) if training.is_enough(e, quality)), 9)
        training.end(str(place), quality, pruned=last < 9)
        ends.append(last)
    assert set(ends) == {9}  # each one was the best so far
    for _ in range(3):
        assert pruning.begin().is_enough(1, 0.0)
    # The fourth best of 13 that were there after an epoch, but of ten after three epochs too.
    middle = pruning.begin()
    assert [middle.is_enough(epoch, 0.55) for epoch in (1, 2, 3)] == [False, False, True]


def test_others_count_once_and_failures_do_not(tmp_path):
    pruning = Pruning("median", epochs=2)
    for _ in range(10):
        pruning.learn("the same", [0.9, 0.9], pruned=False)
    for place in range(10):
        pruning.begin().end(f"failed {place}", None, pruned=False)
    assert not pruning.begin().is_enough(1, 0.1)


def test_mistakes_are_told(tmp_path):
    with pytest.raises(UnknownName, match="did you mean 'median'"):
        evaluator(tmp_path, pruner="medain")
    with pytest.raises(BudgetError, match="mean of 0 trainings"):
        evaluator(tmp_path, repeats=0)
    broken = TrainingEvaluator(SPACE, partial(stripes, 160), RECIPE, tmp_path, device="cpu")
    broken(ARCHITECTURES[0])
    (result,) = tmp_path.glob("*/training.json")
    result.write_text("{")
    with pytest.raises(TrainingError, match="remove it to train anew"):
        broken(ARCHITECTURES[0])


def test_trainings_recorded_by_release_0_1_are_read(tmp_path):
    values = evaluator(tmp_path)(ARCHITECTURES[0])
    (path,) = tmp_path.glob("*/training.json")
    record = json.loads(path.read_text())
    path.write_text(json.dumps({"facts": record.pop("fingerprint"), **record}))
    assert evaluator(tmp_path)(ARCHITECTURES[0]) == values
    with pytest.raises(TrainingError, match=r"recipe\.epochs is 3 there and 2 here"):
        evaluator(tmp_path, RECIPE.but(epochs=2))(ARCHITECTURES[0])


def test_repeats_of_the_best_have_seeds_of_their_own(tmp_path):
    evaluate = evaluator(tmp_path, repeats=2)
    first, again = evaluate(ARCHITECTURES[0]), evaluate(ARCHITECTURES[0], seed=1)
    names = sorted(folder.name for folder in tmp_path.iterdir())
    assert [name.partition("-")[2] for name in names] == ["", "2", "3", "4"]
    seeds = [
        json.loads((tmp_path / name / "training.json").read_text())["fingerprint"]["seed"] for name in names
    ]
    assert seeds == [0, 1, 2, 3]
    assert again["valid_accuracy"] == (again["valid_accuracy_1"] + again["valid_accuracy_2"]) / 2
    assert again["valid_loss"] != first["valid_loss"]
    assert evaluate(ARCHITECTURES[0], seed=1) == again
