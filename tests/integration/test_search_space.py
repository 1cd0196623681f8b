"""A search of a space where nothing was measured, by an evaluator, through the real command line."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from archrank.spaces import Enas

EXAMPLES = Path(__file__).parents[2] / "examples"

EVALUATORS = """
import json
from pathlib import Path


def value(architecture):
    return -float(sum(architecture.choices))


class Trains:
    metric = "accuracy"
    directions = {"latency": "minimize"}

    def __call__(self, architecture):
        row = architecture.choices
        if row[1] == 2:
            raise MemoryError("no room for it")
        accuracy = 0.5 + sum(row[::2]) / 100
        folder = Path("run/trainings") / "-".join(map(str, row))
        folder.mkdir(parents=True, exist_ok=True)
        lines = [json.dumps({"epoch": e, "valid_accuracy": accuracy * e / 4}) for e in range(1, 5)]
        (folder / "curve.jsonl").write_text("\\n".join([*lines, '{"epoch": 5, "valid_ac']))
        return {"accuracy": accuracy, "latency": float(row[0]), "parameters": 1000 + 10 * sum(row)}


trains = Trains()


def never(architecture):
    raise MemoryError("no room for anything")
"""


@pytest.fixture
def search(run_search, tmp_path, monkeypatch):
    """As ``run_search``, with a file of evaluators beside."""
    (tmp_path / "gives.py").write_text(EVALUATORS)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "gives", raising=False)
    return run_search


PLAIN = ("--strategy", "random", "--budget", 12)


def test_a_run_without_a_table(search, tmp_path):
    words = (
        "--evaluator",
        "gives.py:trains",
        "--predictor",
        "gaussian-process",
        "--budget",
        20,
        "--round",
        3,
    )
    code, out, _ = search("enas", *words, "--out", "run")
    assert code == 0
    assert "true rank" not in out
    assert "MemoryError: no room for it" in " ".join(out.split())
    record = json.loads((tmp_path / "run" / "result.json").read_text(encoding="utf-8"))
    assert [record[key] for key in ("benchmark", "space", "metric", "maximize")] == [
        None,
        "enas",
        "accuracy",
        True,
    ]
    assert [record["optimum"], record["regret"], record["best"]["true_rank"]] == [None, None, None]
    evaluations = record["evaluations"]
    rows = [Enas().parse(e["architecture"]).choices for e in evaluations]
    assert [e["state"] == "failed" for e in evaluations] == [row[1] == 2 for row in rows]
    assert record["best"]["value"] == max(0.5 + sum(row[::2]) / 100 for row in rows if row[1] != 2)
    assert {e["reason"] for e in evaluations} == {"random", "predicted"}
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "MemoryError: no room for it" in page
    for heading in (
        "Predicted against measured",
        "Learning curves",
        "Measured against parameters",
    ):
        assert heading in page
    assert "Reduction cell" in (tmp_path / "run" / "plots" / "best-1.svg").read_text(encoding="utf-8")
    plots = {path.stem for path in (tmp_path / "run" / "plots").iterdir()}
    assert plots >= {"search", "predicted", "curves", "parameters", "best-1"}
    assert not plots & {"distribution", "multiply_adds"}


@pytest.mark.filterwarnings("default:all 12 evaluations failed")
def test_a_search_in_which_nothing_could_be_measured_is_no_success(search, tmp_path):
    code, out, err = search("enas", *PLAIN, "--evaluator", "gives.py:never", "--out", "run")
    assert (code, err.count("all 12 evaluations failed")) == (1, 1)
    assert "MemoryError: no room for anything (12×)" in " ".join(out.split())
    assert (tmp_path / "run" / "report.html").exists()


@pytest.mark.parametrize(
    ("words", "objectives"),
    [
        (("--evaluator", "gives.py:value"), {"value": "maximize"}),
        (("--evaluator", "gives.py:value", "--minimize"), {"value": "minimize"}),
        (("--evaluator", "gives.py:trains", "--metric", "latency"), {"latency": "minimize"}),
        (("--evaluator", "gives.py:trains", "--metric", "latency", "--maximize"), {"latency": "maximize"}),
        (
            (
                "--evaluator",
                "gives.py:trains",
                "--objectives",
                "accuracy:min,latency",
                "--where",
                "parameters<1700",
            ),
            {"accuracy": "minimize", "latency": "minimize"},
        ),
    ],
)
def test_directions_and_the_command_that_repeats_it(search, words, objectives):
    code, out, _ = search("nas-bench-201", *PLAIN, *words, "--json")
    assert code == 0
    record = json.loads(out)
    assert record["objectives"] == objectives
    name, direction = next(iter(objectives.items()))
    counted = [e["values"][name] for e in record["evaluations"] if e["state"] == "measured"]
    assert record["best"]["value"] == (max(counted) if direction == "maximize" else min(counted))
    again = shlex.split(record["command"])[2:]
    again[again.index("--out") + 1] = "again"
    repeated = json.loads(search(*again, "--json")[1])
    assert [repeated[key] for key in ("objectives", "best", "front")] == [
        record[key] for key in ("objectives", "best", "front")
    ]


def test_a_benchmark_as_the_evaluator_of_its_space_knows_its_metric(search):
    code, out, _ = search("nas-bench-201", *PLAIN, "--evaluator", "analog-nasbench", "--json")
    assert code == 0
    assert json.loads(out)["metric"] == json.loads(search("analog-nasbench", *PLAIN, "--json")[1])["metric"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("enas", *PLAIN),
            "enas is a space without measured architectures: name a function that evaluates one",
        ),
        (("nas-bench-201", *PLAIN), "or search one of its benchmarks: analog-nasbench"),
        (("enass", *PLAIN, "--evaluator", "gives.py:value"), "did you mean 'enas'?"),
        (("enas", *PLAIN, "--evaluator", "gives.py:vale"), "did you mean 'value'?"),
        (("enas", *PLAIN, "--evaluator", "analog-nasbench"), "is about the space nas-bench-201, not enas"),
        (("analog-nasbench", *PLAIN, "--minimize"), "leave minimize out"),
        (
            (
                "enas",
                *PLAIN,
                "--evaluator",
                "gives.py:trains",
                "--objectives",
                "accuracy,latency",
                "--minimize",
            ),
            "give each its direction, such as 'accuracy' and 'latency:min'",
        ),
        (
            ("enas", *PLAIN, "--evaluator", "gives.py:trains", "--objectives", "latency:max,latency:min"),
            "names 1 different metrics in 2",
        ),
        (
            ("nas-bench-201", "--budget", 15626, "--evaluator", "gives.py:value"),
            "budget is 15626, and there are 15,625 architectures",
        ),
    ],
)
def test_mistakes_leave_no_folder_and_one_line(search, tmp_path, words, said):
    code, out, err = search(*words)
    assert (code, out) == (2, "")
    assert said in err
    assert not (tmp_path / "runs").exists()


def test_the_examples_train_and_go_on(tmp_path):
    pytest.importorskip("sklearn", reason="needs scikit-learn for its images of digits")

    def run(budget, *more):
        words = [
            "search",
            EXAMPLES / "own_space.py:Stack",
            "--evaluator",
            EXAMPLES / "own_evaluator.py:train",
        ]
        words += ["--strategy", "evolution", "--budget", budget, "--out", tmp_path / "run", *more]
        code = "from archrank.cli.main import main; main()"
        done = subprocess.run(
            [sys.executable, "-c", code, *map(str, words)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads((tmp_path / "run" / "result.json").read_text(encoding="utf-8"))

    first = run(2)
    record = run(4, "--resume")
    assert record["space"] == "stack"
    assert record["evaluations"][:2] == first["evaluations"]
    assert all(e["state"] == "measured" for e in record["evaluations"])
    assert record["best"]["value"] > 0.5  # far above the tenth that guessing gives
    assert "Measured against parameters" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")


HOSTILE_METRIC = """
def evaluate(architecture):
    if architecture.choices[0] == 1:
        raise ValueError("[bold] \\\\[red] \\x1b[31m </script><img src=x> $x^{")
    return {"$x^$<b>": float(sum(architecture.choices))}
"""


def test_a_metric_that_is_markup_somewhere_has_its_report(run_search, tmp_path):
    (tmp_path / "[bold].py").write_text(HOSTILE_METRIC)
    words = ("--evaluator", "[bold].py:evaluate", "--metric", "$x^$<b>:max", "--out", "[/red] $x^{")
    code, out, err = run_search("nas-bench-201", *words, *PLAIN)
    assert code == 0, err
    assert "[/red] $x^{/report.html" in "".join(out.split("│")).replace("\n", "")
    assert "$x^$<b>" in out
    assert "\x1b[31m" not in out
    page = (tmp_path / "[/red] $x^{" / "report.html").read_text("utf-8")
    assert "$x^$&lt;b&gt;" in page
    assert "<img" not in page
    code, _, err = run_search("nas-bench-201", *words, *PLAIN)
    assert code == 2
    assert "[/red] $x^{ already holds a run" in err
