"""CIFAR in each of its files: small archives made here, laid out byte for byte as the official ones."""

import io
import struct
import tarfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from archrank.errors import DataError
from archrank.images import load_images
from archrank.images.cifar import CIFAR

COUNTS = {"cifar10": 4, "cifar100": 20}
"""Images in a file: a part must have one of every class."""


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ARCHRANK_CACHE", str(tmp_path / "cache"))


def text(content):
    """A text as Python 2 pickles it."""
    if len(content) < 256:
        return b"U" + bytes([len(content)]) + content
    return b"T" + struct.pack("<i", len(content)) + content


def whole(number):
    return b"J" + struct.pack("<i", number)


def python_2_pickle(pixels, labels, key):
    """What Python 2 wrote: byte strings, and an array by way of numpy.core.multiarray._reconstruct."""
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\n"
        + b"(cnumpy\nndarray\n(K\x00t" + text(b"b") + b"tR"
        + b"(K\x01(" + whole(len(pixels)) + whole(3072) + b"t"
        + b"cnumpy\ndtype\n(" + text(b"u1") + b"K\x00K\x01tR"
        + b"(K\x03" + text(b"|") + b"NNN" + whole(-1) + whole(-1) + b"K\x00tb"
        + b"\x89" + text(pixels.tobytes()) + b"tb"
    )  # fmt: skip
    marked = b"](" + b"".join(whole(label) for label in labels) + b"e"
    pairs = text(b"batch_label") + text("café".encode()) + text(key.encode()) + marked + text(b"data") + array
    return b"\x80\x02}(" + pairs + b"u."


class Made:
    """Random images, and the official files that hold them."""

    def __init__(self, name):
        self.kind = CIFAR[name]
        self.pixels, self.labels, self.files = {}, {}, {"python": {}, "binary": {}}
        rng = np.random.default_rng(0)
        for part, names in self.kind.parts.items():
            each = 10 * COUNTS[name] // len(names)
            self.pixels[part] = rng.integers(0, 256, (each * len(names), 3072), np.uint8)
            self.labels[part] = np.arange(each * len(names)) % len(self.kind.classes)
            for place, file in enumerate(names):
                rows = slice(place * each, (place + 1) * each)
                pixels, labels = self.pixels[part][rows], self.labels[part][rows].astype(np.uint8)
                self.files["python"][file] = python_2_pickle(pixels, labels.tolist(), self.kind.label[0])
                coarse = [np.full(len(labels), 19, np.uint8)] * self.kind.skipped
                records = np.column_stack([*coarse, labels, pixels])
                self.files["binary"][f"{file}.bin"] = records.tobytes()

    def folder(self, version):
        return self.kind.folders[("python", "binary").index(version)]

    def archive(self, version):
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w:gz") as archive:
            for name, content in self.files[version].items():
                entry = tarfile.TarInfo(f"{self.folder(version)}/{name}")
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
        return file.getvalue()

    def write(self, folder, version, packed):
        if packed:
            (folder / f"{self.kind.archive}-{version}.tar.gz").write_bytes(self.archive(version))
            return
        (folder / self.folder(version)).mkdir()
        for name, content in self.files[version].items():
            (folder / self.folder(version) / name).write_bytes(content)

    def check(self, data):
        assert data.classes == self.kind.classes
        learning = data.whole_training
        order = np.argsort(learning.indices)
        np.testing.assert_array_equal(learning.labels[order], self.labels["train"])
        np.testing.assert_array_equal(learning.pixels.reshape(-1, 3072), self.pixels["train"])
        np.testing.assert_array_equal(data.test.labels, self.labels["test"])
        np.testing.assert_array_equal(data.test.pixels.reshape(-1, 3072), self.pixels["test"])


@pytest.mark.parametrize("packed", [True, False], ids=["archive", "unpacked"])
@pytest.mark.parametrize("version", ["python", "binary"])
@pytest.mark.parametrize("name", CIFAR)
def test_every_official_file_gives_its_images(name, version, packed, tmp_path):
    made = Made(name)
    made.write(tmp_path, version, packed)
    made.check(load_images(name, folder=tmp_path))
    if not packed:
        made.check(load_images(name, folder=tmp_path / made.folder(version)))


def test_the_data_folder_is_looked_into(data_folder):
    (data_folder / "cifar10").mkdir(parents=True)
    Made("cifar10").write(data_folder / "cifar10", "binary", packed=True)
    Made("cifar10").check(load_images("cifar10"))


@pytest.mark.parametrize(
    ("name", "flat", "inside"), [("cifar10", False, "plain_text"), ("cifar100", True, ".")]
)
def test_parquet_files_are_read_in_both_layouts(name, flat, inside, tmp_path):
    made = Made(name)
    write_parquet(made, tmp_path / inside, flat)
    made.check(load_images(name, folder=tmp_path))


