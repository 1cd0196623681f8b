"""Saved predictors whose weights match their hash and make no predictor: one refusal each, and no crash."""

import hashlib
import json
import os
import shutil
from random import Random

import numpy as np
import pytest
from safetensors.numpy import load, save

from archrank.errors import ArchrankError, PredictorError
from archrank.predictors import (
    BoostedTrees,
    Ensemble,
    GaussianProcess,
    NeuralPredictor,
    WeisfeilerLehman,
    load_predictor,
)
from archrank.predictors.forest import Forest
from archrank.predictors.tree_text import read_trees
from archrank.spaces import NASBench201

SPACE = NASBench201()
KNOWN = SPACE.sample(12, np.random.default_rng(1))
VALUES = np.arange(12.0)


def fitted():
    gaussian = GaussianProcess(SPACE).fit(KNOWN, VALUES)
    yield "gaussian", gaussian
    yield "hinted", GaussianProcess(SPACE, hints=[gaussian]).fit(KNOWN, VALUES)
    yield "trees", BoostedTrees(SPACE, n_estimators=3, members=2).fit(KNOWN, VALUES)
    yield "wl", WeisfeilerLehman(SPACE).fit(KNOWN, VALUES)
    yield "neural", NeuralPredictor(SPACE, epochs=1, hidden=(4,), members=2).fit(KNOWN, VALUES)
    yield "comparator", NeuralPredictor(SPACE, "mlp", "comparator", epochs=1).fit(KNOWN, VALUES)
    yield "ensemble", Ensemble(SPACE, (GaussianProcess(SPACE), GaussianProcess(SPACE))).fit(KNOWN, VALUES)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    for name, predictor in fitted():
        predictor.save(folder / name)
    return folder


@pytest.fixture
def saved(written, tmp_path):
    shutil.copytree(written, tmp_path / "copy")
    return tmp_path / "copy"


def change(folder, record=lambda record: record, arrays=lambda arrays: arrays):
    """Change both files so that they still belong to each other."""
    content = (folder / "weights.safetensors").read_bytes()
    weights = arrays(load(content))
    weights = weights if isinstance(weights, bytes) else save(weights)
    (folder / "weights.safetensors").write_bytes(weights)
    held = json.loads((folder / "predictor.json").read_text()) | {
        "weights": hashlib.sha256(weights).hexdigest()
    }
    (folder / "predictor.json").write_text(json.dumps(record(held)))


def refused(folder, match="fit"):
    with pytest.raises(ArchrankError, match=match) as caught:
        load_predictor(folder, SPACE)
    assert len(str(caught.value)) < 1_000


def with_text(change_of_text):
    def changed(arrays):
        text = change_of_text(arrays["model 0"].tobytes().decode())
        return arrays | {"model 0": np.frombuffer(text.encode(), np.uint8)}

    return changed


def replaced(name, *values):
    """Each line of this name in a text of trees has these values."""

    def of(text):
        head, *rest = text.split(f"\n{name}=")
        return f"\n{name}=".join([head, *(" ".join(values) + r[r.index("\n") :] for r in rest)])

    return with_text(of)


