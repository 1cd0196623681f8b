"""Loading, splitting, keeping: the laws that every source of images obeys."""

import sys
import threading
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from archrank.errors import DataError, FileError, UnknownName
from archrank.images import Batches, ImageData, Images, load_images
from archrank.images.decoded import decoded
from archrank.images.source import ImageSource, Part
from archrank.images.splits import stratified
from waiting import PATIENCE


def rows(images):
    return set(images.indices.tolist())


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ARCHRANK_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "images"


def test_parts_have_no_image_in_common_and_leave_none_out():
    data = load_images("digits")
    parts = [rows(part) for part in (data.train, data.validation, data.test)]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 1797
    assert rows(data.whole_training) == parts[0] | parts[1]


def test_the_seed_moves_validation_but_never_the_test():
    first, again, other = load_images("digits"), load_images("digits"), load_images("digits", seed=1)
    assert rows(first.validation) == rows(again.validation) != rows(other.validation)
    assert rows(first.test) == rows(other.test)
    assert first.digest == again.digest != other.digest


def test_subsets_keep_the_shares_of_the_classes():
    data = load_images("digits", train=100, validation=50)
    assert (len(data.train), len(data.validation)) == (100, 50)
    assert set(np.bincount(data.train.labels)) <= {9, 10, 11}
    assert set(np.bincount(data.validation.labels)) <= {4, 5, 6}
    assert data.digest != load_images("digits", validation=50).digest


@given(st.lists(st.integers(1, 30), min_size=1, max_size=6), st.data())
def test_a_stratified_choice_rounds_every_class_by_less_than_one(sizes, data):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    count = data.draw(st.integers(1, len(labels)))
    chosen = stratified(labels, count, np.random.default_rng(0))
    assert chosen.sum() == count
    kept = np.bincount(labels[chosen], minlength=len(sizes))
    assert (np.abs(kept - np.array(sizes) * count / len(labels)) < 1).all()


def test_mean_and_deviation_are_those_of_the_training_images():
    data = load_images("digits")
    pixels = data.train.pixels[data.train.indices] / 255
    assert data.mean == pytest.approx([pixels.mean()])
    assert data.deviation == pytest.approx([pixels.std()])


def test_a_subset_of_a_subset_gives_the_right_pixels():
    pixels = np.arange(6, dtype=np.uint8).reshape(6, 1, 1, 1)
    images = Images(pixels, np.arange(6)).subset(np.array([5, 3, 1])).subset(np.array([2, 0]))
    assert images.pixels is pixels
    found, labels = images.batch(torch.tensor([1, 0]))
    assert found.flatten().tolist() == labels.tolist() == [5, 1]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"train": 60000}, "train=60000: digits has 1,078 images"),
        ({"train": 9}, "expected a number from 10 to 1078"),
        ({"validation": 1.0}, "validation=1.0, expected a share"),
        ({"validation": 1438}, "a number from 1 to 1437"),
        ({"size": 32}, "digits has images of 8 pixels"),
    ],
)
def test_too_much_is_refused_with_what_there_is(options, says):
    with pytest.raises(DataError, match=says):
        load_images("digits", **options)


def test_unknown_data_are_named_with_the_closest():
    with pytest.raises(UnknownName, match="did you mean 'cifar10'"):
        load_images("cifar-10")
    with pytest.raises(DataError, match="no such folder"):
        load_images("some/where")


@pytest.mark.parametrize("missing", ["sklearn", "PIL"])
def test_a_missing_package_is_named_with_its_extra(missing, tmp_path, monkeypatch):
    for module in [name for name in sys.modules if name.partition(".")[0] == missing]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(DataError, match=r"pip install 'archrank\[training\]'"):
        load_images("digits" if missing == "sklearn" else str(tmp_path))


# Decoding once.


def counted(labels=(0, 1, 1), shape=(1, 2, 2), stamps="first"):
    """A source, and the list of the images that were decoded."""
    calls = []

    def image(place):
        calls.append(place)
        return np.full(shape, place, np.uint8)

    part = Part(np.array(labels), image)
    return ImageSource(
        "counted", ("a", "b"), lambda: {"train": part}, fingerprint=0, stamps=stamps, size=2
    ), calls


