"""Settings, files and fits that cannot be used are refused with a PredictorError that says why."""

import json
from dataclasses import dataclass

import numpy as np
import pytest

from archrank.encoders import GATES
from archrank.errors import PredictorError, UnknownName
from archrank.predictors import NeuralPredictor, load_predictor
from archrank.ranking import PairwiseHinge
from archrank.spaces import NASBench201

SPACE = NASBench201()
KNOWN = SPACE.sample(12, np.random.default_rng(0))
TARGETS = np.arange(12)


def small(encoder=None, **settings):
    encoder = encoder or GATES(layers=2, width=8)
    return NeuralPredictor(SPACE, encoder, **({"hidden": (8,), "epochs": 3} | settings))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, "epochs is 0; it must be 1 or more"),
        ({"members": 0}, "members is 0; it must be 1 or more"),
        ({"batch_size": 0}, "batch_size is 0; it must be 1 or more"),
        ({"dropout": 1.0}, "dropout is 1.0; it must be from 0 to below 1"),
        ({"dropout": -0.1}, "dropout is -0.1"),
    ],
)
def test_settings_that_cannot_be_used(settings, message):
    predictor = small(**settings)
    with pytest.raises(PredictorError, match=message):
        predictor.fit(KNOWN, TARGETS)


def test_an_unknown_schedule_is_refused_with_the_closest():
    with pytest.raises(UnknownName, match="unknown schedule 'onecycle'; did you mean 'one-cycle'"):
        small(schedule="onecycle").fit(KNOWN, TARGETS)


def test_a_fit_that_diverged_says_so():
    predictor = small(learning_rate=1e30, epochs=20).fit(KNOWN, TARGETS)
    with pytest.raises(PredictorError, match=r"diverged.*learning_rate 1e\+30 is too high"):
        predictor.predict(KNOWN)


@dataclass(frozen=True)
class OwnGATES(GATES):
    pass


@dataclass(frozen=True)
class OwnHinge(PairwiseHinge):
    pass


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"encoder": OwnGATES(layers=2, width=8)}, "the encoder OwnGATES"),
        ({"loss": OwnHinge()}, "the loss OwnHinge"),
        (
            {"loss": lambda scores, targets, generator: PairwiseHinge()(scores, targets, generator)},
            "the loss <",
        ),
    ],
)
def test_what_a_file_cannot_name_is_not_saved(settings, message, tmp_path):
    predictor = small(**settings).fit(KNOWN, TARGETS)
    with pytest.raises(PredictorError, match=f"{message}.* is none of archrank's own"):
        predictor.save(tmp_path)
    assert list(tmp_path.iterdir()) == []


class Reordered(NASBench201):
    operations = NASBench201.operations[::-1]


class Extended(NASBench201):
    operations = (*NASBench201.operations, "another")


@pytest.mark.parametrize("space", [Reordered(), Extended()], ids=lambda s: type(s).__name__)
def test_weights_are_bound_to_the_order_of_the_operations(space, tmp_path):
    small().fit(KNOWN, TARGETS).save(tmp_path)
    with pytest.raises(PredictorError, match=r"is about the space .*, not nas-bench-201"):
        load_predictor(tmp_path, space)


def learned(record, name, value):
    return record["learned"] | {name: value}


@pytest.mark.parametrize(
    "change",
    [
        lambda record: [1],
        lambda record: record | {"space": "nas-bench-201"},
        lambda record: {k: v for k, v in record.items() if k != "space"},
        lambda record: {k: v for k, v in record.items() if k != "weights"},
        lambda record: record | {"learned": learned(record, "losses", None)},
        lambda record: record | {"settings": record["settings"] | {"no such": 1}},
        lambda record: record | {"settings": {}},
        lambda record: record | {"settings": [1]},
        lambda record: record | {"learned": {}},
        lambda record: (
            record | {"learned": learned(record, "encoder", record["learned"]["encoder"] | {"width": 9})}
        ),
        lambda record: (
            record | {"learned": learned(record, "encoder", record["learned"]["encoder"] | {"no": 9})}
        ),
        lambda record: record | {"learned": learned(record, "encoder", None)},
        lambda record: record | {"learned": learned(record, "encoder", {})},
        lambda record: record | {"parts": 5},
        lambda record: record | {"parts": ["member-0"]},
    ],
)
def test_a_record_that_was_tampered_with(change, tmp_path):
    small().fit(KNOWN, TARGETS).save(tmp_path)
    path = tmp_path / "predictor.json"
    path.write_text(json.dumps(change(json.loads(path.read_text(encoding="utf-8")))), encoding="utf-8")
    with pytest.raises(PredictorError):
        load_predictor(tmp_path, SPACE)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"residual": "input"}, UnknownName, "unknown residual 'input'; did you mean 'inputs'"),
        ({"readout": "output"}, UnknownName, "unknown readout 'output'; did you mean 'outputs'"),
        ({"layers": 0}, PredictorError, "layers is 0"),
    ],
)
def test_impossible_settings_of_gates(settings, error, message):
    with pytest.raises(error, match=message):
        GATES(**settings)


def test_a_read_only_column_of_a_table_is_no_trouble():
    targets = np.arange(12.0)
    targets.setflags(write=False)
    assert small().fit(KNOWN, targets).predict(KNOWN).shape == (12,)
