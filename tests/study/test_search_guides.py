import re
import warnings
from pathlib import Path

import pytest

GUIDES = Path(__file__).parents[2] / "docs" / "how-to"


@pytest.mark.parametrize(
    ("guide", "said"),
    [
        ("steer-a-search.md", ""),
        ("earlier-results.md", "40 known before"),
        ("zero-cost.md", ""),
        ("repeat-the-best.md", "is the mean of 3"),
        ("stop-early.md", "epochs; 9 of them for the best"),
        ("hyper-parameters.md", "Architecture(space='nas-bench-201'"),
    ],
)
def test_the_guide_runs_as_written(guide, said, tmp_path, capsys):
    namespace = {"__name__": "guide"}
    text = (GUIDES / guide).read_text(encoding="utf-8")
    for number, block in enumerate(re.findall(r"```python\n(.*?)```", text, re.DOTALL)):
        file = tmp_path / f"block{number}.py"  # the code of functions is read from it
        file.write_text(block, encoding="utf-8")
        with warnings.catch_warnings():
            # What the page explains.
            warnings.filterwarnings("ignore", r"\d+ of \d+ architectures of the earlier search have no value")
            exec(compile(block, str(file), "exec"), namespace)  # noqa: S102 - the page is ours
    assert said in capsys.readouterr().out