def test_images_are_decoded_once_until_their_files_change(cache):
    source, calls = counted()
    told = []
    first = decoded(source, lambda done, total: told.append((done, total)))
    assert told == [(3, 3)]
    count = len(calls)
    again = decoded(source, lambda *_: pytest.fail("nothing is left to decode"))
    assert len(calls) == count
    assert isinstance(again["train"].pixels, np.memmap)
    assert not again["train"].pixels.flags.writeable
    np.testing.assert_array_equal(first["train"].pixels, again["train"].pixels)

    changed, calls = counted(stamps="second")
    decoded(changed, lambda *_: None)
    assert calls


@pytest.mark.parametrize("file", ["train-pixels.npy", "train-labels.npy"])
def test_a_damaged_cache_is_made_anew(cache, file):
    source, _ = counted()
    decoded(source, lambda *_: None)
    (path,) = cache.glob(f"*/{file}")
    path.write_bytes(path.read_bytes()[:-3])
    mended = decoded(source, lambda *_: None)["train"]
    assert mended.pixels[:, 0, 0, 0].tolist() == [0, 1, 2]
    assert mended.labels.tolist() == [0, 1, 1]
    assert [p.name for p in cache.iterdir()] == [path.parent.name]


def test_two_that_decode_at_the_same_time_get_the_same_images(cache):
    both = threading.Barrier(2)

    def image(place):
        if place == 1:
            both.wait(timeout=PATIENCE)
        return np.full((1, 2, 2), place, np.uint8)

    found = []
    source = ImageSource(
        "both", ("a",), lambda: {"train": Part(np.zeros(3, np.int64), image)}, 0, stamps="", size=2
    )
    threads = [
        threading.Thread(target=lambda: found.append(decoded(source, lambda *_: None))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [parts["train"].pixels[:, 0, 0, 0].tolist() for parts in found] == [[0, 1, 2]] * 2
    assert len(list(cache.iterdir())) == 1


def test_images_of_different_sizes_are_refused_and_leave_nothing_behind(cache):
    sizes = [(1, 2, 2), (1, 3, 2)]
    part = Part(np.array([0, 1]), lambda place: np.zeros(sizes[place], np.uint8))
    with pytest.raises(DataError, match="image 1 is 1×3×2"):
        decoded(
            ImageSource("mixed", ("a", "b"), lambda: {"train": part}, 0, stamps="", size=2), lambda *_: None
        )
    assert not list(cache.iterdir())


def test_a_cache_that_cannot_be_written_says_what_to_set(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("ARCHRANK_CACHE", str(tmp_path / "file"))
    with pytest.raises(FileError, match="set ARCHRANK_CACHE to a folder"):
        decoded(counted()[0], lambda *_: None)


def test_a_full_disk_is_noticed_before_decoding(cache, monkeypatch):
    usage = SimpleNamespace(free=5)
    monkeypatch.setattr("archrank.images.decoded.shutil.disk_usage", lambda _: usage)
    with pytest.raises(FileError, match="set ARCHRANK_CACHE to a folder with more space"):
        decoded(counted()[0], lambda *_: None)
    assert not list(cache.iterdir())


# Batches.


def data_of(images, mean=(0.5,), deviation=(0.25,)):
    return ImageData("some", ("a", "b"), images, images, None, mean, deviation, "")


def test_batches_in_order_hold_every_image_once_and_are_normalised():
    images = Images(np.arange(5, dtype=np.uint8).reshape(5, 1, 1, 1) * 51, np.array([0, 1, 0, 1, 0]))
    batches = Batches(images, data_of(images), 2)
    seen = list(batches)
    assert len(batches) == len(seen) == 3
    values = torch.cat([x for x, _ in seen]).flatten()
    torch.testing.assert_close(values, (torch.arange(5) / 5 - 0.5) / 0.25)
    assert torch.cat([y for _, y in seen]).tolist() == [0, 1, 0, 1, 0]


def test_the_generator_alone_decides_the_order_and_leaves_part_batches_out():
    images = Images(np.arange(10, dtype=np.uint8).reshape(10, 1, 1, 1), np.arange(10))

    def passes(seed):
        batches = Batches(images, data_of(images), 4, generator=torch.Generator().manual_seed(seed))
        assert len(batches) == 2
        return [torch.cat([labels for _, labels in batches]).tolist() for _ in range(3)]

    first = passes(0)
    assert first == passes(0) != passes(1)
    assert first[0] != first[1]
    assert all(len(set(order)) == 8 for order in first)


def test_fewer_images_than_a_batch_are_one_batch():
    images = Images(np.zeros((3, 1, 1, 1), np.uint8), np.zeros(3, np.int64))
    assert [len(y) for _, y in Batches(images, data_of(images), 64, generator=torch.Generator())] == [3]
