from pathlib import Path

import pytest

from archrank.benchmarks.data_folder import data_folder, imported_path
from archrank.errors import TableError


def test_the_variable_comes_first(data_folder, tmp_path):
    assert data_folder == tmp_path / "data"
    assert imported_path("nasbench101") == data_folder / "tables" / "nasbench101.parquet"


@pytest.mark.parametrize(
    ("platform", "variable", "expected"),
    [
        ("linux", "XDG_DATA_HOME", "given/archrank"),
        ("linux", None, "home/.local/share/archrank"),
        ("darwin", None, "home/Library/Application Support/archrank"),
        ("win32", "LOCALAPPDATA", "given/archrank"),
        ("win32", None, "home/AppData/Local/archrank"),
    ],
)
def test_each_platform_has_its_folder(monkeypatch, platform, variable, expected):
    for name in ("ARCHRANK_DATA", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    if variable:
        monkeypatch.setenv(variable, "given")
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr(Path, "home", lambda: Path("home"))
    assert data_folder() == Path(expected)


def test_without_a_home_the_variable_is_asked_for(monkeypatch):
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("ARCHRANK_DATA", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(TableError, match="set ARCHRANK_DATA"):
        data_folder()
