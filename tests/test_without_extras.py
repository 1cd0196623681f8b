"""What the plain installation promises: without PyTorch and pyarrow, all that has no networks works."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

BLOCKED = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "triton", "pyarrow"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocked())
"""

OF_TORCH = (
    "archrank.encoders.",
    "archrank.experiments.neural_fits",
    "archrank.images",
    "archrank.modules",
    "archrank.networks",
    "archrank.predictors.building",
    "archrank.predictors.neural",
    "archrank.predictors.scorer",
    "archrank.proxies.",
    "archrank.ranking.comparator",
    "archrank.ranking.losses",
    "archrank.testing.encoders",
    "archrank.testing.losses",
    "archrank.training",
)
"""Modules that are about networks."""

PLAIN = ("archrank.encoders.batch", "archrank.encoders.named", "archrank.proxies.named")
"""Modules among them that everybody else needs too."""

CELL = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|none~1|nor_conv_3x3~2|"


@pytest.fixture
def without_extras(tmp_path):
    """Runs Python, or the command line, in processes in which PyTorch and pyarrow cannot be found."""
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    (blocked / "sitecustomize.py").write_text(BLOCKED)
    path = os.pathsep.join([str(blocked), *filter(None, [os.environ.get("PYTHONPATH")])])

    def run(*words, code=None):
        what = ["-c", code] if code else ["-m", "archrank.cli.main", *map(str, words)]
        return subprocess.run(
            [sys.executable, *what],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path},
        )

    return run


def done(ran):
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def every_module():
    source = Path(importlib.util.find_spec("archrank").origin).parent
    for file in sorted(source.rglob("*.py")):
        yield ".".join(("archrank", *file.relative_to(source).with_suffix("").parts)).removesuffix(
            ".__init__"
        )


def test_every_other_module_can_be_imported(without_extras):
    names = [name for name in every_module() if not name.startswith(OF_TORCH) or name in PLAIN]
    assert len(names) > 150
    code = f"import importlib\nfor name in {names}: importlib.import_module(name)"
    done(without_extras(code=f"{code}\nimport sys; assert not {{'torch', 'pyarrow'}} & set(sys.modules)"))


def test_the_command_line_of_everybody(without_extras, tmp_path):
    done(without_extras("search", "analog-nasbench", "--budget", 14, "--out", "run"))
    assert (tmp_path / "run" / "report.html").exists()
    done(without_extras("draw", "nas-bench-201", CELL, "--out", "cell.svg"))
    assert (tmp_path / "cell.svg").exists()
    assert "live nor_conv_3x3" in done(without_extras("features", "nas-bench-201"))
    assert "nas-bench-201" in done(without_extras("spaces"))


MEASURE = """
import numpy as np
from archrank.benchmarks import load_benchmark
table = load_benchmark("analog-nasbench")
drawn = dict.fromkeys(table.space.sample(12, np.random.default_rng(0)))
with open("measured.csv", "w") as file:
    print("architecture,accuracy", file=file)
    for a in drawn:
        print(f'"{table.space.format(a)}",{table.value(a)}', file=file)
"""


def test_rank_takes_less_effort_and_says_so(without_extras):
    done(without_extras(code=MEASURE))
    rank = ("rank", "nas-bench-201", "--train", "measured.csv")
    fast = without_extras(*rank, "--effort", "fast")
    assert "GaussianProcess" in done(fast)
    assert "warning" not in fast.stderr
    usual = without_extras(*rank)
    assert done(usual) == fast.stdout
    assert "the effort is 'fast'" in usual.stderr
    assert "pip install 'archrank[neural]'" in usual.stderr


@pytest.mark.parametrize(
    ("words", "needed"),
    [
        (("rank", "nas-bench-201", "--train", "measured.csv", "--effort", "balanced"), "neural"),
        (("rank", "nas-bench-201", "--train", "measured.csv", "--encoder", "gcn"), "neural"),
        (("search", "analog-nasbench", "--encoder", "gates", "--out", "run"), "neural"),
        (("search", "enas", "--evaluator", "train", "--data", "digits", "--out", "run"), "training"),
        (("train", "nas-bench-201", CELL, "--data", "digits", "--out", "trained"), "training"),
        (("evaluate", "trained"), "training"),
        (("draw", "timm:resnet50"), "neural"),
        (("rank", "nas-bench-201", "--train", "measured.parquet", "--effort", "fast"), "parquet"),
        (("rank", "nas-bench-201", "--train", "absent.csv", "--out", "ranked.parquet"), "parquet"),
        (("import", "nasbench101", "measured.csv"), "parquet"),
        (("rank", "nas-bench-201", "--zero-cost"), "training"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else value,
)
def test_what_needs_networks_names_the_extra(words, needed, without_extras, tmp_path):
    done(without_extras(code=MEASURE))
    (tmp_path / "measured.parquet").write_bytes(b"")
    ran = without_extras(*words)
    assert ran.returncode == 2
    (line,) = ran.stderr.strip().splitlines()
    assert line.startswith("error: ")
    assert line.endswith(f"pip install 'archrank[{needed}]'")
    assert not (tmp_path / "run").exists()


def test_a_comparison_keeps_its_results_as_lines(without_extras, tmp_path):
    compare = ("compare", "strategies", "analog-nasbench", "--strategies", "guided,evolution", "--budget", 12)
    done(without_extras(*compare, "--seeds", 1, "--workers", 1, "--out", "compared"))
    results = tmp_path / "compared" / "results.jsonl"
    before = results.read_text().splitlines()
    assert len(before) == 2
    done(without_extras(*compare, "--seeds", 2, "--workers", 2, "--out", "compared"))
    after = results.read_text().splitlines()
    assert len(after) == 4
    assert set(before) <= set(after)
    done(without_extras("compare", "report", "compared"))


IN_PYTHON = """
import warnings
import numpy as np
import pytest
from archrank.errors import MissingExtra
from archrank.predictors import GaussianProcess, auto, default_effort, load_predictor
from archrank.spaces import NASBench201

space = NASBench201()
known = list(dict.fromkeys(space.sample(20, np.random.default_rng(0))))
assert default_effort()[0] == "fast"
with pytest.warns(UserWarning, match="the effort is 'fast'"):
    predictor = auto(space)
assert len(predictor.predictors) == 2
predictor.fit(known, [sum(a.choices) for a in known]).predict(known)
for effort in ("balanced", "best"):
    with pytest.raises(MissingExtra, match=r"archrank\\[neural\\]"):
        auto(space, effort)
with pytest.raises(MissingExtra, match=r"archrank\\[neural\\]"):
    from archrank.encoders import GATES
with pytest.raises(MissingExtra, match=r"archrank\\[neural\\]"):
    from archrank.predictors import NeuralPredictor
with pytest.raises(MissingExtra, match=r"archrank\\[training\\]"):
    import archrank.training
with pytest.raises(MissingExtra, match=r"the predictor in saved.*NeuralPredictor', needs torch.*archrank\\[neural\\]"):
    load_predictor("saved", space)
"""


def test_python_names_the_extra_too(without_extras, tmp_path):
    import numpy as np

    from archrank.predictors import Ensemble, GaussianProcess, NeuralPredictor
    from archrank.spaces import NASBench201

    space = NASBench201()
    known = list(dict.fromkeys(space.sample(20, np.random.default_rng(0))))
    members = (GaussianProcess(space), NeuralPredictor(space, epochs=1, hidden=(4,)))
    Ensemble(space, members).fit(known, [sum(a.choices) for a in known]).save(tmp_path / "saved")
    done(without_extras(code=IN_PYTHON))
