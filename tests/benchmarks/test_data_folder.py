import sys
from pathlib import Path

import pytest

from archrank.errors import TableError
from archrank.system.folders import data_folder, imported_path


def test_the_variable_comes_first(data_folder, tmp_path):
    assert data_folder == tmp_path / "data"
    assert imported_path("nasbench101") == data_folder / "tables" / "nasbench101.parquet"


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has a folder of its own")
@pytest.mark.parametrize(
    ("variable", "expected"), [("given", "given/archrank"), (None, "home/.local/share/archrank")]
)
def test_it_lies_in_the_folder_for_data(monkeypatch, tmp_path, variable, expected):
    for name in ("ARCHRANK_DATA", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    if variable:
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / variable))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert data_folder() == tmp_path / expected


def test_without_a_home_the_variable_is_asked_for(monkeypatch):
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("ARCHRANK_DATA", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(TableError, match="set ARCHRANK_DATA"):
        data_folder()
