"""The guide on grammars works as printed."""

import re
import runpy
from pathlib import Path

GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "grammar-spaces.md"


def test_the_guide_on_grammars_runs(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "guide.py").write_text("".join(blocks), encoding="utf-8")
    runpy.run_path("guide.py")
    assert "functions" in capsys.readouterr().out
    assert (tmp_path / "architecture.svg").exists()
