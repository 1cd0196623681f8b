"""The README's examples work as printed."""

import re
from pathlib import Path

import pytest

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_the_title_and_the_two_commands_come_first():
    lines = README.splitlines()
    assert lines[0] == "# archrank"
    assert lines[3].startswith("make search")
    assert lines[4].startswith("make test")


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_the_python_examples_run_one_after_the_other(capsys):
    namespace = {"__name__": "readme"}
    for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL):
        exec(compile(block, "README.md", "exec"), namespace)  # noqa: S102 - the page is ours
    best = namespace["study"].best_trial
    assert namespace["space"].suggest(best).space == "chain"
    assert len(namespace["result"].evaluations) == 20
    assert namespace["networks"].known_values(namespace["result"].best_architecture)["parameters"] < 8000
    assert "layer 0" in capsys.readouterr().out
