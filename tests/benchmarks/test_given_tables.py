"""Measured architectures in every form that a user may have them in."""

import json
import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from archrank.benchmarks import as_architectures, as_table, load_benchmark, read_table, write_table
from archrank.errors import TableError, UnknownName
from archrank.spaces import NASBench101, NASBench201, NASBenchGraph
from archrank.testing import check_table

SPACE = NASBench201()
ARCHITECTURES = SPACE.architectures(SPACE.rows()[5000:5008])
TEXTS = [SPACE.format(a) for a in ARCHITECTURES]
OPTIONS = [SPACE.options(a) for a in ARCHITECTURES]
COLUMNS = {
    "architecture": TEXTS,
    "accuracy": [round(0.5 + 0.01 * i, 2) for i in range(8)],
    "latency": [9 - i % 4 for i in range(8)],
    "remark": [f"run {i}" for i in range(8)],
}

OTHER = as_table(
    NASBenchGraph(), {"architecture": NASBenchGraph().sample(1, np.random.default_rng(0)), "y": [1]}
)


class ForeignFrame:
    """A DataFrame of a library with ``columns`` and ``to_list`` only, as polars has them."""

    columns = tuple(COLUMNS)

    def __getitem__(self, name):
        return ForeignColumn(COLUMNS[name])


class ForeignColumn:
    def __init__(self, cells):
        self.cells = cells

    def to_list(self):
        return self.cells


