"""The README's examples work as printed."""

import re
from pathlib import Path

import pytest

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_the_two_commands_come_first():
    assert README.splitlines()[1].startswith("make search")
    assert README.splitlines()[2].startswith("make test")


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_the_python_examples_run_one_after_the_other(capsys):
    namespace = {"__name__": "readme"}
    for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL):
        exec(compile(block, "README.md", "exec"), namespace)  # noqa: S102 - the page is ours
    best = namespace["study"].best_trial
    assert namespace["space"].suggest(best).space == "chain"
    assert len(namespace["result"].evaluations) == 20
    assert "layer 0" in capsys.readouterr().out


def test_every_link_to_a_file_of_ours_leads_somewhere():
    root = Path(__file__).parents[1]
    pages = [*root.glob("*.md"), *root.glob("docs/**/*.md"), *root.glob("benchmarks/*.md")]
    for page in pages:
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            if "://" not in link:
                assert (page.parent / link).exists(), f"{page.name} links to {link}, which is not there"
