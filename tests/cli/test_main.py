"""What the whole command line has in common: its version, its help and its ways in."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

import archrank as ar
from archrank.cli.main import app
from archrank.errors import UnknownName, closest


@pytest.fixture
def run(monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    return lambda *words: CliRunner().invoke(app, list(words))


def test_the_version(run):
    assert run("--version").stdout == f"archrank {ar.__version__}\n"


def test_the_package_is_a_program():
    done = subprocess.run(
        [sys.executable, "-m", "archrank", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"archrank {ar.__version__}\n"


@pytest.mark.parametrize(
    ("words", "groups"),
    [
        (
            ("search",),
            (
                "Earlier results and restrictions",
                "Predictor",
                "Guided search",
                "Objectives",
                "Evaluations",
                "Training",
                "Your table",
            ),
        ),
        (("rank",), ("Predictor", "Your table")),
        (("train",), ("Training",)),
        (("compare", "encoders"), ("Training and test sets", "Your table")),
        (("compare", "predictors"), ("Training and test sets", "Your table")),
        (("compare", "strategies"), ("Your table",)),
    ],
    ids=" ".join,
)
def test_long_helps_have_groups_with_an_example_each(run, words, groups):
    text = run(*words, "--help").stdout
    assert f"Example: archrank {' '.join(words)}" in text
    for group in groups:
        assert f"─ {group}, such as --" in text
    assert "--out" in text
    assert " -o " in text


def test_spaces_are_listed_in_a_line_each_and_shown_by_name(run):
    lines = run("spaces").stdout.splitlines()
    assert sum("darts" in line for line in lines) == 1
    assert next(line for line in lines if line.startswith("nas-bench-201 ")).split()[1] == "15,625"
    shown = run("spaces", "nas-bench-201").stdout
    assert "none | skip_connect" in " ".join(shown.split())
    assert "darts" not in shown


def test_a_space_of_unknown_size_is_shown(run, tmp_path):
    (tmp_path / "model.py").write_text(
        "from torch import nn\n\n\ndef net(choose):\n    return nn.Linear(4, choose('width', [8, 16]))\n\n\n"
        "example = (1, 4)\n",
        encoding="utf-8",
    )
    pytest.importorskip("torch")
    shown = run("spaces", f"{tmp_path / 'model.py'}:net").stdout
    assert "net · number of architectures unknown" in shown
    assert '{"width": ' in shown


def test_an_unknown_name_where_there_is_none_says_so():
    assert str(UnknownName("space of my.py", "Net", [])) == "unknown space of my.py 'Net'; there is none"


@pytest.mark.parametrize("text", ["DARTS", "Darts", "dart"])
def test_suggestions_ignore_case(run, text):
    assert closest(text, ["enas", "darts"]) == "darts"
    result = run("spaces", text)
    assert isinstance(result.exception, ar.ArchrankError)
    assert "did you mean 'darts'?" in str(result.exception)
