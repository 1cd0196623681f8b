"""Folders of pictures, and a user's own data."""

import io
import os

import numpy as np
import pytest
from PIL import Image

from archrank.errors import DataError, UnknownName
from archrank.images import load_images, pictures


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ARCHRANK_CACHE", str(tmp_path / "cache"))


def fill(folder, count=10, size=(40, 30)):
    """A folder with two classes: bright and dark."""
    for name, shade in (("bright", 200), ("dark", 50)):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            Image.new("RGB", size, (shade, number, 0)).save(folder / name / f"{number:02}.png")
        (folder / name / "notes.txt").write_text("no picture")


def test_a_single_folder_is_split_in_three(tmp_path):
    fill(tmp_path / "mine")
    data = load_images(str(tmp_path / "mine"), size=8)
    assert (data.name, data.classes, data.size) == ("mine", ("bright", "dark"), (8, 8))
    assert (len(data.train), len(data.validation), len(data.test)) == (16, 2, 2)
    for part in (data.train, data.validation, data.test):
        reds = part.pixels[part.indices, 0, 0, 0]
        assert reds.tolist() == [(200, 50)[label] for label in part.labels]


def test_beside_train_a_lone_val_is_the_test(tmp_path):
    fill(tmp_path / "train")
    fill(tmp_path / "val", count=3)
    data = load_images(str(tmp_path), size=8, validation=4)
    assert (len(data.train), len(data.validation), len(data.test)) == (16, 4, 6)


def test_official_validation_is_kept_as_it_is(tmp_path):
    for part, count in (("train", 5), ("val", 2), ("test", 3)):
        fill(tmp_path / part, count)
    data = load_images(str(tmp_path), size=8)
    assert (len(data.train), len(data.validation), len(data.test)) == (10, 4, 6)
    assert len(data.whole_training) == 14
    with pytest.raises(DataError, match="its own validation images"):
        load_images(str(tmp_path), size=8, validation=0.2)


@pytest.mark.parametrize(("width", "height"), [(70, 32), (32, 70)])
def test_the_square_comes_out_of_the_middle(width, height, tmp_path):
    # A picture whose shorter side is 8/7 of the size needs no resizing; its outer parts are red.
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 0] = 255
    top, left = (height - 28) // 2, (width - 28) // 2
    pixels[top : top + 28, left : left + 28] = np.arange(28)[:, None, None]
    for name in ("a", "b"):
        (tmp_path / "data" / name).mkdir(parents=True)
        for number in range(5):
            Image.fromarray(pixels).save(tmp_path / "data" / name / f"{number}.png")
    data = load_images(str(tmp_path / "data"), size=28)
    np.testing.assert_array_equal(data.train.pixels[0, 0], np.repeat(np.arange(28)[:, None], 28, 1))


def test_a_picture_that_changes_is_decoded_again(tmp_path):
    fill(tmp_path / "mine")
    load_images(str(tmp_path / "mine"), size=8)
    Image.new("RGB", (40, 30), (77, 0, 0)).save(tmp_path / "mine" / "dark" / "00.png")
    assert 77 in load_images(str(tmp_path / "mine"), size=8).train.pixels[:, 0]


def test_what_does_not_decode_is_named(tmp_path):
    fill(tmp_path / "mine")
    broken = tmp_path / "mine" / "dark" / "03.png"
    broken.write_bytes(broken.read_bytes()[:50])
    with pytest.raises(DataError, match=r"dark.03\.png cannot be decoded"):
        load_images(str(tmp_path / "mine"), size=8)
    broken.write_text("no picture at all")
    with pytest.raises(DataError, match=r"dark.03\.png cannot be decoded: it is none of JPEG, PNG"):
        load_images(str(tmp_path / "mine"), size=8)


def test_a_picture_that_would_grow_without_bounds_is_refused_before_it_does(tmp_path, monkeypatch):
    fill(tmp_path / "mine")
    Image.new("L", (1, 200_000)).save(tmp_path / "mine" / "dark" / "04.png")
    with pytest.raises(
        DataError, match=r"04\.png cannot be decoded: 37 × 7,400,000 pixels are more than 50,000,000"
    ):
        load_images(str(tmp_path / "mine"), size=32)
    monkeypatch.setattr(pictures, "MOST_PIXELS", 1_000)
    with pytest.raises(DataError, match="40 × 30 pixels are more than 1,000"):
        pictures.picture(tmp_path / "mine" / "dark" / "03.png", "a picture", 8)
    Image.new("RGB", (1, 20), (9, 9, 9)).save(tmp_path / "strip.png")
    assert (pictures.picture(tmp_path / "strip.png", "a strip", 4) == 9).all()


