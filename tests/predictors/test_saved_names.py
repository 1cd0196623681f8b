"""Names of folders in a saved predictor: they stay in its folder, and reading them ends."""

import json
import shutil

import numpy as np
import pytest

from archrank.errors import PredictorError
from archrank.predictors import Ensemble, GaussianProcess, load_predictor
from archrank.spaces import NASBench201

SPACE = NASBench201()
KNOWN = SPACE.sample(12, np.random.default_rng(1))
VALUES = np.arange(12.0)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """An ensemble of two, one of which has a hint, beside a whole predictor that is no part of it."""
    folder = tmp_path_factory.mktemp("saved")
    hint = GaussianProcess(SPACE).fit(KNOWN, VALUES[::-1].copy())
    hint.save(folder / "member-9")
    both = Ensemble(SPACE, (GaussianProcess(SPACE), GaussianProcess(SPACE, hints=[hint])))
    both.fit(KNOWN, VALUES).save(folder / "both")
    return folder


@pytest.fixture
def saved(written, tmp_path):
    shutil.copytree(written, tmp_path / "copy")
    return tmp_path / "copy" / "both"


def change(folder, **fields):
    path = folder / "predictor.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def test_what_was_saved_is_read(saved):
    assert load_predictor(saved, SPACE).predict(KNOWN).shape == (12,)


@pytest.mark.parametrize(
    "name",
    [".", "..", "", "../member-9", "member-0/../../member-9", "member-0/", "/member-0",
     "member-0\n", "MEMBER-0", "member-\u0661", 0, None, ["member-0"]],
)  # fmt: skip
@pytest.mark.parametrize("inside", [".", "member-1"])
def test_a_name_that_save_does_not_give_is_refused(saved, name, inside):
    change(saved / inside, parts=[name])
    with pytest.raises(
        PredictorError, match=r"names parts .*expected a list of folders in it such as member-0"
    ):
        load_predictor(saved, SPACE)


@pytest.mark.parametrize("names", ["member-0", {"member-0": 1}, 2, None])
def test_names_that_are_no_list_are_refused(saved, names):
    change(saved, parts=names)
    with pytest.raises(PredictorError, match="expected a list of folders"):
        load_predictor(saved, SPACE)


def test_a_member_is_read_once(saved):
    change(saved, parts=["member-0", "member-0"])
    with pytest.raises(PredictorError, match="names one of its parts twice"):
        load_predictor(saved, SPACE)


def test_an_ensemble_of_nobody_is_refused(saved):
    change(saved, parts=[])
    with pytest.raises(PredictorError):
        load_predictor(saved, SPACE)


@pytest.mark.parametrize("target", [".", "..", "../../member-9"])
def test_a_link_is_not_followed(saved, target):
    shutil.rmtree(saved / "member-1")
    (saved / "member-1").symlink_to(target, target_is_directory=True)
    with pytest.raises(PredictorError, match="member-1 is a link, expected a folder"):
        load_predictor(saved, SPACE)


def test_predictors_within_predictors_end(saved):
    shutil.rmtree(saved / "member-1")
    change(saved, parts=["member-0"])
    inner = json.loads((saved / "predictor.json").read_text())
    folder, weights = saved, (saved / "weights.safetensors").read_bytes()
    for _ in range(30):
        folder = folder / "member-0"
        folder.mkdir(exist_ok=True)
        (folder / "predictor.json").write_text(json.dumps(inner))
        (folder / "weights.safetensors").write_bytes(weights)
    with pytest.raises(PredictorError, match="within 8 others, and has parts of its own: that is deeper"):
        load_predictor(saved, SPACE)


def test_deep_json_is_refused(saved):
    (saved / "predictor.json").write_text("[" * 100_000)
    with pytest.raises(PredictorError, match="holds no saved predictor that can be read"):
        load_predictor(saved, SPACE)
