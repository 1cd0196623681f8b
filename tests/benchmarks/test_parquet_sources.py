"""The readers of Parquet tables: NAS-Bench-201, ENAS macro, and a part of NAS-Bench-101."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from archrank.benchmarks import enas_macro, nasbench101, nasbench201, natsbench
from archrank.errors import TableError
from archrank.spaces import NASBench101, NASBench201
from archrank.testing import check_table

SPACE = NASBench201()
CELLS = {
    "arch_str": [SPACE.format(a) for a in SPACE.architectures(SPACE.rows()[:4])],
    "cifar10_valid_accuracy_200": [90.0, 91.0, 92.0, 93.0],
    "cifar10_test_accuracy_200": [89.0, 90.0, 91.0, 92.0],
    "raspi4_latency_ms": [1.0, -1.0, None, float("nan")],
}
STRUCTURES = {
    "structure": [
        f"[[0], [1, 0], [2, 0, 0], [3, 0, 0, 0], [4, 0, 0, 0, 0], [5, 0, 0, 0, 0, {skip}]]" for skip in (0, 1)
    ],
    "weight_sharing_accuracy": [0.7, 0.71],
}
SMALL = NASBench101(vertices=4)
SAMPLE = {
    "module_adjacency": [[0, 1, 0, 0, 0, 1, 0, 0, 0], [0, 1, 0, 0]],
    "module_operations": [["input", "maxpool3x3", "output"], ["input", "output"]],
    "validation_accuracy_108": [0.9, 0.1],
}
SOURCES = {
    "nasbench201": (nasbench201.read, CELLS),
    "enas-macro": (enas_macro.read, STRUCTURES),
    "nasbench101": (nasbench101.read, SAMPLE),
}


def write(path, columns):
    pq.write_table(pa.table(columns), path)
    return path


@pytest.fixture(params=SOURCES)
def source(request):
    return SOURCES[request.param]


def test_the_tables_read(source, tmp_path):
    reader, columns = source
    measured = reader(write(tmp_path / "t.parquet", columns), partial=True)
    table = measured.table("t")
    check_table(table)
    assert len(table) == len(next(iter(columns.values())))
    assert measured.source.size == (tmp_path / "t.parquet").stat().st_size


def test_a_missing_column_is_named(source, tmp_path):
    reader, columns = source
    for name in list(columns)[:2]:
        left = {n: c for n, c in columns.items() if n != name}
        with pytest.raises(TableError, match=f"unknown column '{name}'"):
            reader(write(tmp_path / "t.parquet", left), partial=True)


def test_a_bad_row_is_named(source, tmp_path):
    reader, columns = source
    first = next(iter(columns))
    bad = [*columns[first][:-1], None]
    with pytest.raises(TableError, match=rf"t\.parquet: row {len(bad)}: "):
        reader(write(tmp_path / "t.parquet", {**columns, first: bad}), partial=True)


def test_text_and_infinity_are_no_numbers(source, tmp_path):
    reader, columns = source
    number = next(name for name in columns if "accuracy" in name)
    for cells, complaint in (
        (["x"] * len(columns[number]), "holds no numbers"),
        ([np.inf] * len(columns[number]), "inf"),
    ):
        with pytest.raises(TableError, match=complaint):
            reader(write(tmp_path / "t.parquet", {**columns, number: cells}), partial=True)


def test_files_that_are_no_parquet_tables(source, tmp_path):
    reader, columns = source
    path = tmp_path / "t.parquet"
    with pytest.raises(TableError, match="cannot be read"):
        reader(path, partial=True)
    for content in (b"", b"PAR1", bytes(1000)):
        path.write_bytes(content)
        with pytest.raises(TableError, match="not a Parquet file"):
            reader(path, partial=True)
    with pytest.raises(TableError, match="holds no rows"):
        reader(write(path, pa.table(columns).slice(0, 0)), partial=True)


def test_the_same_cell_twice_is_refused(tmp_path):
    twice = {name: [*cells, cells[0]] for name, cells in CELLS.items()}
    with pytest.raises(TableError, match=r"row 5 repeats t\.parquet: row 1"):
        nasbench201.read(write(tmp_path / "t.parquet", twice), partial=True)


def test_minus_one_and_nothing_are_not_measured(tmp_path):
    table = nasbench201.read(write(tmp_path / "t.parquet", CELLS), partial=True).table("t")
    assert np.isnan(table.column("raspi4_latency_ms")).tolist() == [False, True, True, True]
    with pytest.raises(TableError, match=r"holds 4 of 15,625 cells.*--partial"):
        nasbench201.read(tmp_path / "t.parquet")


def test_a_repeated_structure_counts_once_if_it_agrees(tmp_path):
    twice = {name: [*cells, cells[0]] for name, cells in STRUCTURES.items()}
    assert len(enas_macro.read(write(tmp_path / "t.parquet", twice)).rows) == 2
    twice["weight_sharing_accuracy"][-1] = 0.5
    with pytest.raises(TableError, match=r"row 3 repeats row 1 with another accuracy: 0\.5 and 0\.7"):
        enas_macro.read(write(tmp_path / "t.parquet", twice))


def test_all_of_nasbench201(shared):
    table = nasbench201.read(shared("nasbench201/nasbench201.parquet")).table("nasbench201")
    assert table.complete
    best, value = table.optimum("cifar10_test_accuracy_200")
    assert value == pytest.approx(94.373, abs=1e-3)
    assert table.index(best) == 6111  # the official index
    assert table.index(table.optimum("cifar100_test_accuracy_200")[0]) == 9930


def test_what_nasbench201_calls_validation_is_measured_on_test_images(shared):
    """Number for number NATS-Bench's test accuracies of seed 888, so the table must not call it validation."""
    ours = nasbench201.read(shared("nasbench201/nasbench201.parquet")).table("nasbench201")
    official = natsbench.read(
        natsbench.TOPOLOGY, shared("natsbench/NATS-tss-v1_0-3ffb9-simple"), partial=True
    ).table("natsbench-tss")
    same = {
        "cifar10_valid_accuracy_200": "cifar10_half_test_accuracy_200_seed888",
        "cifar10_test_accuracy_200": "cifar10_test_accuracy_200",
        "cifar100_valid_accuracy_200": "cifar100_test_accuracy_200_seed888",
        "cifar100_test_accuracy_200": "cifar100_test_accuracy_200",
        "cifar10_valid_accuracy_12": "cifar10_valid_accuracy_12",
        "cifar100_valid_accuracy_12": "cifar100_valid_accuracy_12",
    }
    for name, theirs in same.items():
        assert ours.metric(name).split == official.metric(theirs).split
        for cell in official.architectures:
            assert ours.value(cell, name) == pytest.approx(official.value(cell, theirs), abs=1e-5)


