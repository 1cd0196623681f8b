import os
import shutil

import numpy as np
import pytest

from archrank import benchmarks
from archrank.benchmarks import LABELS, OFFICIAL, import_table, lies_at
from archrank.errors import FileError, TableError, UnknownName
from archrank.spaces import NASBench101
from official_files import cells, nats_folder, records, tfrecord

TRAININGS = {"90": (90, [(d, 777) for d in ("cifar10-valid", "cifar10")])}
RAW = [name for name, official in OFFICIAL.items() if official.raw]


@pytest.fixture
def some_cells(tmp_path):
    path = tmp_path / "nasbench_only108.tfrecord"
    path.write_bytes(tfrecord(records(cells(NASBench101(vertices=4), 10))))
    return path


@pytest.mark.parametrize("name", OFFICIAL)
def test_what_is_not_there_says_what_to_get_and_what_to_run(name, data_folder):
    assert lies_at(name) is None
    with pytest.raises(TableError, match=rf"not available yet: get .*, then run archrank import {name} "):
        benchmarks.load_benchmark(name)


def test_an_imported_table_is_loaded_by_its_name(data_folder, some_cells):
    written = import_table("nasbench101", some_cells, partial=True)
    assert written == lies_at("nasbench101") == data_folder / "tables" / "nasbench101.parquet"
    table = benchmarks.load_benchmark("nasbench101")
    assert (table.name, len(table), table.complete) == ("nasbench101", 10, False)


@pytest.mark.parametrize("label", LABELS)
def test_a_label_decides_what_search_goes_by(data_folder, some_cells, label):
    import_table("nasbench101", some_cells, partial=True, label=label)
    assert benchmarks.load_benchmark("nasbench101").metric().seeds == (
        "mean of runs 0, 1, 2" if label == "mean" else f"run {label}"
    )


def test_a_later_import_replaces_the_table(data_folder, some_cells, tmp_path):
    import_table("nasbench101", some_cells, partial=True)
    some_cells.write_bytes(tfrecord(records(cells(NASBench101(vertices=4), 5))))
    import_table("nasbench101", some_cells, partial=True)
    assert len(benchmarks.load_benchmark("nasbench101")) == 5
    assert [p.name for p in (data_folder / "tables").iterdir()] == ["nasbench101.parquet"]


def test_a_failed_import_leaves_the_table_of_before(data_folder, some_cells):
    import_table("nasbench101", some_cells, partial=True)
    some_cells.write_bytes(some_cells.read_bytes()[:-5])
    with pytest.raises(TableError, match="cut short"):
        import_table("nasbench101", some_cells, partial=True)
    assert len(benchmarks.load_benchmark("nasbench101")) == 10
    assert [p.name for p in (data_folder / "tables").iterdir()] == ["nasbench101.parquet"]


def test_a_nats_folder_is_imported(data_folder, tmp_path):
    folder = nats_folder(tmp_path / "NATS-sss", ["8:8:8:8:8", "8:8:8:8:16"], TRAININGS)
    import_table("natsbench-sss", folder)
    table = benchmarks.load_benchmark("natsbench-sss")
    assert table.test_metrics["cifar10_valid_accuracy_90"] == "cifar10_test_accuracy_90"
    with pytest.raises(TableError, match="no run 0: it holds no separate runs"):
        import_table("natsbench-sss", folder, label="0")


@pytest.mark.parametrize("name", RAW)
def test_small_files_in_the_data_folder_need_no_import(name, shared, data_folder):
    raw = OFFICIAL[name].raw
    target = data_folder / raw
    target.parent.mkdir(parents=True)
    shutil.copyfile(shared(raw), target)
    assert lies_at(name) == target
    direct = benchmarks.load_benchmark(name)
    # What is imported from it is the same, and comes first from then on.
    assert import_table(name, target) == lies_at(name)
    imported = benchmarks.load_benchmark(name)
    assert np.array_equal(imported.rows, direct.rows)
    assert imported.metrics == direct.metrics
    assert imported.test_metrics == direct.test_metrics
    for metric in direct.metrics:
        assert np.array_equal(imported.column(metric.name), direct.column(metric.name), equal_nan=True)


def test_names_and_files_that_are_not_there(data_folder, tmp_path):
    with pytest.raises(UnknownName, match="did you mean 'nasbench101'"):
        import_table("nas-bench-101", tmp_path)
    with pytest.raises(TableError, match="no such file or folder"):
        import_table("nasbench101", tmp_path / "absent.tfrecord")


def test_a_place_that_cannot_be_written_is_told_before_reading(monkeypatch, tmp_path, some_cells):
    (tmp_path / "file").touch()
    monkeypatch.setenv("ARCHRANK_DATA", str(tmp_path / "file"))
    some_cells.write_bytes(b"not read")
    with pytest.raises(FileError, match=r"cannot write .*set ARCHRANK_DATA"):
        import_table("nasbench101", some_cells)


def test_a_table_of_ones_own_is_sent_where_it_is_read(tmp_path, data_folder):
    (tmp_path / "mine.csv").write_text("architecture,accuracy\n")
    with pytest.raises(TableError, match="needs no import: give it to archrank rank SPACE --train"):
        import_table("nasbench201", tmp_path / "mine.csv")
    os.mkfifo(tmp_path / "pipe.tfrecord")
    with pytest.raises(TableError, match="it is no file or folder"):
        import_table("nasbench101", tmp_path / "pipe.tfrecord")
