"""The guide on networks as graphs works as printed."""

import re
from pathlib import Path

GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "networks-as-graphs.md"


def test_its_python_runs_one_block_after_the_other():
    scope = {"__name__": "guide"}
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 4
    for block in blocks:
        exec(compile(block, str(GUIDE), "exec"), scope)  # noqa: S102 - the page is ours
    assert "a network of" in repr(scope["drawing"])
