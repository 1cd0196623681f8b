"""The examples with other libraries: what needs none of them runs, and what is missing is named."""

import importlib.util
import runpy
import subprocess
import sys
from pathlib import Path

import optuna
import pytest
import yaml

EXAMPLES = Path(__file__).parents[2] / "examples"
INTEGRATIONS = EXAMPLES / "integrations"


def test_a_callback_sees_every_trial(capsys):
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = runpy.run_path(str(INTEGRATIONS / "tracking.py"))["main"](budget=3)
    assert len(study.trials) == 3
    assert len(capsys.readouterr().out.splitlines()) == 3


@pytest.mark.parametrize("tracker", ["mlflow", "wandb"])
def test_a_tracker_that_is_missing_is_named(tracker, monkeypatch, capsys):
    if importlib.util.find_spec(tracker) is not None:
        pytest.skip(f"{tracker} is installed")
    monkeypatch.setattr(sys, "argv", ["tracking.py", "--to", tracker, "--budget", "1"])
    with pytest.raises(SystemExit, match=f"pip install {tracker}"):
        runpy.run_path(str(INTEGRATIONS / "tracking.py"), run_name="__main__")


def test_a_search_is_configured_by_a_file_and_changes(capsys):
    example = runpy.run_path(str(INTEGRATIONS / "configured.py"))
    config = yaml.safe_load((INTEGRATIONS / "search.yaml").read_text(encoding="utf-8"))
    changed = example["overridden"](config, ["search.strategy=random", "search.budget=5", "options={}"])
    assert len(example["search"](changed).evaluations) == 5
    with pytest.raises(SystemExit, match=r"search\.bugdet is no setting"):
        example["overridden"](config, ["search.bugdet=5"])


def test_lightning_trains_the_networks_of_a_space(monkeypatch, tmp_path):
    pytest.importorskip("lightning")
    monkeypatch.chdir(tmp_path)
    result = runpy.run_path(str(INTEGRATIONS / "lightning_training.py"))["main"](budget=2)
    assert result.best_value > 0.4


@pytest.mark.parametrize("script", sorted((EXAMPLES / "slurm").glob("*.sh")), ids=lambda path: path.stem)
def test_the_commands_of_slurm_scripts_are_ours(script):
    subprocess.run(["bash", "-n", script], check=True)
    code = script.read_text(encoding="utf-8").replace("\\\n", " ")
    (command,) = [
        line for line in code.splitlines() if "archrank " in line and not line.startswith(("#", ":"))
    ]
    words = command.removeprefix("exec ").split()
    shown = subprocess.run(
        [sys.executable, "-m", "archrank", words[1], "--help"], capture_output=True, text=True
    )
    assert {word for word in words if word.startswith("--")} - set(shown.stdout.split()) == set()