NAMES = ["gaussian", "hinted", "trees", "neural", "comparator", "ensemble"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_refused(saved, name, number):
    def arrays(held):
        key = next(key for key, array in sorted(held.items()) if array.dtype.kind == "f")
        held[key].flat[0] = number
        return held

    change(saved / name, arrays=arrays)
    refused(saved / name, "numbers that are not finite")


def test_what_is_not_finite_is_not_saved(tmp_path):
    predictor = GaussianProcess(SPACE).fit(KNOWN, VALUES)
    predictor._targets[0] = np.nan
    with pytest.raises(PredictorError, match="numbers that are not finite"):
        predictor.save(tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", NAMES)
def test_arrays_of_another_shape_are_refused(saved, name):
    def arrays(held):
        floats = {key: array for key, array in held.items() if array.dtype.kind == "f"}
        return held | {key: np.concatenate([array, array], axis=-1) for key, array in floats.items()}

    change(saved / name, arrays=arrays)
    refused(saved / name)


@pytest.mark.parametrize("name", NAMES)
def test_damaged_safetensors_are_refused(saved, name):
    change(saved / name, arrays=lambda held: save(held)[:-3])
    refused(saved / name, "is damaged")


@pytest.mark.parametrize(
    "arrays",
    [
        replaced("split_feature", "9999"),
        replaced("split_feature", "-1"),
        replaced("left_child", "-9"),
        replaced("left_child", "5"),
        replaced("left_child", "0"),
        replaced("threshold", "nan"),
        replaced("leaf_value", "inf"),
        replaced("leaf_value"),
        replaced("decision_type", "1"),
        replaced("split_feature", "9" * 30),
        with_text(lambda text: text[:900]),
        lambda arrays: arrays | {"model 0": np.frombuffer(b"\xff\xfe", np.uint8)},
    ],
)
def test_trees_that_are_no_trees_are_refused(saved, arrays):
    change(saved / "trees", arrays=arrays)
    refused(saved / "trees", "is damaged")


def text_of(left, right, features=(0, 1, 2)):
    def row(name, values):
        return f"{name}={' '.join(map(str, values))}"

    splits = len(left)
    rows = [
        row("split_feature", features[:splits]), row("threshold", [0.5] * splits), row("left_child", left),
        row("decision_type", [2] * splits), row("right_child", right), row("leaf_value", range(splits + 1)),
    ]  # fmt: skip
    return "tree\n\nTree=0\n" + "\n".join(rows) + "\n\nend of trees\n"


def test_a_tree_is_connected():
    assert len(read_trees(text_of((1, -1, -3), (2, -2, -4)), 3)) == 1
    for left, right in [((-1, 2, 1), (-2, -3, -4)), ((1, 1, -3), (-1, -2, -4)), ((1, -1, -3), (2, -1, -4))]:
        with pytest.raises(ValueError, match="not connected as a tree"):
            read_trees(text_of(left, right), 3)
    with pytest.raises(ValueError, match="not among the 2 of the space"):
        Forest.read(text_of((1, -1, -3), (2, -2, -4)), 2)


@pytest.mark.parametrize("setting", ["members", "hidden", "encoder"])
def test_settings_of_a_network_that_would_not_fit_into_memory_are_refused(saved, setting):
    def record(held):
        if setting == "encoder":
            held["learned"]["encoder"]["width"] = 10**7
        else:
            held["settings"][setting] = 10**9 if setting == "members" else [10**6] * 9
        return held

    change(saved / "neural", record)
    refused(saved / "neural", "is damaged")


def test_a_network_of_endless_layers_is_refused(saved):
    def record(held):
        held["settings"]["hidden"] = [1] * 200_000
        return held

    change(saved / "neural", record)
    refused(saved / "neural", "much larger network")


@pytest.mark.parametrize("field", ["length", "noise", "variance", "slope", "depth", "scales"])
@pytest.mark.parametrize("value", [-1.0, float("nan"), 10**400, "x", None, [1.0] * 99_999])
def test_a_kernel_that_is_none_is_refused(saved, field, value):
    def record(held):
        held["learned"]["kernel"][field] = value
        return held

    change(saved / "gaussian", record)
    refused(saved / "gaussian", "is damaged")


@pytest.mark.parametrize("name", ["predictor.json", "weights.safetensors"])
def test_a_pipe_is_no_file_of_a_predictor(saved, name):
    (saved / "gaussian" / name).unlink()
    os.mkfifo(saved / "gaussian" / name)
    refused(saved / "gaussian", f"{name} is no regular file")


def test_a_file_beyond_all_bounds_is_not_read(saved):
    path = saved / "gaussian" / "predictor.json"
    os.truncate(path, 10**12)
    refused(saved / "gaussian", "has 1000000000000 bytes, expected at most 67108864")


def test_long_names_are_quoted_in_part(saved):
    change(saved / "gaussian", lambda held: held | {"predictor": "x" * 100_000})
    refused(saved / "gaussian", "is of the class")


VALUES_OF_JSON = (None, True, -1, 0, 2**70, 1e308, "", "x", [], [0], {}, {"x": []}, [[1.0]])


def somewhere(rng, value):
    """One place of a JSON value replaced by something else."""
    if isinstance(value, dict | list) and value and rng.random() < 0.9:
        keys = list(value) if isinstance(value, dict) else range(len(value))
        key = rng.choice(keys)
        copy = value.copy()
        copy[key] = somewhere(rng, value[key])
        return copy
    return rng.choice(VALUES_OF_JSON)


def shaken(rng, arrays):
    """One array changed in size, type or numbers."""
    key = rng.choice(sorted(arrays))
    array = arrays[key]
    found = {
        0: array[:-1],
        1: array.astype(np.int64),
        2: array * np.array(0, array.dtype),
        3: array.reshape(-1),
        4: (array + np.float64(1e300)).astype(array.dtype) if array.dtype == np.float64 else array[:0],
        5: np.random.default_rng(rng.randrange(9)).permutation(array.reshape(-1)).reshape(array.shape),
    }[rng.randrange(6)]
    return arrays | {key: np.ascontiguousarray(found)}


@pytest.mark.parametrize("name", NAMES)
def test_whatever_is_changed_it_predicts_or_is_refused(saved, name, tmp_path):
    for seed in range(int(os.environ.get("ARCHRANK_FUZZ", "15"))):
        rng = Random(seed)
        folder = tmp_path / f"{seed}"
        shutil.copytree(saved / name, folder)
        if rng.random() < 0.6:
            change(folder, record=lambda held, rng=rng: somewhere(rng, held))
        else:
            change(folder, arrays=lambda held, rng=rng: shaken(rng, held))
        try:
            with np.errstate(all="ignore"):
                scores = load_predictor(folder, SPACE).predict(KNOWN)
        except ArchrankError as error:
            assert len(str(error)) < 1_500  # noqa: PT017
        else:
            assert scores.shape == (12,)
        shutil.rmtree(folder)
