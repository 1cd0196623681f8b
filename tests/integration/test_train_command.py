"""``archrank train``, ``evaluate`` and ``search --evaluator train``, as they are typed."""

import json
import shlex
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

from archrank.training import Model

CELL = "|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|skip_connect~0|none~1|avg_pool_3x3~2|"
DEFAULTS = ("--data", "digits", "--epochs", "2", "--channels", "4", "--device", "cpu")


def test_a_network_is_trained_kept_and_measured(archrank):
    code, out, err = archrank("train", "nas-bench-201", CELL, *DEFAULTS, "--out", "net")
    assert code == 0, err
    assert "validation accuracy" in out
    assert sorted(path.name for path in Path("net").iterdir()) == [
        "README.md", "curve.jsonl", "curve.svg", "model.json", "weights.safetensors",
    ]  # fmt: skip
    record = json.loads(Path("net/model.json").read_text())
    assert record["architecture"] == CELL
    assert record["recipe"]["epochs"] == len(record["curve"]) == 2
    card = Path("net/README.md").read_text()
    assert record["command"] in card
    assert f"{record['curve'][-1]['valid_accuracy']:.2%}" in card
    code, out, err = archrank("evaluate", "net", "--split", "validation", "--json")
    assert code == 0, err
    assert json.loads(out)["accuracy"] == record["curve"][-1]["valid_accuracy"]
    code, out, _ = archrank("evaluate", "net", "--json")
    found = json.loads(out)
    assert (found["split"], found["images"], found["top5"]) == ("test", 359, None)
    code, out, _ = archrank("evaluate", "net")
    assert f"{found['accuracy']:.2%}" in out
    assert archrank("train", "nas-bench-201", CELL, *DEFAULTS, "--out", "net")[0] == 2
    # Its command gives the same network, bit for bit.
    code, _, err = archrank(
        *shlex.split(record["command"].replace("--out net", "--out twin"))[1:], "--device", "cpu"
    )
    assert code == 0, err
    assert Path("twin/weights.safetensors").read_bytes() == Path("net/weights.safetensors").read_bytes()
    # A damaged file is no network.
    weights = Path("net/weights.safetensors")
    weights.write_bytes(weights.read_bytes()[:-1] + b"\0")
    code, _, err = archrank("evaluate", "net")
    assert (code, "weights.safetensors is damaged" in err) == (2, True)


