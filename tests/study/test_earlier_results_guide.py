import re
from pathlib import Path

GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "earlier-results.md"


def test_the_guide_runs_as_written(capsys):
    namespace = {}
    for block in re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL):
        exec(compile(block, str(GUIDE), "exec"), namespace)  # noqa: S102 - the page is ours
    assert "40 known before" in capsys.readouterr().out
