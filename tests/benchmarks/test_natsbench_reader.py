import bz2
import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

from archrank.benchmarks import natsbench
from archrank.benchmarks.natsbench import SIZE, TOPOLOGY, read
from archrank.errors import TableError
from archrank.testing import check_table
from official_files import nats_file, nats_folder, packed

TSS = "natsbench/NATS-tss-v1_0-3ffb9-simple"
SSS = "natsbench/NATS-sss-v1_0-50262-simple"

SETS = ("cifar10-valid", "cifar10", "cifar100", "ImageNet16-120")
TRAININGS = {
    "90": (90, [(dataset, 777) for dataset in SETS]),
    "12": (12, [(dataset, seed) for seed in (999, 777) for dataset in SETS]),
    "01": (1, [(dataset, 777) for dataset in SETS]),
}
TEXTS = ["8:8:8:8:8", "64:8:16:24:32", "8:16:8:8:8"]


def folder(tmp_path, **options):
    return nats_folder(tmp_path / "NATS-sss-test", TEXTS, TRAININGS, **options)


def test_the_real_topology_files(shared):
    table = read(TOPOLOGY, shared(TSS), partial=True).table("natsbench-tss")
    check_table(table, samples=3)
    cell = table.space.parse(
        "|skip_connect~0|+|skip_connect~0|skip_connect~1|+|none~0|nor_conv_1x1~1|none~2|"
    )
    # Read off the file of architecture 284 with the benchmark's own conventions.
    assert table.value(cell, "cifar10_test_accuracy_200_seed777") == 88.73
    assert table.value(cell, "cifar10_test_accuracy_200") == pytest.approx((88.73 + 88.55 + 89.09) / 3)
    assert table.value(cell, "cifar10_valid_accuracy_12_seed777") == pytest.approx(74.044)
    assert table.value(cell, "cifar100_test_accuracy_12") == pytest.approx(39.44)
    assert table.value(cell, "cifar10_parameters_millions") == 0.101306
    assert table.value(cell, "imagenet16_megaflops") == 2.93644
    assert table.value(cell, "cifar10_train_seconds_12") == pytest.approx(12 * 9.751588741938273)
    first = table.metric()
    assert (first.name, first.split, first.epochs) == ("cifar10_valid_accuracy_200", "validation", 200)
    assert first.seeds == "mean of seeds 777, 888, 999"
    assert table.metric("cifar10_test_accuracy_12").seeds == "seed 111"
    assert table.test_metrics["cifar100_valid_accuracy_200_seed888"] == "cifar100_test_accuracy_200_seed888"


def test_the_real_size_files(shared):
    table = read(SIZE, shared(SSS), partial=True).table("natsbench-sss")
    check_table(table, samples=3)
    assert [table.space.format(a) for a in table.architectures] == [
        "8:8:8:8:8",
        "8:8:8:16:32",
        "8:8:40:32:40",
    ]
    size = table.architectures[2]
    assert table.value(size, "cifar10_test_accuracy_90") == 89.51
    assert table.value(size, "cifar10_half_test_accuracy_1") == 41.22
    assert table.metric().seeds == "seed 777"


def test_every_number_lands_in_its_column(tmp_path):
    table = read(SIZE, folder(tmp_path)).table("t")
    check_table(table, samples=3)
    expected = {
        "cifar10_valid_accuracy_90": 10 + 0.89 + 0.00777,
        "cifar10_half_test_accuracy_90": 20 + 0.89 + 0.00777,
        "cifar10_test_accuracy_12_seed999": 10 + 0.11 + 0.00999,
        "cifar100_test_accuracy_12": 20 + 0.11 + (0.00999 + 0.00777) / 2,
        "imagenet16_valid_loss_1": (10 + 0.00777) / 10,
        "cifar10_train_accuracy_90": 50.89,
        "cifar100_train_seconds_12": 24.0,
        "imagenet16_megaflops": 11.5,
        "cifar10_latency_seconds": 0.5,
    }
    assert {name: pytest.approx(table.column(name)[1]) for name in expected} == expected
    assert table.metric("cifar10_valid_accuracy_12").seeds == "mean of seeds 777, 999"


def test_a_label_chooses_a_seed_where_there_are_several(tmp_path):
    measured = read(SIZE, folder(tmp_path))
    table = measured.table("t", "1")
    assert table.metric("cifar10_valid_accuracy_12").seeds == "seed 999"
    assert table.metric("cifar10_valid_accuracy_90").seeds == "seed 777"
    with pytest.raises(TableError, match="no run 2: it holds runs 0 to 1"):
        measured.table("t", "2")


def test_missing_architectures_are_counted_and_named(tmp_path):
    path = folder(tmp_path, there=[1])
    with pytest.raises(
        TableError, match=r"lacks 2 of its 3 architectures \(000000\.pickle.*000002.*--partial"
    ):
        read(SIZE, path)
    table = read(SIZE, path, partial=True).table("t")
    assert [table.space.format(a) for a in table.architectures] == [TEXTS[1]]
    (path / "000001.pickle.pbz2").unlink()
    with pytest.raises(TableError, match="holds none of its 3 architectures"):
        read(SIZE, path, partial=True)


