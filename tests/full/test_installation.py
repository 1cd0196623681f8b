"""The wheel in fresh environments: with nothing but what it requires, with its extras, under other interpreters."""

import json
import tarfile
import zipfile

import pytest
from environments import Environment, checked, interpreters

pytestmark = [pytest.mark.full, pytest.mark.timeout(3600)]

MOST = 600e6
"""Bytes that the plain installation may have."""

PYTHONS = interpreters()
CELL = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|none~1|nor_conv_3x3~2|"

IN_PYTHON = """
import sys
import archrank as ar

table = ar.load_benchmark("nas-bench-201-cifar10")
result = ar.search(table, budget=14)
assert len(result.evaluations) == 14
assert "torch" not in sys.modules
print(result.best_value)
"""


def search(environment, folder):
    """A small search at the command line, with its report."""
    environment.archrank("search", "nas-bench-201-cifar10", "--budget", 14, "--out", "run", folder=folder)
    record = json.loads((folder / "run" / "result.json").read_text(encoding="utf-8"))
    assert len(record["evaluations"]) == 14
    assert (folder / "run" / "report.html").exists()


@pytest.fixture(scope="module", params=["3.11", "3.12", "3.13"])
def plain(request, built, tmp_path_factory):
    """The wheel and what it requires, under an interpreter."""
    if request.param not in PYTHONS:
        pytest.skip(f"needs python{request.param}")
    environment = Environment.made(PYTHONS[request.param], tmp_path_factory.mktemp("plain") / "venv")
    environment.install(built[0])
    return environment


def test_the_plain_installation_is_small_and_has_no_torch(plain):
    assert plain.size < MOST
    assert not [name for name in plain.distributions if name.startswith(("torch", "triton", "nvidia"))]


def test_the_plain_installation_searches(plain, tmp_path):
    search(plain, tmp_path)
    assert float(plain.run("-c", IN_PYTHON, folder=tmp_path).stdout) > 85


def test_the_plain_installation_names_the_extra_that_is_missing(plain, tmp_path):
    words = ["search", "nas-bench-201-cifar10", "--encoder", "gates", "--out", "run"]
    said = plain.refused(*words, folder=tmp_path)
    assert said.endswith("pip install 'archrank[neural]'\n")
    assert said.count("\n") == 1, said


COMMANDS = f"""
set -e
{{bin}}/archrank draw nas-bench-201 '{CELL}' --out cell.svg
{{bin}}/archrank features nas-bench-201
{{bin}}/archrank spaces
{{bin}}/archrank benchmarks
{{bin}}/archrank search darts --evaluator mine.py:value --strategy evolution --budget 12 --out mine
{{bin}}/archrank rank nas-bench-201 --train measured.csv --effort fast
{{bin}}/archrank compare strategies nas-bench-201-cifar10 --strategies evolution --budget 12 --seeds 2 --out two
"""

FILES = """
import numpy as np
import archrank as ar

table = ar.load_benchmark("nas-bench-201-cifar10")
with open("measured.csv", "w") as file:
    print("architecture,accuracy", file=file)
    for a in dict.fromkeys(table.space.sample(12, np.random.default_rng(0))):
        print(f'"{table.space.format(a)}",{table.value(a)}', file=file)
with open("mine.py", "w") as file:
    print("def value(architecture): return float(sum(architecture.choices))", file=file)
"""


def test_the_plain_installation_does_all_that_needs_no_network(plain, tmp_path):
    plain.run("-c", FILES, folder=tmp_path)
    checked("bash", "-c", COMMANDS.format(bin=plain.folder / "bin"), folder=tmp_path)
    assert (tmp_path / "cell.svg").exists()
    assert (tmp_path / "mine" / "report.html").exists()
    assert (tmp_path / "two" / "report.html").exists()


@pytest.fixture(scope="module")
def training(built, tmp_path_factory):
    """The wheel with everything that training needs."""
    environment = Environment.made(PYTHONS["3.11"], tmp_path_factory.mktemp("training") / "venv")
    environment.install(f"archrank[training] @ {built[0].as_uri()}")
    return environment


def test_with_torch_networks_rank(training, tmp_path):
    search(training, tmp_path)
    words = ["--budget", 14, "--encoder", "gates", "--out", "gates"]
    training.archrank("search", "nas-bench-201-cifar10", *words, folder=tmp_path)
    assert (tmp_path / "gates" / "result.json").exists()


def test_with_training_networks_are_trained(training, tmp_path):
    words = ["--evaluator", "train", "--data", "digits", "--recipe", "digits", "--budget", 2, "--out", "run"]
    training.archrank("search", "enas", "--strategy", "random", *words, folder=tmp_path)
    record = json.loads((tmp_path / "run" / "result.json").read_text(encoding="utf-8"))
    assert [e["state"] for e in record["evaluations"]] == ["measured"] * 2


def test_the_wheel_holds_the_package_and_the_source_distribution_no_results(built):
    wheel, source = built
    inside = zipfile.ZipFile(wheel).namelist()
    assert "archrank/__init__.py" in inside
    assert "archrank/py.typed" in inside
    assert {name.split("/")[0].split("-")[0] for name in inside} == {"archrank"}
    with tarfile.open(source) as archive:
        names = [name.split("/", 1)[1] for name in archive.getnames()]
    assert "docs/concepts.md" in names
    assert "tests/conftest.py" in names
    assert not [name for name in names if name.startswith("docs/results")]
