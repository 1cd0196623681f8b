import base64
import json

import numpy as np
import pytest

from archrank.benchmarks import nasbench101
from archrank.benchmarks.nasbench101 import read
from archrank.errors import TableError
from archrank.spaces import NASBench101
from archrank.testing import check_table
from official_files import cells, metrics, record, records, tfrecord

SMALL = NASBench101(vertices=4)
"""All 91 cells of up to four vertices: a space that a test can write a complete file of."""


@pytest.fixture
def official(shared):
    return json.loads(shared("nasbench101/official-records-52.json").read_text())


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(nasbench101, "NASBench101", lambda: NASBench101(vertices=4))


def write(path, some):
    path.write_bytes(tfrecord(some))
    return path


def test_official_records_read_back(official, tmp_path):
    measured = read(write(tmp_path / "nasbench_only108.tfrecord", records(official)), partial=True)
    table = measured.table("nasbench101")
    check_table(table, samples=5)
    assert len(table) == 52
    names = {"training_seconds": "training_time"}
    for architecture, (module_hash, (fixed, trainings)) in zip(
        table.architectures, official.items(), strict=True
    ):
        assert table.space.module_hash(architecture) == module_hash
        assert table.value(architecture, "trainable_parameters") == fixed["trainable_parameters"]
        for when, theirs in (("", "final"), ("halfway_", "halfway")):
            for kind in nasbench101.KINDS:
                runs = [training[f"{theirs}_{names.get(kind, kind)}"] for training in trainings["108"]]
                ours = [table.value(architecture, f"{when}{kind}_{run}") for run in range(3)]
                assert ours == runs
                assert table.value(architecture, f"{when}{kind}") == pytest.approx(np.mean(runs), rel=1e-12)


def test_metrics_say_what_they_are(official, tmp_path):
    table = read(write(tmp_path / "f.tfrecord", records(official)), partial=True).table("nasbench101")
    first = table.metric()
    assert (first.name, first.split, first.epochs, first.seeds) == (
        "validation_accuracy",
        "validation",
        108,
        "mean of runs 0, 1, 2",
    )
    assert table.test_metrics["validation_accuracy"] == "test_accuracy"
    assert table.test_metrics["halfway_validation_accuracy_2"] == "halfway_test_accuracy_2"
    assert table.metric("halfway_test_accuracy_1").epochs == 54
    assert table.metric("halfway_test_accuracy_1").seeds == "run 1"
    assert table.metric("train_accuracy").split == "train"
    assert not table.metric("training_seconds").higher_is_better


@pytest.mark.parametrize("label", ["0", "1", "2"])
def test_a_label_chooses_the_run(official, tmp_path, label):
    table = read(write(tmp_path / "f.tfrecord", records(official)), partial=True).table("t", label)
    assert table.metric().seeds == f"run {label}"
    assert np.array_equal(table.column("validation_accuracy"), table.column(f"validation_accuracy_{label}"))


def test_a_complete_file_needs_no_leave(small, tmp_path):
    every = records(cells(SMALL, len(SMALL)))
    told = []
    path = write(tmp_path / "f.tfrecord", every)
    measured = read(path, on_progress=lambda *progress: told.append(progress))
    assert measured.table("t").complete
    assert told[-1] == (path.stat().st_size, path.stat().st_size)
    assert measured.source.size == path.stat().st_size
    for left in (every[:-1], every[:-3]):
        with pytest.raises(TableError, match=r"holds 9[01] of 91 cells.*--partial"):
            read(write(path, left))
    with pytest.raises(TableError, match="holds 91 of 91 cells; 1 trainings for 108 epochs are missing"):
        read(write(path, every[:-1]))
    assert not read(write(path, every[:-3]), partial=True).table("t").complete


def test_the_records_of_a_cell_need_not_stand_together(small, tmp_path):
    """By length of training, then by cell: the repeats keep their order."""
    every = records(cells(SMALL, 20, epochs=(4, 12, 36, 108)))
    order = sorted(range(len(every)), key=lambda place: (json.loads(every[place])[1], place % 3))
    together = read(write(tmp_path / "a.tfrecord", every), partial=True).table("t")
    apart = read(write(tmp_path / "b.tfrecord", [every[i] for i in order]), partial=True).table("t")
    assert together.architectures == apart.architectures
    assert [m.name for m in together.metrics] == [m.name for m in apart.metrics]
    for metric in together.metrics:
        assert np.array_equal(together.column(metric.name), apart.column(metric.name))


def test_the_full_file_has_shorter_trainings_too(small, tmp_path):
    official = cells(SMALL, 5, epochs=(4, 12, 36, 108))
    table = read(write(tmp_path / "f.tfrecord", records(official)), partial=True).table("t")
    assert table.metric().name == "validation_accuracy"
    assert table.metric("validation_accuracy_at_36").epochs == 36
    assert table.test_metrics["validation_accuracy_at_4_1"] == "test_accuracy_at_4_1"
    expected = [t["36"][2]["final_validation_accuracy"] for _, t in official.values()]
    assert table.column("validation_accuracy_at_36_2").tolist() == expected


def test_a_missing_training_is_not_made_up(small, tmp_path):
    every = records(cells(SMALL, 3))
    table = read(write(tmp_path / "f.tfrecord", every[:-2]), partial=True).table("t")
    assert np.isnan(table.column("test_accuracy_2")).tolist() == [False, False, True]
    assert table.column("test_accuracy")[2] == table.column("test_accuracy_0")[2]


HASH, (FIXED, TRAININGS) = list(cells(SMALL, 20).items())[-1]
OTHER = "1" * 32
TRAINING = TRAININGS["108"][0]


