"""``archrank import`` through the real command line, and searches on what it wrote."""

import json
import os
import pickle
import re
import subprocess
import sys

import pytest

from archrank.spaces import NASBench101
from official_files import cells, nats_folder, packed, records, tfrecord
from waiting import PATIENCE

TRAININGS = {"90": (90, [(d, 777) for d in ("cifar10-valid", "cifar10", "cifar100", "ImageNet16-120")])}
SIZES = ["8:8:8:8:8", "64:8:16:24:32", "8:16:8:8:8"]


@pytest.fixture
def archrank(tmp_path, data_folder):
    def run(*words, before=""):
        program = (
            f"{before}\nimport sys; sys.argv[0] = 'archrank'\nfrom archrank.cli.main import main\nmain()"
        )
        return subprocess.run(
            [sys.executable, "-c", program, *map(str, words)],
            cwd=tmp_path,
            env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    return run


@pytest.fixture
def official(tmp_path):
    path = tmp_path / "nasbench_only108.tfrecord"
    path.write_bytes(tfrecord(records(cells(NASBench101(vertices=5), 200))))
    return path


def refused(result):
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert result.stderr.count("error:") == 1
    return " ".join(result.stderr.split())


def left(data_folder):
    return sorted(path.name for path in data_folder.rglob("*") if path.is_file())


def test_an_imported_part_is_searched_among_what_it_holds(archrank, official, data_folder, tmp_path):
    result = archrank("import", "nasbench101", official, "--partial", "--label", "1")
    assert result.returncode == 0, result.stderr
    assert "200 architectures" in result.stdout
    assert left(data_folder) == ["nasbench101.parquet"]
    for strategy in ("random", "evolution"):
        out = tmp_path / strategy
        result = archrank(
            "search", "nasbench101", "--strategy", strategy, "--budget", "20", "--out", out, "--json"
        )
        assert result.returncode == 0, result.stderr
        found = json.loads(result.stdout)
        assert found["metric"] == "validation_accuracy"
        assert found["test_metric"] == "test_accuracy"
        assert len(found["evaluations"]) == 20
        assert all(each["state"] != "failed" for each in found["evaluations"])
    listed = archrank("benchmarks", "nasbench101")
    assert "covers 200 of 423,624" in listed.stdout
    assert "run 1" in listed.stdout


def test_a_whole_part_of_nats_bench_folder(archrank, tmp_path, data_folder):
    folder = nats_folder(tmp_path / "NATS-sss-v1_0-50262-simple", SIZES, TRAININGS)
    result = archrank("import", "natsbench-sss", folder)
    assert result.returncode == 0, result.stderr
    result = archrank("search", "natsbench-sss", "--strategy", "random", "--budget", "3", "--json")
    assert result.returncode == 0, result.stderr
    assert {each["architecture"] for each in json.loads(result.stdout)["evaluations"]} == set(SIZES)


def test_a_file_cut_between_records_needs_leave(archrank, official, data_folder):
    message = refused(archrank("import", "nasbench101", official))
    assert "holds 200 of 423,624 cells" in message
    assert "--partial" in message
    assert left(data_folder) == []


@pytest.mark.parametrize("damage", ["cut", "flip"])
def test_a_damaged_file_says_which_record_and_leaves_nothing(archrank, official, data_folder, damage):
    content = bytearray(official.read_bytes())
    if damage == "cut":
        del content[-7:]
    else:
        content[len(content) // 2] ^= 4
    official.write_bytes(content)
    message = refused(archrank("import", "nasbench101", official, "--partial"))
    assert re.search(
        r"nasbench_only108\.tfrecord: record \d+, at byte [\d,]+, is (cut short|damaged)", message
    )
    assert re.search(r"the \d+ records before it are good", message)
    assert left(data_folder) == []


def test_missing_architectures_and_a_hostile_pickle(archrank, tmp_path, data_folder):
    folder = nats_folder(tmp_path / "NATS-sss-v1_0-50262-simple", SIZES, TRAININGS, there=[0, 1])
    assert "lacks 1 of its 3 architectures" in refused(archrank("import", "natsbench-sss", folder))

    class Hostile:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "touched"),)

    (folder / "000002.pickle.pbz2").write_bytes(packed({"90": Hostile()}))
    message = refused(archrank("import", "natsbench-sss", folder))
    assert "000002.pickle.pbz2 asks for" in message
    assert "nothing was run" in message
    assert not (tmp_path / "touched").exists()
    pickle.loads(pickle.dumps(Hostile()))  # the pickle is as hostile as it looks
    assert (tmp_path / "touched").exists()
    assert left(data_folder) == []


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit there")
def test_a_full_disk_leaves_no_half_file_and_the_table_of_before(archrank, official, data_folder):
    assert archrank("import", "nasbench101", official, "--partial").returncode == 0
    (table,) = data_folder.rglob("*.parquet")
    before = table.read_bytes()
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))"
    message = refused(archrank("import", "nasbench101", official, "--partial", before=limit))
    assert "cannot write" in message
    assert "File too large" in message
    assert left(data_folder) == ["nasbench101.parquet"]
    assert table.read_bytes() == before


def test_mistakes_are_told(archrank, official, data_folder, tmp_path):
    assert "did you mean 'nasbench101'" in refused(archrank("import", "nasbench1O1", official))
    assert "unknown label 'median'" in refused(
        archrank("import", "nasbench101", official, "--label", "median")
    )
    assert "no such file or folder" in refused(archrank("import", "nasbench101", tmp_path / "absent"))
    assert "no TFRecord file" in refused(archrank("import", "nasbench101", __file__))
    assert "is no folder" in refused(archrank("import", "natsbench-tss", official))
    message = refused(archrank("search", "nasbench101", "--budget", "5"))
    assert "not available yet: get nasbench_only108.tfrecord (499 MB" in message
    assert "archrank import nasbench101 nasbench_only108.tfrecord" in message
    assert left(data_folder) == []
