"""Names that may come from anywhere: they are looked up, and never imported."""

import sys

import pytest

from archrank.errors import UnknownName
from archrank.spaces import SPACES, named_space


@pytest.mark.parametrize("name", SPACES)
def test_every_space_has_the_name_that_it_is_known_by(name):
    assert named_space(name).name == name


def test_no_name_imports_anything(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "planted.py").write_text("raise SystemExit('it ran')")
    path, modules = list(sys.path), set(sys.modules)
    for name in ("planted.py:Space", f"{tmp_path}/planted.py:Space", "planted:Space", "planted", "os:system"):
        with pytest.raises(UnknownName, match="unknown space"):
            named_space(name)
    assert "planted" not in set(sys.modules) - modules
    assert sys.path == path


@pytest.mark.parametrize("value", [None, 3, ["darts"], {"darts": 1}, "", "x" * 10**6])
def test_what_is_no_name_is_refused_briefly(value):
    with pytest.raises(UnknownName) as refused:
        named_space(value)
    assert len(str(refused.value)) < 1000
