"""The Python blocks of pages that no other test runs work as printed, one after the other."""

import linecache
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("page", ["how-to/latency", "how-to/integrations"])
def test_their_python_runs(page, capsys):
    if page == "how-to/latency":
        pytest.importorskip("torch")
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / f"{page}.md").read_text(encoding="utf-8"), re.DOTALL)
    scope = {"__name__": "page"}
    for number, block in enumerate(blocks):
        name = f"<{page}, block {number}>"
        linecache.cache[name] = (len(block), None, block.splitlines(keepends=True), name)
        exec(compile(block, name, "exec"), scope)  # noqa: S102 - the page is ours
    assert capsys.readouterr().out