def test_all_of_enas_macro(shared):
    table = enas_macro.read(shared("enas-macro/enas-macro-6-layers.parquet")).table("enas-macro")
    check_table(table, samples=10)
    assert len(table) == 20_015
    assert not table.complete
    assert (table.column().min(), table.column().max()) == (0.702, 0.7502)


def official(matrix, *operations):
    return [entry for row in matrix for entry in row], ["input", *operations, "output"]


# One cell thrice: as the space writes it, numbered otherwise, and with a vertex that leads nowhere.
NUMBERED = [
    official([[0, 1, 1, 0], [0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0]], "conv3x3-bn-relu", "maxpool3x3"),
    official([[0, 1, 1, 0], [0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0]], "maxpool3x3", "conv3x3-bn-relu"),
    official(
        [[0, 1, 1, 1, 0], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0]],
        "conv3x3-bn-relu",
        "conv1x1-bn-relu",
        "maxpool3x3",
    ),
]


def sample(path, *cells):
    adjacency, operations = zip(*cells, strict=True)
    columns = {"module_adjacency": adjacency, "module_operations": operations}
    return write(path, columns | {"validation_accuracy_108": [0.5] * len(cells)})


@pytest.mark.parametrize("cell", NUMBERED)
def test_cells_are_read_in_any_numbering(cell, tmp_path):
    (row,) = nasbench101.read(sample(tmp_path / "t.parquet", cell)).rows.tolist()
    assert (
        tuple(row)
        == NASBench101()
        .parse(
            '{"module_adjacency": [[0, 1, 1, 0], [0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0]], '
            '"module_operations": ["input", "maxpool3x3", "conv3x3-bn-relu", "output"]}'
        )
        .choices
    )