def changed(place, value):
    fields = json.loads(record(HASH, 108, FIXED, TRAINING))
    fields[0], fields[place] = OTHER, value
    return json.dumps(fields).encode()


def message(content):
    return changed(4, base64.b64encode(content).decode())


GOOD_MESSAGE = metrics(TRAINING, 1000, 108)

BAD = {
    "not JSON": (b"{", "not JSON"),
    "not UTF-8": (b"\xff\xfe", "not JSON"),
    "brackets without end": (b"[" * 5_000, "not JSON"),
    "another layout": (b'{"a": 1}', "expected \\[hash, epochs"),
    "too few fields": (b'["a", 108]', "expected \\[hash, epochs"),
    "another kind of field": (changed(1, "108"), "expected \\[hash, epochs"),
    "a short hash": (changed(0, "abc"), "32 hexadecimal digits"),
    "a hash of other digits": (changed(0, "z" * 32), "non-hexadecimal"),
    "a wrong hash": (changed(0, "0" * 32), "the hash is 0000.*but the cell's is"),
    "other epochs": (changed(1, 200), "200 epochs; expected 4, 12, 36, 108"),
    "an unknown operation": (
        record(
            OTHER,
            108,
            {**FIXED, "module_operations": ["input", "conv3x3-bn-rely", "maxpool3x3", "output"]},
            TRAINING,
        ),
        "did you mean 'conv3x3-bn-relu'",
    ),
    "no square matrix": (changed(2, "01" * 3), "V × V digits"),
    "no digits": (changed(2, "0x" * 8), "V × V digits"),
    "a cycle": (
        record(
            OTHER,
            108,
            {
                "module_adjacency": [[0, 1, 0, 0], [0, 0, 1, 0], [0, 1, 0, 1], [0, 0, 0, 0]],
                "module_operations": ["input", "maxpool3x3", "maxpool3x3", "output"],
                "trainable_parameters": 5,
            },
            TRAINING,
        ),
        "edges must lead to later vertices",
    ),
    "eight vertices": (
        record(
            OTHER,
            108,
            {
                "module_adjacency": [[int(t == s + 1) for t in range(8)] for s in range(8)],
                "module_operations": ["input", *["maxpool3x3"] * 6, "output"],
                "trainable_parameters": 5,
            },
            TRAINING,
        ),
        "8 vertices",
    ),
    "ten edges": (
        record(
            OTHER,
            108,
            {
                "module_adjacency": [[int(t > s) for t in range(5)] for s in range(5)],
                "module_operations": ["input", *["maxpool3x3"] * 3, "output"],
                "trainable_parameters": 5,
            },
            TRAINING,
        ),
        "10 edges",
    ),
    "no base64": (changed(4, "***"), "its metrics are no message"),
    "no message": (message(b"\x0b\x0b"), "its metrics are no message"),
    "no evaluations": (message(b"\x10\x01"), "0 evaluations; expected 3"),
    "no parameters": (
        message(GOOD_MESSAGE[: GOOD_MESSAGE.index(b"\x10\xe8\x07")]),
        "no number of parameters",
    ),
    "an accuracy of two": (
        message(metrics({**TRAINING, "final_test_accuracy": 2.0}, 1, 108)),
        "test_accuracy 2.0",
    ),
    "no number": (
        message(metrics({**TRAINING, "halfway_train_accuracy": np.nan}, 1, 108)),
        "train_accuracy nan",
    ),
    "endless training": (
        message(metrics({**TRAINING, "final_training_time": np.inf}, 1, 108)),
        "_seconds inf",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_record_is_named(name, tmp_path):
    content, complaint = BAD[name]
    good = record(HASH, 108, FIXED, TRAINING)
    with pytest.raises(
        TableError, match=f"(?s)f.tfrecord: record 2: .*{complaint}.*the one record before it is good"
    ):
        read(write(tmp_path / "f.tfrecord", [good, content]), partial=True)


def test_records_that_disagree_are_refused(tmp_path):
    good = record(HASH, 108, FIXED, TRAINING)
    with pytest.raises(TableError, match=r"record 4: training 4 of one cell for 108 epochs"):
        read(write(tmp_path / "f.tfrecord", [good] * 4), partial=True)
    other = {**FIXED, "module_operations": ["input", "maxpool3x3", "maxpool3x3", "output"]}
    assert other != FIXED
    with pytest.raises(TableError, match="record 2: another cell than in earlier records of the hash"):
        read(write(tmp_path / "f.tfrecord", [good, record(HASH, 108, other, TRAINING)]), partial=True)


def test_files_that_are_no_table(tmp_path):
    with pytest.raises(TableError, match="holds no record"):
        read(write(tmp_path / "f.tfrecord", []), partial=True)
    with pytest.raises(TableError, match="cannot be read"):
        read(tmp_path, partial=True)
    with pytest.raises(TableError, match="not a Parquet file"):
        read(write(tmp_path / "f.parquet", [b"a"]))


def test_the_sample_keeps_its_order_and_its_meaning(shared):
    import pyarrow.parquet as pq

    path = shared("nasbench101/nasbench101-20k.parquet")
    table = read(path).table("nasbench101")
    raw = pq.read_table(path)
    assert len(table) == 20_001
    for row in (0, 190, 12_500, 20_000):
        assert table.space.module_hash(table.architectures[row]) == raw["module_hash"][row].as_py()
    assert np.array_equal(table.column("validation_accuracy"), raw["validation_accuracy_108"].to_numpy())
    assert np.array_equal(table.column("validation_accuracy_at_12"), raw["validation_accuracy_12"].to_numpy())
    assert "last of 3" in table.metric().seeds
    assert not table.complete
