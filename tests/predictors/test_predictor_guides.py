"""The guides on predictors work as printed."""

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

GUIDES = Path(__file__).parents[2] / "docs" / "how-to"


@pytest.mark.parametrize(("name", "count"), [("choose-a-predictor", 5), ("add-a-predictor", 3)])
def test_their_python_runs_one_block_after_the_other(name, count, tmp_path, monkeypatch):
    guide = GUIDES / f"{name}.md"
    blocks = re.findall(r"```python\n(.*?)```", guide.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == count
    module = ModuleType("guide")  # where pickle finds the class
    monkeypatch.setitem(sys.modules, "guide", module)
    monkeypatch.chdir(tmp_path)
    for block in blocks:
        exec(compile(block, str(guide), "exec"), vars(module))  # noqa: S102 - the page is ours
    assert list(tmp_path.glob("my-*/predictor.json"))
