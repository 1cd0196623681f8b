from pathlib import Path

import numpy as np
import pytest

from archrank.spaces import NASBench101
from archrank.spaces.cache import cache_folder, cached


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("ARCHRANK_CACHE", str(tmp_path / "made on demand"))
    return tmp_path / "made on demand"


class Maker:
    """Makes numbers, and counts how often it is asked to."""

    def __init__(self, numbers):
        self.numbers = np.array(numbers, dtype=np.uint32)
        self.asked = 0

    def __call__(self):
        self.asked += 1
        return self.numbers


def test_what_was_made_is_kept(folder):
    make = Maker([3, 1, 2**32 - 1])
    for _ in range(3):
        assert cached("numbers", "1", make).tolist() == [3, 1, 2**32 - 1]
    assert make.asked == 1
    assert [path.name for path in folder.iterdir()] == ["numbers.u32"]


def test_an_empty_list_is_kept_too(folder):
    make = Maker([])
    assert cached("none", "1", make).tolist() == cached("none", "1", make).tolist() == []
    assert make.asked == 1


def test_another_version_is_made_anew(folder):
    cached("numbers", "1", Maker([1]))
    assert cached("numbers", "2", Maker([2])).tolist() == [2]
    assert cached("numbers", "1", Maker([3])).tolist() == [3]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:-1],
        lambda content: content[:-4],
        lambda content: content[:20],
        lambda content: content + b"\0\0\0\0",
        lambda content: content[:40] + bytes([content[40] ^ 1]) + content[41:],
        lambda content: b"\0" * len(content),
    ],
)
def test_a_damaged_file_is_made_anew(folder, damage):
    cached("numbers", "1", Maker([5, 6, 7]))
    path = folder / "numbers.u32"
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    assert cached("numbers", "1", Maker([5, 6, 7])).tolist() == [5, 6, 7]
    assert path.read_bytes() == whole


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path, monkeypatch):
    (tmp_path / "a file").touch()
    monkeypatch.setenv("ARCHRANK_CACHE", str(tmp_path / "a file" / "below"))
    make = Maker([1, 2])
    assert cached("numbers", "1", make).tolist() == cached("numbers", "1", make).tolist() == [1, 2]
    assert make.asked == 2


def test_without_a_home_nothing_is_kept(monkeypatch):
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("ARCHRANK_CACHE", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    assert cache_folder() is None
    assert cached("numbers", "1", Maker([1])).tolist() == [1]


@pytest.mark.parametrize(
    ("platform", "variable", "expected"),
    [
        ("linux", "XDG_CACHE_HOME", "given/archrank"),
        ("linux", None, "home/.cache/archrank"),
        ("darwin", None, "home/Library/Caches/archrank"),
        ("win32", "LOCALAPPDATA", "given/archrank"),
        ("win32", None, "home/AppData/Local/archrank"),
    ],
)
def test_each_platform_has_its_folder(monkeypatch, platform, variable, expected):
    for name in ("ARCHRANK_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    if variable:
        monkeypatch.setenv(variable, "given")
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr(Path, "home", lambda: Path("home"))
    assert cache_folder() == Path(expected)


def test_a_space_lists_the_same_from_its_cache(folder):
    first = NASBench101(vertices=5).rows()
    (path,) = folder.iterdir()
    assert path.stat().st_size < 5 * len(first)
    again = NASBench101(vertices=5).rows()
    assert again.dtype == first.dtype
    assert np.array_equal(again, first)
