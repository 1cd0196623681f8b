"""The guides on networks with choices work as printed."""

import importlib
import re
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")

GUIDES = Path(__file__).parents[2] / "docs" / "how-to"


def blocks(name):
    return re.findall(r"```python\n(.*?)```", (GUIDES / f"{name}.md").read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def as_module(tmp_path, monkeypatch):
    """Code as a module that can be imported, as from a user's file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    made = []

    def make(name, code):
        (tmp_path / f"{name}.py").write_text(code, encoding="utf-8")
        importlib.invalidate_caches()
        sys.modules.pop(name, None)  # another test's module of that name
        made.append(name)
        return importlib.import_module(name)

    yield make
    for name in made:
        sys.modules.pop(name, None)


def test_the_guide_on_networks_runs(as_module, capsys, tmp_path):
    network, loop, search, latency, placed, reason = blocks("search-a-network")
    as_module("model", network + loop)
    as_module("guide_search", search)
    assert '"stages":' in capsys.readouterr().out
    assert (tmp_path / "runs" / "digits" / "report.html").exists()
    as_module("guide_latency", latency)
    assert "<Latency" in capsys.readouterr().out
    as_module("guide_placed", placed)
    assert "(act): Tanh()" in capsys.readouterr().out
    as_module("guide_reason", reason)
    assert capsys.readouterr().out == "None\n"


def test_the_guide_for_people_from_elsewhere_runs(as_module):
    guide = as_module("guide_elsewhere", "\n".join(blocks("coming-from-other-libraries")))
    assert len(guide.study.trials) == 5
