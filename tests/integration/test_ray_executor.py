"""Evaluations on a Ray cluster that runs on this machine."""

import json
import socket
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("ray", reason="needs Ray: pip install 'archrank[ray]'")

import ray

from archrank.errors import EvaluationError
from archrank.spaces import NASBench201
from archrank.strategies import RandomSearch
from archrank.study import RayCluster, search

SPACE = NASBench201()

EVALUATORS = """
import os, sys, time
from pathlib import Path

HERE = Path(__file__).parent


def evaluate(architecture):
    log = HERE / str(architecture.choices)
    with log.open("a") as file:
        file.write(f"{os.getpid()}\\n")
    match sum(architecture.choices) % 4:
        case 0:
            os.kill(os.getpid(), 9)
        case 1 if log.read_text().count("\\n") == 1:
            os.kill(os.getpid(), 9)
        case 2:
            time.sleep(600)
    return float(sum(architecture.choices))


def once(architecture):
    if not (HERE / "died").exists():
        (HERE / "died").touch()
        os.kill(os.getpid(), 9)
    return 1.0
"""

COMMAND = "from archrank.cli.main import main; main()"


@pytest.fixture
def evaluators(tmp_path, monkeypatch):
    (tmp_path / "evaluators_on_ray.py").write_text(EVALUATORS)
    monkeypatch.syspath_prepend(str(tmp_path))
    import evaluators_on_ray

    return evaluators_on_ray


@pytest.fixture(scope="module")
def cluster():
    """An existing cluster's address; the search joins it and leaves it running."""
    started = ray.init(
        address="local",
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="ERROR",
        object_store_memory=100 * 2**20,
    )
    yield started.address_info["gcs_address"]
    ray.shutdown()


def test_a_cluster_starts_by_itself_and_only_results_are_printed(evaluators, tmp_path):
    words = ["search", "analog-nasbench", "--strategy", "random", "--budget", "4", "--workers", "2", "--json"]
    words += ["--executor", "ray", "--cpus", "0.5", "--evaluator", "evaluators_on_ray.py:once"]
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *words], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    record = json.loads(done.stdout)
    assert [e["value"] for e in record["evaluations"]] == [1.0] * 4
    assert (tmp_path / "died").exists()
    assert "--executor ray --cpus 0.5 --evaluator evaluators_on_ray.py:once" in record["command"]


def test_the_command_joins_a_cluster_and_leaves_it_running(cluster, tmp_path):
    words = ["search", "analog-nasbench", "--strategy", "random", "--budget", "2", "--json"]
    words += ["--executor", "ray", "--address", cluster]
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *words], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert [e["state"] for e in json.loads(done.stdout)["evaluations"]] == ["measured"] * 2
    assert ray.is_initialized()


def test_what_dies_there_is_tried_again_and_what_takes_too_long_is_ended(cluster, evaluators, tmp_path):
    drawn = SPACE.sample(100, np.random.default_rng(0))
    kinds = [[a for a in drawn if sum(a.choices) % 4 == kind][:2] for kind in range(4)]
    result = search(
        SPACE,
        evaluators.evaluate,
        RandomSearch(SPACE, candidates=[a for kind in kinds for a in kind]),
        budget=8,
        workers=2,
        executor=RayCluster(cluster, cpus=0.5),
        timeout=10.0,
        retries=1,
    )
    assert len(result.evaluations) == 8
    for e in result.evaluations:
        begun = len((tmp_path / str(e.architecture.choices)).read_text().split())
        match sum(e.architecture.choices) % 4:
            case 0:
                assert e.error.startswith("its worker died 2 times while evaluating it, at last ")
                assert begun == 2
            case 2:
                assert (e.error, begun) == ("it took longer than 10 s", 1)
            case kind:
                assert (e.error, begun) == (None, 2 if kind == 1 else 1)
    assert ray.is_initialized()


@pytest.mark.parametrize(
    ("needs", "said"),
    [
        ({"gpus": 64}, "needs 64 GPUs, and no machine of the Ray cluster has more than"),
        ({"cpus": 3}, "needs 3 CPUs, and no machine of the Ray cluster has more than 2"),
        ({"memory": 10**6}, r"needs 1e\+06 GiB of memory"),
    ],
)
def test_what_no_machine_has_is_not_waited_for(cluster, needs, said):
    with pytest.raises(EvaluationError, match=said):
        search(SPACE, sum, RandomSearch(SPACE), budget=2, executor=RayCluster(cluster, **needs))


def test_a_cluster_that_does_not_answer_is_named(monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    for wrong, reason in ((address, "refused"), ("auto", "expected HOST:PORT")):
        with pytest.raises(EvaluationError, match=f"{wrong}.*{reason}.*ray start --head"):
            search(SPACE, sum, RandomSearch(SPACE), budget=2, executor=RayCluster(wrong))


def test_without_ray_its_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(EvaluationError, match=r"pip install 'archrank\[ray\]'"):
        search(SPACE, sum, RandomSearch(SPACE), budget=2, executor=RayCluster())
