"""Checkpoints that are valid files and no state of the training: one refusal each, and nothing is changed."""

import json
import os
import shutil

import pytest
import torch
from digits_trainings import RECIPE, SPACE, network_of, stripes
from safetensors import safe_open
from safetensors.torch import save_file

from archrank.errors import TrainingError
from archrank.training import train

RECIPES = {"sgd": RECIPE, "adamw": RECIPE.but(optimizer="adamw")}
DATA = stripes()
FILE = "checkpoint.safetensors"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The folders of trainings that were ended after an epoch."""
    folder = tmp_path_factory.mktemp("trainings")
    for name, recipe in RECIPES.items():
        network = network_of(SPACE, recipe, DATA)
        train(network, DATA, recipe, device="cpu", folder=folder / name, on_epoch=lambda epoch: True)
    return folder


@pytest.fixture
def folder(written, tmp_path):
    shutil.copytree(written, tmp_path / "copy")
    return tmp_path / "copy"


def change(path, header=lambda held: held, tensors=lambda held: None):
    """Change the header, to JSON values or to a text, and the tensors in place."""
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
        held = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
    tensors(held)
    found = header(json.loads(metadata["training"]))
    metadata["training"] = found if isinstance(found, str) else json.dumps(found)
    save_file(held, path, metadata)


def refused(folder, name, said):
    network = network_of(SPACE, RECIPES[name], DATA)
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    with pytest.raises(TrainingError) as caught:
        train(network, DATA, RECIPES[name], device="cpu", folder=folder / name)
    assert said in str(caught.value)
    assert f"{FILE} is damaged (" in str(caught.value)
    assert "remove it to begin anew" in str(caught.value)
    assert len(str(caught.value)) < 1_000
    assert all(torch.equal(before[key], tensor) for key, tensor in network.state_dict().items())


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (lambda held: [], "the header is [], expected values by name"),
        (lambda held: 5, "the header is 5, expected values by name"),
        (lambda held: "[" * 900 + "]" * 900, "the header is [[["),
        (lambda held: "[" * 100_000, "RecursionError"),
        (lambda held: "{", "JSONDecodeError"),
        (lambda held: held | {"fingerprint": [1]}, "fingerprint is [1], expected settings by name"),
        (lambda held: {"fingerprint": held["fingerprint"]}, "the header has no curve"),
        (lambda held: {name: held[name] for name in ("fingerprint", "curve")}, "the header has no scaler"),
        (lambda held: held | {"curve": 5}, "curve is 5, expected a list"),
        (lambda held: held | {"curve": [{}]}, "curve[0] has no epoch"),
        (lambda held: held | {"curve": [held["curve"][0] | {"lr": "0.1"}]}, "curve[0].lr is '0.1', expected a number"),
        (lambda held: held | {"curve": 2 * held["curve"]}, "curve[1].epoch is 1, expected a whole number from 2 to 2"),
        (lambda held: held | {"curve": [held["curve"][0] | {"x": 1}]}, "curve[0] is {"),
        (lambda held: held | {"scaler": [1]}, "scaler is [1], expected nothing, or scale"),
        (lambda held: held | {"scaler": {"scale": 1}}, "scaler is {'scale': 1}, expected nothing, or scale"),
    ],
)  # fmt: skip
def test_a_header_that_is_none_is_refused(folder, header, said):
    change(folder / "sgd" / FILE, header)
    refused(folder, "sgd", said)


@pytest.mark.parametrize(
    ("name", "tensors", "said"),
    [
        ("sgd", lambda held: held.pop("network.head.3.bias"), "'head.3.bias' have the shape None, expected (2,)"),
        ("sgd", lambda held: held.update({"network.head.3.bias": torch.zeros(3)}), "shape (3,), expected (2,)"),
        ("sgd", lambda held: held.update({"network.more": torch.zeros(3)}), "'more' have the shape (3,)"),
        ("sgd", lambda held: held.update({"optimizer.9999.momentum_buffer": torch.zeros(2)}), "'9999.mom"),
        ("sgd", lambda held: held.update({"optimizer.x.m": torch.zeros(2)}), "'x.m', expected the number of"),
        ("sgd", lambda held: held.update({"optimizer.": torch.zeros(2)}), "'', expected the number of a weight"),
        ("sgd", lambda held: held.update({"optimizer.0.step": torch.zeros(())}), "expected momentum_buffer of"),
        ("sgd", lambda held: held.update({"optimizer.0.momentum_buffer": torch.zeros(9)}), "of the shape (9,)"),
        ("adamw", lambda held: held.pop("optimizer.0.exp_avg"), "expected step and exp_avg and exp_avg_sq"),
        ("adamw", lambda held: held.update({"optimizer.0.step": torch.zeros(2)}), "of the shape (2,)"),
    ],
)  # fmt: skip
def test_tensors_of_another_training_are_refused(folder, name, tensors, said):
    change(folder / name / FILE, tensors=tensors)
    refused(folder, name, said)


def test_a_pipe_is_no_checkpoint(folder):
    (folder / "sgd" / FILE).unlink()
    os.mkfifo(folder / "sgd" / FILE)
    refused(folder, "sgd", f"{FILE} is no regular file")


@pytest.mark.parametrize("name", RECIPES)
def test_what_is_whole_goes_on(folder, name):
    def trained(where):
        network = network_of(SPACE, RECIPES[name], DATA)
        seen = train(network, DATA, RECIPES[name], device="cpu", folder=where)
        return [epoch.train_loss for epoch in seen.curve]

    assert trained(folder / name) == trained(None)


def test_differences_are_quoted_in_part(folder):
    change(folder / "sgd" / FILE, lambda held: held | {"fingerprint": {"x" * 9_999: "y" * 9_999}})
    with pytest.raises(TrainingError, match="belongs to another training") as caught:
        train(network_of(SPACE, RECIPE, DATA), DATA, RECIPE, device="cpu", folder=folder / "sgd")
    assert len(str(caught.value)) < 1_500