def test_a_seed_that_some_architectures_lack_is_no_number_there(tmp_path):
    path = folder(tmp_path)
    fewer = {**TRAININGS, "12": (12, [(dataset, 777) for dataset in SETS])}
    (path / "000001.pickle.pbz2").write_bytes(packed(nats_file(TEXTS[1], fewer)))
    table = read(SIZE, path).table("t")
    assert np.isnan(table.column("cifar10_test_accuracy_12_seed999")).tolist() == [False, True, False]
    assert table.column("cifar10_test_accuracy_12")[1] == table.column("cifar10_test_accuracy_12_seed777")[1]


def test_progress_counts_architectures(tmp_path):
    told = []
    read(SIZE, folder(tmp_path), on_progress=lambda *progress: told.append(progress))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_another_kind_of_folder(tmp_path, shared):
    with pytest.raises(TableError, match=r"expected the folder NATS-tss-…-simple"):
        read(TOPOLOGY, folder(tmp_path))
    with pytest.raises(TableError, match=r"holds no meta\.pickle\.pbz2"):
        read(SIZE, tmp_path)
    with pytest.raises(TableError, match="does not exist"):
        read(SIZE, tmp_path / "absent")
    (tmp_path / "NATS-sss.tar").touch()
    with pytest.raises(TableError, match=r"still packed: run tar -xf NATS-sss\.tar"):
        read(SIZE, tmp_path / "NATS-sss.tar")
    (tmp_path / "file").touch()
    with pytest.raises(TableError, match="is no folder"):
        read(SIZE, tmp_path / "file")


class Calls:
    def __reduce__(self):
        return os.system, ("touch touched",)


GOOD = nats_file(TEXTS[1], TRAININGS)


def damaged_run(**changes):
    content = nats_file(TEXTS[1], TRAININGS)
    content["90"]["all_results"][("cifar10", 777)] |= changes
    return packed(content)


BAD = {
    "no bzip2": (b"pickle", "no bzip2 file"),
    "cut short": (packed(GOOD)[:-30], "cut short"),
    "empty": (b"", "cut short"),
    "no pickle": (bz2.compress(b"nothing of the kind"), "damaged"),
    "a cut pickle": (bz2.compress(pickle.dumps(GOOD, 4)[:-30]), "damaged"),
    "a hostile pickle": (packed({"90": Calls()}), r"asks for .*\.system, which no table.*nothing was run"),
    "a path object": (packed({"90": Path("x")}), "asks for pathlib"),
    "another architecture": (packed(nats_file(TEXTS[0], TRAININGS)), "'8:8:8:8:8', but meta"),
    "a list": (packed([1, 2]), "not laid out as expected"),
    "no results": (packed({"90": {"arch_str": TEXTS[1]}}), "not laid out as expected: KeyError"),
    "other epochs": (damaged_run(epochs=91), "a run of 91 epochs"),
    "no last epoch": (damaged_run(eval_acc1es={}), "KeyError: 'ori-test@89'"),
    "a text for a number": (damaged_run(params="many"), "'many' where a number belongs"),
    "a number of 400 digits": (damaged_run(params=10**400), "OverflowError"),
    "a number of 5,000 digits": (damaged_run(epochs=10**5_000), "a value of type int that cannot be shown"),
    "a list in lists": (damaged_run(params={"a": [[[[1]]]]}), "where a number belongs"),
    "brackets without end": (bz2.compress(b"})" + b"\x85" * 1_000_000 + b"Ns."), "more than 1,000 tuples"),
    "an accuracy of 101 %": (damaged_run(eval_acc1es={"ori-test@89": 101.0}), "an accuracy of 101"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_named_and_nothing_is_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content, complaint = BAD[name]
    path = folder(tmp_path)
    (path / "000001.pickle.pbz2").write_bytes(content)
    with pytest.raises(TableError, match=rf"NATS-sss-test/000001\.pickle\.pbz2.*{complaint}"):
        read(SIZE, path)
    assert not Path("touched").exists()


@pytest.mark.parametrize("meta", [{}, {"meta_archs": []}, {"meta_archs": [1]}, [], {"meta_archs": None}])
def test_a_bad_list_of_architectures(meta, tmp_path):
    path = folder(tmp_path)
    (path / "meta.pickle.pbz2").write_bytes(packed(meta))
    with pytest.raises(TableError, match=r"meta\.pickle\.pbz2 holds no list"):
        read(SIZE, path)


def test_a_number_that_is_not_finite_is_not_measured(tmp_path):
    path = folder(tmp_path)
    (path / "000001.pickle.pbz2").write_bytes(damaged_run(eval_losses={"ori-test@89": float("inf")}))
    assert np.isnan(read(SIZE, path).table("t").column("cifar10_test_loss_90")).tolist() == [
        False,
        True,
        False,
    ]


def test_a_file_that_unpacks_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(natsbench, "LARGEST", 100_000)
    path = folder(tmp_path)
    (path / "000001.pickle.pbz2").write_bytes(bz2.compress(bytes(10_000_000)))
    with pytest.raises(TableError, match="larger than the 100,000 bytes"):
        read(SIZE, path)


def test_a_repeated_architecture_is_refused(tmp_path):
    path = nats_folder(tmp_path / "NATS-sss-test", [TEXTS[0], TEXTS[1], TEXTS[0]], TRAININGS)
    with pytest.raises(TableError, match=r"000002\.pickle\.pbz2 repeats .*000000\.pickle\.pbz2"):
        read(SIZE, path)


def test_a_file_that_cannot_be_read(tmp_path):
    path = folder(tmp_path)
    shutil.rmtree(path)
    path.mkdir()
    (path / "meta.pickle.pbz2").mkdir()
    with pytest.raises(TableError, match="holds no meta"):
        read(SIZE, path)
