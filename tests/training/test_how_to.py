"""The how-to page's examples work as printed."""

import re
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs/how-to/networks.md").read_text(encoding="utf-8")


def test_the_examples_run_one_after_the_other():
    namespace = {"__name__": "page"}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(compile(block, "networks.md", "exec"), namespace)  # noqa: S102 - the page is ours
    assert namespace["logits"].shape == namespace["auxiliary"].shape == (2, 10)
    assert namespace["mine"](namespace["images"].to("meta")).shape == (2, 10)