@pytest.mark.parametrize(
    ("columns", "complaint"),
    [
        ({"img": [1, 2]}, "has no column 'img.bytes'"),
        ({"img": [{"path": "x"}] * 2}, "has no column 'img.bytes'"),
        (
            {"img": [{"bytes": b"x"}] * 2, "label": pa.array([2**60] * 2, pa.timestamp("us"))},
            "holds no images and labels",
        ),
        ({"img": [{"bytes": b"x"}] * 2, "label": ["cat", "dog"]}, "the image or its label is missing"),
    ],
)
def test_parquet_files_of_something_else_are_refused(columns, complaint, tmp_path):
    for part in ("train", "test"):
        pq.write_table(pa.table(columns), tmp_path / f"{part}-00000-of-00001.parquet")
    with pytest.raises(DataError, match=complaint):
        load_images("cifar10", folder=tmp_path)


def write_parquet(made, folder, flat, spoil=lambda contents: None):
    from PIL import Image

    folder.mkdir(exist_ok=True)
    for part, pixels in made.pixels.items():
        contents = []
        for row in pixels:
            file = io.BytesIO()
            Image.fromarray(row.reshape(3, 32, 32).transpose(1, 2, 0)).save(file, "PNG")
            contents.append(file.getvalue())
        spoil(contents)
        images = [{"bytes": content, "path": None} for content in contents]
        columns = {"img.bytes": contents} if flat else {"img": images}
        half = len(pixels) // 2
        for number, rows in enumerate((slice(half), slice(half, None))):
            table = pa.table({**columns, made.kind.label[1]: made.labels[part].tolist()})
            pq.write_table(table[rows], folder / f"{part}-0000{number}-of-00002.parquet")


def test_a_picture_that_does_not_decode_is_named_by_file_and_row(tmp_path):
    def spoil(contents):
        contents[23] = contents[23][:60]

    write_parquet(Made("cifar10"), tmp_path, flat=False, spoil=spoil)
    with pytest.raises(DataError, match=r"train-00001-of-00002.parquet, row 3 cannot be decoded"):
        load_images("cifar10", folder=tmp_path)


def test_nothing_there_says_what_is_looked_for_and_where(tmp_path):
    with pytest.raises(DataError, match="looked for") as raised:
        load_images("cifar10", folder=tmp_path)
    for word in (str(tmp_path), "cifar-10-python.tar.gz", "cifar-10-batches-bin/", "ARCHRANK_DATA"):
        assert word in str(raised.value)


@pytest.mark.parametrize("share", [0, 0.3, 0.99])
def test_an_archive_that_is_cut_short_is_no_data(share, tmp_path):
    content = Made("cifar10").archive("python")
    path = tmp_path / "cifar-10-python.tar.gz"
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(DataError, match=r"damaged or cut short|holds no file"):
        load_images("cifar10", folder=tmp_path)


def test_a_missing_file_of_a_folder_is_named(tmp_path):
    Made("cifar10").write(tmp_path, "binary", packed=False)
    (tmp_path / "cifar-10-batches-bin" / "data_batch_4.bin").unlink()
    with pytest.raises(DataError, match=r"lacks data_batch_4.bin"):
        load_images("cifar10", folder=tmp_path)


def spoil_file(folder, version, change):
    made = Made("cifar10")
    made.write(folder, version, packed=False)
    first = folder / made.folder(version) / next(iter(made.files[version]))
    first.write_bytes(change(first.read_bytes()))


@pytest.mark.parametrize(
    ("version", "change", "says"),
    [
        ("binary", lambda content: content[:-100], "expected a multiple of 3,073"),
        ("binary", lambda content: b"\x0b" + content[1:], "image 0 has the label 11, but there are 10 classes"),
        ("python", lambda content: content[:-100], "damaged"),
        ("python", lambda content: content.replace(b"U\x04data", b"U\x04date"), "does not hold images"),
        ("python", lambda content: content.replace(b"U\x02u1", b"U\x02f8"), "numbers of type"),
        ("python", lambda content: b"cposix\nsystem\n(U\x04truetR.", "refused, nothing was run"),
    ],
)  # fmt: skip
def test_damage_is_named(version, change, says, tmp_path):
    spoil_file(tmp_path, version, change)
    with pytest.raises(DataError, match=says):
        load_images("cifar10", folder=tmp_path)


def test_a_class_without_images_is_named(tmp_path):
    def no_cats(content):
        records = np.frombuffer(content, np.uint8).reshape(-1, 3073).copy()
        records[records[:, 0] == 3, 0] = 4
        return records.tobytes()

    made = Made("cifar10")
    made.files["binary"] = {name: no_cats(content) for name, content in made.files["binary"].items()}
    made.write(tmp_path, "binary", packed=False)
    with pytest.raises(DataError, match="no training images of the class 'cat'"):
        load_images("cifar10", folder=tmp_path)


def test_the_real_images_have_the_published_colours(shared):
    data = load_images("cifar10", folder=shared("cifar10"))
    assert (len(data.train), len(data.validation), len(data.test)) == (45_000, 5_000, 10_000)
    assert set(np.bincount(data.validation.labels)) == {500}
    # These files may hold JPEG, which smooths a little.
    assert data.mean == pytest.approx((0.4914, 0.4822, 0.4465), abs=0.003)
    assert data.deviation == pytest.approx((0.2470, 0.2435, 0.2616), abs=0.003)