def test_an_interrupted_training_says_how_to_go_on(archrank, monkeypatch):
    module = sys.modules["archrank.training.train"]
    learn = module._Training._learn

    def interrupted(self, batches, number, *rest):
        if number == 2:
            raise KeyboardInterrupt
        return learn(self, batches, number, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(module._Training, "_learn", interrupted)
        code, _, err = archrank("train", "nas-bench-201", CELL, *DEFAULTS, "--final", "--out", "net")
    assert code == 130
    again = err.partition("Continue with: archrank ")[2]
    assert "--final" in again
    refused, _, said = archrank("train", "nas-bench-201", CELL, *DEFAULTS, "--final", "--out", "net")
    assert (refused, "continue it with resume (--resume)" in said) == (2, True)
    code, out, err = archrank(*shlex.split(again))
    assert code == 0, err
    assert "validation" not in out
    code, _, err = archrank("evaluate", "net", "--split", "validation")
    assert (code, "learned from the validation images" in err) == (2, True)


def test_a_search_trains_and_its_best_is_trained_from_its_folder(archrank):
    search = (
        "search", "enas", "--evaluator", "train", *DEFAULTS, "--cells", "1", "--strategy", "random", "--pruner",
        "median", "--out", "run",
    )  # fmt: skip
    code, _, err = archrank(*search, "--budget", "2")
    assert code == 0, err
    ended = Path("run/result.json").rename("ended.json")
    code, _, err = archrank("train", "enas", "run", *DEFAULTS, "--out", "net")
    assert (code, "has not ended: continue it" in err) == (2, True), err
    ended.rename("run/result.json")
    code, out, err = archrank(*search, "--budget", "3", "--resume", "--json")
    assert code == 0, err
    record = json.loads(out)
    values = [evaluation["values"] for evaluation in record["evaluations"]]
    assert len(values) == len(list(Path("run/trainings").glob("*/curve.jsonl"))) == 3
    names = ("valid_accuracy", "valid_loss", "parameters", "multiply_adds", "seconds", "epochs", "pruned")
    assert all(set(value) == set(names) for value in values)
    assert record["best"]["value"] == max(value["valid_accuracy"] for value in values)
    assert "Learning curves" in Path("run/report.html").read_text()
    code, _, err = archrank(*search, "--budget", "3", "--resume", "--epochs", "3")
    assert (code, "(recipe.epochs: 2 there, 3 now)" in err) == (2, True), err
    code, _, err = archrank(
        "train", "enas", "run", *DEFAULTS, "--epochs", "1", "--cells", "1", "--out", "net"
    )
    assert code == 0, err
    trained = json.loads(Path("net/model.json").read_text())
    assert trained["architecture"] == record["best"]["architecture"]


@pytest.mark.skipif(
    not all(map(find_spec, ("onnx", "onnxscript", "onnxruntime"))),
    reason="needs onnx, onnxscript and onnxruntime: pip install 'archrank[training]'",
)
def test_the_onnx_file_gives_the_same_logits(archrank):
    import onnxruntime

    code, _, err = archrank(
        "train", "nas-bench-201", CELL, *DEFAULTS, "--epochs", "1", "--cells", "3", "--onnx", "--out", "net"
    )
    assert code == 0, err
    assert "torchvision" not in err
    session = onnxruntime.InferenceSession("net/model.onnx", providers=["CPUExecutionProvider"])
    images = np.random.default_rng(0).normal(size=(5, 1, 8, 8)).astype(np.float32)
    (theirs,) = session.run(None, {"images": images})
    with torch.no_grad():
        ours = Model.load("net").network(torch.from_numpy(images)).numpy()
    np.testing.assert_allclose(theirs, ours, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("train", "nas-bench-201", CELL, "--recipe", "digit", "--out", "net"), "did you mean 'digits'?"),
        (("train", "nas-bench-201", CELL, "--data", "digit", "--out", "net"), "did you mean 'digits'?"),
        (("train", "nas-bench-201", CELL, *DEFAULTS, "--image-size", "9", "--out", "net"), "give --image-size 8"),
        (("train", "nas-bench-201", "net.txt", *DEFAULTS, "--out", "net"), "net.txt"),
        (("train", "nas-bench-201", CELL, *DEFAULTS, "--learning-rate", "1e9", "--out", "net"), "loss became"),
        (("evaluate", "net"), "holds no readable trained network"),
        (("evaluate", "net", "--split", "tests"), "did you mean 'test'?"),
        (("search", "enas", "--evaluator", "train", *DEFAULTS, "--workers", "0"), "give --workers 1"),
        (("search", "analog-nasbench", "--epochs", "2"), "--epochs is an option of training: add --evaluator train"),
        (("search", "analog-nasbench", "--evaluator", "train", *DEFAULTS), "search its space, nas-bench-201"),
        (
            ("search", "enas", "--evaluator", "train", *DEFAULTS, "--pruner", "halving", "--objectives",
             "valid_accuracy,parameters"),
            "leave it out, or search by valid_accuracy alone",
        ),
        (("search", "enas", "--evaluator", "train", *DEFAULTS, "--where", "speed < 3"), "did you mean 'seconds'?"),
        (("search", "enas", "--evaluator", "train", *DEFAULTS, "--metric", "pruned"), "unknown value 'pruned'"),
        (
            ("train", "nas-bench-201", CELL, *DEFAULTS, "--learning-rate", "-1", "--out", "net"),
            "learning_rate=-1.0, expected above 0",
        ),
    ],
)  # fmt: skip
def test_mistakes_are_one_message_and_leave_nothing(archrank, tmp_path, words, said):
    code, _, err = archrank(*words)
    assert (code, said in err) == (2, True), err
    assert list(tmp_path.glob("*")) == []
