"""The how-to pages' examples work as printed."""

import re
from pathlib import Path

PAGES = Path(__file__).parents[2] / "docs" / "how-to"


def run(page):
    """What the page's examples define, run one after the other."""
    namespace = {"__name__": "page"}
    for block in re.findall(r"```python\n(.*?)```", (PAGES / page).read_text(encoding="utf-8"), re.DOTALL):
        exec(compile(block, page, "exec"), namespace)  # noqa: S102 - the page is ours
    return namespace


def test_the_examples_of_networks_run():
    namespace = run("networks.md")
    assert namespace["logits"].shape == namespace["auxiliary"].shape == (2, 10)
    assert namespace["mine"](namespace["images"].to("meta")).shape == (2, 10)


def test_the_examples_of_training_run():
    assert len(run("train-networks.md")["trained"].curve) == 2


def test_the_examples_of_images_run():
    assert len(run("images.md")["noise"]()) == 200
