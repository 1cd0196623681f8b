"""The guides on objectives and loops work as printed."""

import re
from pathlib import Path

import optuna
import pytest

GUIDES = Path(__file__).parents[2] / "docs" / "how-to"


@pytest.mark.parametrize("name", ["several-objectives", "ask-and-tell"])
def test_their_python_runs_one_block_after_the_other(name, capsys):
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    guide = GUIDES / f"{name}.md"
    scope = {"__name__": "guide"}
    blocks = re.findall(r"```python\n(.*?)```", guide.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        exec(compile(block, str(guide), "exec"), scope)  # noqa: S102 - the page is ours
    assert "~" in capsys.readouterr().out
