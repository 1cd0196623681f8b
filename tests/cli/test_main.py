"""What the whole command line has in common: its version, its help and its ways in."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

import archrank as ar
from archrank.cli.main import VERBS, app
from archrank.errors import UnknownName, closest

COMPLETED = ("iteseer", "omputers", "ora", "s")


@pytest.fixture
def run(monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    return lambda *words: CliRunner().invoke(app, list(words))


def test_the_version(run):
    assert run("--version").stdout == f"archrank {ar.__version__}\n"


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_shows_an_example_of_itself(run, verb):
    text = run(*(["compare", "losses"] if verb == "compare" else [verb]), "--help").stdout
    assert f"Example: archrank {verb} " in text


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("archrank sta", ["status"]),
        ("archrank search nas-bench-201-cifar10", ["nas-bench-201-cifar10", "nas-bench-201-cifar100"]),
        ("archrank search dar", ["darts"]),
        ("archrank draw nats", ["nats-bench-size"]),
        ("archrank compare strategies nas-bench-graph-c", [f"nas-bench-graph-c{end}" for end in COMPLETED]),
        ("archrank search --strateg", ["--strategy"]),
    ],
)
def test_a_shell_completes_verbs_options_and_names(typed, completed):
    asked = {
        "_ARCHRANK_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split()) - 1)
    }  # fmt: skip
    done = CliRunner().invoke(app, [], env=asked, prog_name="archrank")
    assert done.stdout.split() == completed


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


def _interrupt(*arguments, **named):
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("words", "at", "stands"),
    [
        (("rank", "nas-bench-201", "--train", "t.csv"), "archrank.verbs.rank.rank", "no ranking was written"),
        (
            ("rank", "nas-bench-201", "--zero-cost", "--out", "r.csv"),
            "archrank.verbs.zero_cost.rank_zero_cost",
            "the scores so far are kept in r.zero-cost.jsonl",
        ),
        (("import", "nasbench101", "f"), "archrank.benchmarks.import_table", "no table was imported"),
        (
            ("search", "nas-bench-201"),
            "archrank.cli.names.target",
            "nothing finished is lost: start the same",
        ),
        (
            ("train", "enas", "x", "--out", "f", "--data", "digits"),
            "archrank.cli.names.space",
            "the state after the last epoch is kept",
        ),
        (("compare", "report", "folder"), "archrank.experiments.load_comparison", "nothing finished is lost"),
        (("draw", "nas-bench-201", "x"), "archrank.cli.names.space", "start the same command again"),
    ],
    ids=lambda value: " ".join(value[:3]) if isinstance(value, tuple) else None,
)
def test_an_interrupt_anywhere_says_what_stands(monkeypatch, run, words, at, stands):
    monkeypatch.setattr(at, _interrupt)
    done = run(*words)
    assert done.exit_code == 130
    assert f"interrupted; {stands}" in done.stderr.replace("\n", " ").replace("  ", " ")
    assert "Traceback" not in done.output


def test_an_interrupt_while_modules_are_imported_is_no_traceback():
    code = """
import sys
class Interrupts:
    def find_spec(self, name, path=None, target=None):
        if name == "archrank.cli.console":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupts())
from archrank.__main__ import run
run()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert done.stderr == "interrupted before anything began; start the same command again\n"
