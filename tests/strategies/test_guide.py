import re
from pathlib import Path

GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "add-a-strategy.md"


def test_the_guides_example_passes_the_suite_and_searches():
    scope = {"__name__": "guide"}
    for block in re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL):
        exec(compile(block, str(GUIDE), "exec"), scope)  # noqa: S102
    # Greedy walks from the first draw to the best cell in at most a few neighborhoods.
    assert len(scope["result"].evaluations) == 30
    assert scope["result"].best.value > scope["result"].evaluations[0].value