def test_a_cell_in_two_numberings_is_there_twice(tmp_path):
    with pytest.raises(TableError, match=r"row 2 repeats t\.parquet: row 1"):
        nasbench101.read(sample(tmp_path / "t.parquet", *NUMBERED[:2]))


@pytest.mark.parametrize(
    ("cell", "complaint"),
    [
        (([0, 1, 0], ["input", "output"]), "no V × V matrix"),
        (([0, 1, None, 0], ["input", "output"]), "None, expected 0 or 1"),
        (([0, 2, 0, 0], ["input", "output"]), "2, expected 0 or 1"),
        (([0, 1, 1, 0], ["input", "output"]), "must lead to later vertices"),
        (([0, 1, 0, 0], ["input", None]), "vertex 1 is None"),
        (([0, 1, 0, 0], ["output", "input"]), "vertex 0 is 'output'"),
        (([0, 1, 0, 0], ["input", "maxpool3x3", "output"]), "expected 2 names"),
        (([0, 1, 0, 0, 0, 1, 0, 0, 0], ["input", "maxpool", "output"]), "did you mean 'maxpool3x3'"),
        (
            ([0, 1, 0, 0, 0, 1, 0, 0, 0], ["input", "input", "output"]),
            "unknown operation of vertex 1 'input'",
        ),
        (([0, 1, 0, 0, 0, 1, 0, 0, 0], ["input", None, "output"]), "unknown operation of vertex 1"),
        (([0, 0, 0, 0], ["input", "output"]), "no path leads"),
        (([], []), "expected V lists"),
    ],
)
def test_what_is_no_cell_is_named(cell, complaint, tmp_path):
    with pytest.raises(TableError, match=rf"t\.parquet: row 2: .*{complaint}"):
        nasbench101.read(sample(tmp_path / "t.parquet", NUMBERED[0], cell))


@pytest.mark.parametrize("entries", [[[0.0, 1.0, 0.5, 0.0]], [["0", "1", "0", "0"]]])
def test_matrices_of_other_things_are_refused(entries, tmp_path):
    columns = {"module_adjacency": entries, "module_operations": [["input", "output"]]}
    path = write(tmp_path / "t.parquet", columns | {"validation_accuracy_108": [0.5]})
    with pytest.raises(TableError, match=r"row 1: .*expected 0 or 1"):
        nasbench101.read(path)
    columns = {"module_adjacency": [5], "module_operations": [["input", "output"]]}
    path = write(tmp_path / "t.parquet", columns | {"validation_accuracy_108": [0.5]})
    with pytest.raises(TableError, match="'module_adjacency' holds no lists"):
        nasbench101.read(path)


def test_operations_that_are_no_text_are_unknown():
    from archrank.benchmarks.nasbench101_cells import _labels

    words = pa.Array.from_buffers(
        pa.string(), 2, [None, pa.py_buffer(np.array([0, 5, 7], np.int32)), pa.py_buffer(b"input\xd6\xff")]
    )
    cells = pa.ListArray.from_arrays(pa.array([0, 2], pa.int32()), words)
    assert _labels(cells).tolist()[1] != _labels(pa.array([["input", "output"]])).tolist()[0]
    assert _labels(cells).tolist()[0] == _labels(pa.array([["input", "output"]])).tolist()[0]
