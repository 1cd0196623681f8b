"""Trained networks whose record was changed, with whole weights: one refusal each, which names the value."""

import hashlib
import json
import os
import shutil
from functools import partial
from random import Random

import numpy as np
import pytest
import torch
from digits_trainings import CELLS, SPACE, stripes
from safetensors.torch import load, save

from archrank.errors import ArchrankError, TrainingError
from archrank.networks import build
from archrank.spaces import NASBench101
from archrank.spaces.named import named_space
from archrank.training import Epoch, Model, Recipe, skeleton_for, weights_generator

RECIPE = Recipe("small", channels=8, cells=3)
SPACES = {
    "201": SPACE,
    "101": NASBench101(),
    "cells": CELLS,
    "grammar": named_space("hierarchical-nas-bench-201"),
}
HUGE = 10**400


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A network of each skeleton, as it is before training."""
    folder, data = tmp_path_factory.mktemp("networks"), stripes()
    for name, space in SPACES.items():
        (architecture,) = space.sample(1, np.random.default_rng(7))
        graph = space.graph(architecture)
        skeleton = skeleton_for(graph, RECIPE, data)
        Model(
            network=build(graph, skeleton, weights_generator(0)),
            graph=graph,
            skeleton=skeleton,
            recipe=RECIPE,
            classes=data.classes,
            image=(1, 8, 8),
            mean=(0.2,),
            deviation=(0.2,),
            curve=(Epoch(1, 1.0, 0.5, None, None, 0.1, 1.0),),
            metadata={"seed": 1},
        ).save(folder / name)
    return folder


@pytest.fixture
def saved(written, tmp_path):
    shutil.copytree(written, tmp_path / "copy")
    return tmp_path / "copy"


def change(folder, record=lambda held: None, weights=lambda held: None):
    """Change both files in place so that they still belong to each other."""
    held = load((folder / "weights.safetensors").read_bytes())
    weights(held)
    content = save(held)
    (folder / "weights.safetensors").write_bytes(content)
    values = json.loads((folder / "model.json").read_text())
    record(values)
    values["weights"] = hashlib.sha256(content).hexdigest()
    (folder / "model.json").write_text(json.dumps(values))


def set_to(value, *keys):
    def record(held):
        for key in keys[:-1]:
            held = held[key]
        held[keys[-1]] = value

    return record


def refused(folder, said):
    with pytest.raises(TrainingError) as caught:
        Model.load(folder)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 1_000


@pytest.mark.parametrize("name", SPACES)
def test_what_is_whole_is_read(saved, name):
    found = Model.load(saved / name)
    assert (found.metadata, found.image, found.classes) == ({"seed": 1}, (1, 8, 8), ("class 0", "class 1"))
    (architecture,) = SPACES[name].sample(1, np.random.default_rng(7))
    assert found.graph == SPACES[name].graph(architecture)


SIZES = [
    ("201", "channels"), ("201", "cells"), ("201", "classes"), ("201", "image_channels"),
    ("101", "stacks"), ("101", "modules"), ("cells", "cells"), ("grammar", "channels"), ("grammar", "classes"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "key"), SIZES)
@pytest.mark.parametrize("value", [10**6, 10**9, HUGE, 1e308, 1.5, True, 0, "3", None, float("nan")])
def test_sizes_that_no_network_of_these_weights_has_are_refused(saved, name, key, value):
    change(saved / name, set_to(value, "skeleton", key))
    refused(saved / name, f"skeleton.{key} is ")
    refused(saved / name, "expected a whole number from 1 to ")


@pytest.mark.parametrize(("name", "key"), SIZES)
def test_sizes_of_a_larger_network_than_the_weights_are_refused(saved, name, key):
    numbers = sum(
        tensor.numel() for tensor in load((saved / name / "weights.safetensors").read_bytes()).values()
    )
    value = 50 if key in ("cells", "stacks", "modules") else numbers
    change(saved / name, lambda held: held["skeleton"].update({key: value}))
    with pytest.raises(TrainingError, match=r"does not match|does not describe"):
        Model.load(saved / name)


@pytest.mark.parametrize(
    ("name", "keys", "value", "said"),
    [
        ("grammar", ("skeleton", "image_size"), [8, 10**9], "skeleton.image_size[1] is 1000000000, expected a whole"),
        ("grammar", ("skeleton", "image_size"), [8], "skeleton.image_size is [8], expected 2 whole numbers"),
        ("cells", ("skeleton", "stem"), "cifra", "skeleton.stem is 'cifra', expected one of cifar, imagenet"),
        ("cells", ("skeleton", "auxiliary"), 1, "skeleton.auxiliary is 1, expected true or false"),
        ("cells", ("skeleton", "dropout"), HUGE, "skeleton.dropout is 1000"),
        ("cells", ("skeleton", "dropout"), 1.5, "dropout=1.5"),
        ("201", ("skeleton", "name"), "StackedCells", "does not match the skeleton"),
        ("201", ("skeleton", "width"), 3, "skeleton is {'width': 3}, expected settings of NASBench201Skeleton"),
        ("201", ("image",), [1, HUGE, 8], "image[1] is 1000"),
        ("201", ("image",), [3, 8, 8], "image is [3, 8, 8], expected [1, height, width]"),
        ("201", ("mean",), [HUGE], "mean is 1000"),
        ("201", ("mean",), [float("inf")], "mean is inf, expected a number"),
        ("201", ("deviation",), [0], "deviation is [0], expected 1 numbers above 0"),
        ("201", ("classes",), "abc", "classes is 'abc', expected a list"),
        ("201", ("classes",), ["a"], "classes is ['a'], expected 2 names"),
        ("201", ("curve",), [{}], "curve[0] has no epoch"),
        ("201", ("curve", 0, "epoch"), 2, "curve[0].epoch is 2, expected a whole number from 1 to 1"),
        ("201", ("curve", 0, "lr"), HUGE, "curve[0].lr is 1000"),
        ("201", ("recipe",), 5, "recipe is 5, expected settings by name"),
        ("201", ("recipe", "batch"), HUGE, "batch=1000"),
        ("201", ("graph",), {}, "graph is {}, expected a list"),
        ("201", ("graph", 0), 5, "graph[0] is 5, expected values by name"),
        ("201", ("graph", 0, "inputs"), 10**9, "graph[0].inputs is 1000000000, expected a whole number"),
        ("201", ("graph", 0, "junctions"), 10**9, "graph[0].junctions is 1000000000, expected a whole number"),
        ("201", ("graph", 0, "weights"), "1", "graph[0].weights is '1', expected a whole number"),
        ("201", ("graph", 0, "outputs"), [True], "graph[0].outputs[0] is True, expected a whole number"),
        ("201", ("graph", 0, "outputs"), [99], "graph[0]: outputs (99,) must be among"),
        ("201", ("graph", 0, "sites"), [[]], "graph[0].sites[0] is [], expected values by name"),
        ("201", ("graph", 0, "sites", 0, "target"), 1.5, "graph[0].sites[0].target is 1.5, expected a whole number"),
        ("201", ("graph", 0, "sites", 0, "depth"), 1, "graph[0].sites[0] is {'depth': 1}, expected operation"),
        ("grammar", ("graph", 0, "sites", 0, "inner"), 5, "graph[0].sites[0].inner is 5, expected values by name"),
        ("grammar", ("graph", 0, "sites", 0, "path"), [1], "graph[0].sites[0].path[0] is 1, expected a text"),
        ("grammar", ("graph", 0, "sites", 0, "attributes"), [["a"]], "graph[0].sites[0].attributes is [['a']]"),
        ("grammar", ("graph", 0, "sites", 0, "parameters"), HUGE, "graph[0].sites[0].parameters is 1000"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_is_named(saved, name, keys, value, said):
    change(saved / name, set_to(value, *keys))
    refused(saved / name, said)


@pytest.mark.parametrize("key", ["skeleton", "graph", "classes", "image", "mean", "curve", "recipe"])
def test_a_value_that_is_missing_is_named(saved, key):
    change(saved / "201", lambda held: held.pop(key))
    refused(saved / "201", f"model.json has no {key}")


def test_layers_without_weights_are_bounded_too(saved):
    """No weight says how often a cell of identities is repeated."""

    def record(held):
        held["skeleton"]["cells"] = 900
        held["graph"][0]["sites"] = 200 * [{"operation": "skip_connect", "sources": [0], "target": 3}]

    change(saved / "201", record)
    refused(saved / "201", "skeleton has 900 layers of cells and graph has 200 operations")


def test_cells_in_one_another_without_end_are_refused(saved):
    def record(held):
        cell = held["graph"][0]
        for _ in range(200):
            node = {"operation": "x", "sources": [0], "target": 1, "node": True, "inner": cell}
            cell = {"inputs": 1, "junctions": 2, "sites": [node], "outputs": [1]}
        held["graph"] = [cell]

    change(saved / "grammar", record)
    refused(saved / "grammar", "is within 101 other cells, expected at most 100")


@pytest.mark.parametrize("file", ["model.json", "weights.safetensors"])
def test_a_pipe_and_a_file_without_end_are_not_read(saved, file):
    os.truncate(saved / "201" / file, 10**12)
    refused(saved / "201", f"{file} has 1000000000000 bytes, expected at most")
    (saved / "201" / file).unlink()
    os.mkfifo(saved / "201" / file)
    refused(saved / "201", f"{file} is no regular file")


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        (lambda held: held.pop("head.3.bias"), "the weights head.3.bias have the shape None, not (2,)"),
        (
            lambda held: held.update({"more": torch.zeros(2)}),
            "the weights more have the shape (2,), not None",
        ),
        (
            lambda held: held.update({"head.3.bias": torch.zeros(7)}),
            "head.3.bias have the shape (7,), not (2,)",
        ),
        (lambda held: held["head.3.bias"].fill_(torch.nan), "'head.3.bias' have numbers that are not finite"),
    ],
)
def test_weights_of_another_network_are_refused(saved, weights, said):
    change(saved / "201", weights=weights)
    refused(saved / "201", said)


def test_a_file_that_holds_no_weights_is_refused(saved):
    (saved / "201" / "weights.safetensors").write_bytes(b"nothing")
    values = json.loads((saved / "201" / "model.json").read_text())
    values["weights"] = hashlib.sha256(b"nothing").hexdigest()
    (saved / "201" / "model.json").write_text(json.dumps(values))
    refused(saved / "201", "holds no weights")


VALUES_OF_JSON = (None, True, -1, 0, 2**70, 1e308, "", "x", [], [0], {}, {"x": []}, [[1.0]])


def somewhere(rng, held):
    """One place of a JSON value replaced by something else."""
    keys = list(held) if isinstance(held, dict) else list(range(len(held)))
    key = rng.choice(keys)
    if isinstance(held[key], dict | list) and held[key] and rng.random() < 0.8:
        somewhere(rng, held[key])
    else:
        held[key] = rng.choice(VALUES_OF_JSON)


@pytest.mark.parametrize("name", SPACES)
def test_whatever_is_changed_it_computes_or_is_refused(written, name, tmp_path):
    for seed in range(int(os.environ.get("ARCHRANK_FUZZ", "10"))):
        folder = tmp_path / f"{seed}"
        shutil.copytree(written / name, folder)
        change(folder, record=partial(somewhere, Random(seed)))
        try:
            found = Model.load(folder)
        except ArchrankError as error:
            assert len(str(error)) < 1_500  # noqa: PT017
        else:
            with torch.inference_mode():
                assert found.network(torch.zeros(2, 1, 8, 8)).shape == (2, 2)