def test_other_formats_and_what_is_no_file_are_never_opened(tmp_path):
    fill(tmp_path / "mine")
    os.mkfifo(tmp_path / "mine" / "dark" / "endless.png")
    assert len(load_images(str(tmp_path / "mine"), size=8).train) == 16
    for kind in ("EPS", "PCX", "ICO"):  # Pillow hands the first one to a program of the system
        out = io.BytesIO()
        Image.new("RGB", (8, 8)).save(out, kind)
        with pytest.raises(DataError, match="it is none of JPEG, PNG"):
            pictures.picture(out.getvalue(), "a picture")


def test_empty_and_unlike_classes_are_named(tmp_path):
    (tmp_path / "nothing").mkdir()
    with pytest.raises(DataError, match="one folder of pictures for each class"):
        load_images(str(tmp_path / "nothing"))
    fill(tmp_path / "data" / "train")
    fill(tmp_path / "data" / "val")
    (tmp_path / "data" / "val" / "dark").rename(tmp_path / "data" / "val" / "black")
    with pytest.raises(DataError, match="the class 'black' is in only one of the parts"):
        load_images(str(tmp_path / "data"))
    (tmp_path / "data" / "train" / "empty").mkdir()
    with pytest.raises(DataError, match="empty holds no pictures"):
        load_images(str(tmp_path / "data"))


OWN = """
import numpy as np
import torch
from PIL import Image
from torch.utils.data import TensorDataset, Dataset

from archrank.images import load_images

def tensors():
    images = torch.linspace(0, 1, 20).view(20, 1, 1, 1).expand(20, 3, 4, 5)
    return TensorDataset(images, torch.arange(20) % 2)

class Pictures(Dataset):
    classes = ["even", "odd"]
    def __len__(self):
        return 20
    def __getitem__(self, place):
        return Image.new("L", (12 + place, 12), place), place % 2

arrays = [(np.full((4, 5, 3), place, np.uint8), place % 2) for place in range(20)]
ready = load_images("digits")
normalised = [(torch.randn(3, 4, 4), 0)] * 3
no_labels = [torch.zeros(4, 4)] * 3
named = [(torch.zeros(1, 4, 4), "cat")]
number = 3
def with_arguments(folder):
    return arrays
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Names of what a user's file holds; each test's file has a name of its own, as modules do."""
    path = tmp_path / f"own_{abs(hash(tmp_path)):x}.py"
    path.write_text(OWN)
    monkeypatch.syspath_prepend(str(tmp_path))
    return lambda name: f"{path}:{name}"


@pytest.mark.parametrize(
    ("name", "size", "shape", "levels"),
    [
        ("tensors", None, (3, 4, 5), np.rint(np.linspace(0, 255, 20))),
        ("arrays", None, (3, 4, 5), np.arange(20)),
        ("Pictures", 8, (1, 8, 8), np.arange(20)),
    ],
)
def test_every_kind_of_data_set_becomes_bytes(name, size, shape, levels, own):
    data = load_images(own(name), size=size)
    assert data.train.pixels.shape == (20, *shape)
    np.testing.assert_array_equal(data.train.pixels[:, 0, 0, 0], levels)
    assert data.classes == (("even", "odd") if name == "Pictures" else ("0", "1"))


def test_data_that_are_ready_come_as_they_are(own):
    assert len(load_images(own("ready")).train) == 1078
    assert len(load_images(own("ready"), train=100).train) == 100
    with pytest.raises(DataError, match="has its own parts"):
        load_images(own("ready"), validation=10)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Pictures", "image 1 is 1×12×13"),
        ("normalised", "archrank normalizes images itself"),
        ("no_labels", "item 0 .* is not an image with a label"),
        ("named", "the label 'cat', expected a class as a whole number"),
        ("number", "gives int, expected an ImageData"),
        ("with_arguments", "cannot be called without arguments"),
    ],
)
def test_data_that_are_not_such_are_refused(name, says, own):
    with pytest.raises(DataError, match=says):
        load_images(own(name))


def test_names_that_a_file_does_not_hold(own, tmp_path):
    with pytest.raises(UnknownName, match="did you mean 'tensors'"):
        load_images(own("tensor"))
    with pytest.raises(DataError, match="no such file"):
        load_images(f"{tmp_path}/missing.py:data")