FORMS = {
    "DataFrame": lambda: pd.DataFrame(COLUMNS),
    "DataFrame with the architectures as its index": lambda: pd.DataFrame(COLUMNS).set_index("architecture"),
    "pyarrow": lambda: pa.table(COLUMNS),
    "another library": ForeignFrame,
    "columns": lambda: COLUMNS,
    "arrays": lambda: {name: np.array(cells) for name, cells in COLUMNS.items()},
    "records": lambda: [dict(zip(COLUMNS, row, strict=True)) for row in zip(*COLUMNS.values(), strict=True)],
    "objects": lambda: COLUMNS | {"architecture": ARCHITECTURES},
    "table": lambda: as_table(SPACE, COLUMNS),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_table(form):
    table = as_table(SPACE, FORMS[form](), metrics=["accuracy", "latency"])
    check_table(table)
    assert table.architectures == ARCHITECTURES
    assert [m.name for m in table.metrics] == ["accuracy", "latency"]
    assert table.column("accuracy").tolist() == COLUMNS["accuracy"]
    assert as_architectures(SPACE, FORMS[form]()) == ARCHITECTURES


def test_a_file_gives_the_same_table_and_its_columns_are_found(tmp_path):
    write_table(tmp_path / "measured.csv", COLUMNS)
    for path in (tmp_path / "measured.csv", str(tmp_path / "measured.csv")):
        assert as_table(SPACE, path).to_pandas().equals(as_table(SPACE, COLUMNS).to_pandas())
    assert (
        read_table(tmp_path / "measured.csv", SPACE).metric().meaning == "column 'accuracy' of measured.csv"
    )


def test_the_record_of_a_text_form_in_json_is_an_architecture_too():
    space = NASBenchGraph()
    architectures = list(dict.fromkeys(space.sample(5, np.random.default_rng(0))))
    records = [{"architecture": json.loads(space.format(a)), "y": i} for i, a in enumerate(architectures)]
    assert as_table(space, records).architectures == architectures


@pytest.mark.parametrize(
    "given",
    [
        ARCHITECTURES,
        TEXTS,
        tuple(TEXTS),
        np.array(TEXTS),
        SPACE.rows()[5000:5008],
        [*TEXTS, TEXTS[0]],
        OPTIONS,
        pd.DataFrame(OPTIONS),
        pa.Table.from_pylist(OPTIONS),
        pd.DataFrame(OPTIONS).assign(architecture=TEXTS),
    ],
)
def test_architectures_alone(given):
    assert as_architectures(SPACE, given) == ARCHITECTURES


def test_missing_values_of_pandas_are_blanks():
    frame = pd.DataFrame(COLUMNS).assign(accuracy=[*COLUMNS["accuracy"][:6], None, math.nan])
    table = as_table(SPACE, frame)
    assert (len(table), table.skipped) == (6, 2)
    assert table.notes == (
        "2 rows of the DataFrame without a number in 'accuracy' are left out (no value in 2)",
    )
    assert table.select(["latency"]).notes == table.notes
    values = as_table(SPACE, frame, metrics=["accuracy"], blanks=True).column()
    assert np.isnan(values).tolist() == [False] * 6 + [True] * 2
    masked = frame.astype({"accuracy": "Float64"})
    assert np.isnan(as_table(SPACE, masked, metrics=["accuracy"], blanks=True).column()).sum() == 2


@pytest.mark.parametrize(
    ("measured", "message"),
    [
        (5, "5 is no table; expected a Table, a file"),
        ({TEXTS[0]: 0.5}, "is no table; expected a Table"),
        (TEXTS, "is no table; expected a Table"),
        ([], r"\[\] is no table"),
        (pd.DataFrame({"architecture": [], "y": []}), "no rows in the DataFrame"),
        ({"architecture": TEXTS, "y": [1]}, "different lengths"),
        ({"cell": TEXTS, "y": list(range(8))}, "the columns: unknown column 'architecture'.* Allowed: cell, y"),
        ({"architecture": ["|x|"], "y": [1]}, "the columns, row 0, column 'architecture'"),
        ({"architecture": [3.5], "y": [1]}, "row 0: 3.5 in column 'architecture', expected an architecture of"),
        ({"architecture": TEXTS, "y": ["5"] * 7 + ["5 or 6"]}, "the columns, row 7: '5 or 6' in column 'y'"),
        ({"architecture": TEXTS, "y": [*[1] * 7, True]}, "row 7: True in column 'y'"),
        (COLUMNS | {"architecture": NASBench101().sample(8, np.random.default_rng(0))}, "space nas-bench-101"),
        (COLUMNS | {"architecture": [TEXTS[0]] * 8}, "row 0 and row 1 are the same architecture"),
        ({"architecture": TEXTS, "remark": COLUMNS["remark"]},
         "has no column of numbers, only 'architecture', 'remark'"),
        (pd.concat([pd.DataFrame(COLUMNS)] * 2, axis=1), "two columns named 'architecture'"),
        (OTHER, "give its space"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(measured, message):
    with pytest.raises(TableError, match=message):
        as_table(SPACE, measured)


def test_a_name_stands_for_its_space():
    assert as_table("nas-bench-201", COLUMNS).architectures == as_table(NASBench201(), COLUMNS).architectures
    with pytest.raises(UnknownName, match="unknown space 'nas-bench-2001'; did you mean 'nas-bench-201'"):
        as_table("nas-bench-2001", COLUMNS)


def test_a_table_shows_itself_and_becomes_a_frame():
    table = as_table(SPACE, COLUMNS, minimize=["latency"])
    assert repr(table) == "<Table 'the columns': 8 architectures of nas-bench-201, 2 metrics>"
    assert "<td>latency</td>" in table._repr_html_()
    frame = table.to_pandas()
    assert list(frame.columns) == ["architecture", "accuracy", "latency"]
    assert as_table(SPACE, frame).architectures == table.architectures
    evil = as_table(SPACE, {"architecture": TEXTS, "<script>": COLUMNS["latency"]})
    assert "<script>" not in evil._repr_html_()


def test_some_metrics_of_a_benchmark():
    table = load_benchmark("nas-bench-graph-cora")
    names = [m.name for m in table.metrics]
    chosen = table.select(names[:0:-1])
    assert [m.name for m in chosen.metrics] == names[:0:-1]
    assert np.array_equal(chosen.column(names[1]), table.column(names[1]))
    assert chosen.source_order is not table.source_order
    check_table(chosen)
    with pytest.raises(UnknownName):
        table.select(["no such metric"])
