"""Recipes: what they say, what they refuse, and the files that hold them."""

import json
import os

import pytest

from archrank.errors import TrainingError, UnknownName
from archrank.training import RECIPES, Recipe, recipe_named


def test_the_recipes_of_papers_say_what_the_papers_say():
    cifar = RECIPES["cifar-final"]
    assert (cifar.epochs, cifar.batch, cifar.channels, cifar.cells) == (600, 128, 36, 20)
    assert (cifar.weight_decay, cifar.clip, cifar.auxiliary, cifar.drop_path) == (3e-4, 5, 0.4, 0.2)
    assert (cifar.crop, cifar.flip, cifar.cutout, cifar.dropout) == (4, True, 16, 0.1)
    assert [round(cifar.rate(epoch), 6) for epoch in (0, 300, 600)] == [0.05, 0.0255, 0.001]
    mobile = RECIPES["imagenet-mobile"]
    assert [round(mobile.rate(epoch), 6) for epoch in (0, 1, 5, 250)] == [0, 0.02, 0.1, 0]
    assert (mobile.image_size, mobile.channels, mobile.label_smoothing) == (224, 48, 0.1)
    assert (RECIPES["imagenet-gates"].image_size, RECIPES["imagenet-gates"].channels) == (299, 52)


def test_one_cycle_rises_and_falls_and_constant_stays():
    cycle = Recipe("r", epochs=10, learning_rate=1.0, schedule="one-cycle")
    rates = [cycle.rate(epoch) for epoch in (0, 1, 2, 3, 6, 10)]
    assert rates[0] == pytest.approx(0.04)
    assert rates[:4] == sorted(rates[:4])
    assert rates[3] == pytest.approx(1.0)
    assert rates[3:] == sorted(rates[3:], reverse=True)
    assert rates[-1] == pytest.approx(0.0)
    assert Recipe("r", schedule="constant", learning_rate=0.3).rate(17.5) == 0.3


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_survives_json(name):
    assert Recipe.from_mapping(json.loads(json.dumps(RECIPES[name].as_dict()))) == RECIPES[name]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"epochs": 0}, "epochs=0, expected above 0"),
        ({"epochs": 2.5}, "epochs=2.5, expected a whole number"),
        ({"batch": True}, "batch=True, expected a whole number"),
        ({"learning_rate": float("nan")}, "learning_rate=nan, expected a number"),
        ({"learning_rate": "0.1"}, "learning_rate='0.1', expected a number"),
        ({"flip": 1}, "flip=1, expected true or false"),
        ({"dropout": 1.0}, "dropout=1.0, expected 0 or more, and less than 1"),
        ({"channels": 0}, "channels=0, expected 1 or more"),
        ({"final_learning_rate": 0.5}, "final_learning_rate=0.5, expected learning_rate=0.05 or less"),
        ({"warm_up": 30}, "warm_up=30, expected epochs=20 or less"),
        ({"nesterov": True, "optimizer": "adamw"}, "nesterov=True, expected false without sgd"),
        ({"crop": -1}, "crop=-1, expected 0 or more pixels"),
        ({"jitter": 0.4}, "the recipe mine"),
        ({"resized_crop": [0.5, 0.1]}, "resized_crop=(0.5, 0.1), expected two shares"),
        ({"batch": 10**400}, "expected a whole number of at most 1e+09"),
        ({"cutout": 10**10}, "cutout=10000000000, expected a whole number of at most 1e+09"),
        ({"learning_rate": 10**400}, "expected a number of at most 1e+100"),
        ({"clip": 1e200}, "clip=1e+200, expected a number of at most 1e+100"),
        ({"jitter": [10**400]}, "expected four numbers"),
        ({"name": "x" * 9999, "epochs": 0}, "epochs=0, expected above 0"),
        ({"optimizer": "adam"}, "unknown optimizer in the recipe mine 'adam'; did you mean 'adamw'?"),
        ({"schedule": "cosin"}, "did you mean 'cosine'?"),
        ({"cutot": 16}, "unknown setting of a recipe 'cutot'; did you mean 'cutout'?"),
    ],
)
def test_what_cannot_be_is_refused(change, said):
    with pytest.raises((TrainingError, UnknownName)) as caught:
        Recipe.from_mapping({"name": "mine", **change})
    assert said in str(caught.value)
    assert len(str(caught.value)) < 700


def test_a_file_changes_another_recipe(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('base = "cifar-final"\nepochs = 3\njitter = [0.1, 0.1, 0.1, 0.0]\n')
    read = recipe_named(str(path))
    assert (read.name, read.epochs, read.jitter, read.cutout) == ("mine", 3, (0.1, 0.1, 0.1, 0.0), 16)
    as_json = path.with_suffix(".json")
    as_json.write_text(json.dumps(read.as_dict()))
    assert recipe_named(str(as_json)) == read


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("epochs = ", "cannot be read as a recipe"),
        ('base = "cifar"', "did you mean 'cifar-final'?"),
        ("base = [1]", "unknown base in"),
        ("epoch = 3", "did you mean 'epochs'?"),
    ],
)
def test_a_file_that_says_no_recipe(tmp_path, text, said):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises((TrainingError, UnknownName)) as caught:
        recipe_named(str(path))
    assert said in str(caught.value)


def test_a_name_that_is_none_and_a_file_that_is_not_there():
    with pytest.raises(UnknownName, match="did you mean 'proxy'"):
        recipe_named("prox")
    with pytest.raises(TrainingError, match="cannot be read as a recipe"):
        recipe_named("nowhere.toml")


def test_recipes_without_end_are_refused(tmp_path):
    for name, text in (("deep.json", "[" * 100_000), ("deep.toml", "a = " + "[" * 100_000)):
        (tmp_path / name).write_text(text)
        with pytest.raises(TrainingError, match="cannot be read as a recipe") as refused:
            recipe_named(str(tmp_path / name))
        assert len(str(refused.value)) < 600
    (tmp_path / "value.json").write_text(f'{{"epochs": {"[" * 300}{"]" * 300}}}')
    with pytest.raises(
        TrainingError, match=r"recipe value: epochs=\(\[\[.*, expected a whole number"
    ) as refused:
        recipe_named(str(tmp_path / "value.json"))
    assert len(str(refused.value)) < 300
    os.truncate(tmp_path / "deep.toml", 10**12)
    with pytest.raises(TrainingError, match="has 1000000000000 bytes, expected at most"):
        recipe_named(str(tmp_path / "deep.toml"))
    os.mkfifo(tmp_path / "pipe.toml")
    with pytest.raises(TrainingError, match="it is no file"):
        recipe_named(str(tmp_path / "pipe.toml"))
