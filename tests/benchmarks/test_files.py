import json
import math
import os
import re
import runpy
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from archrank.benchmarks import read_architectures, read_table, write_table
from archrank.errors import FileError, TableError, UnknownName
from archrank.spaces import NASBench201, NASBenchGraph
from archrank.testing import check_table

SPACE = NASBench201()
TEXTS = [SPACE.format(a) for a in SPACE.architectures(SPACE.rows()[5000:5012])]
ACCURACY = [round(0.5 + 0.01 * i, 2) for i in range(12)]
LATENCY = [9 - i % 4 for i in range(12)]
COLUMNS = {
    "architecture": TEXTS,
    "accuracy": ACCURACY,
    "latency": LATENCY,
    "remark": [f"run {i}" for i in range(12)],
}
SUFFIXES = [".csv", ".tsv", ".parquet", ".jsonl", ".json"]


def save(path, columns):
    """Write whatever is asked for, also what :func:`write_table` would not."""
    if path.suffix == ".parquet":
        pq.write_table(pa.table(columns), path)
    elif path.suffix == ".json":
        rows = zip(*columns.values(), strict=True)
        path.write_text(json.dumps([dict(zip(columns, row, strict=True)) for row in rows]))
    elif path.suffix == ".jsonl":
        rows = zip(*columns.values(), strict=True)
        path.write_text("".join(json.dumps(dict(zip(columns, row, strict=True))) + "\n" for row in rows))
    else:
        sign = "\t" if path.suffix == ".tsv" else ","
        rows = [
            sign.join('"' + str("" if c is None else c).replace('"', '""') + '"' for c in r)
            for r in zip(*columns.values(), strict=True)
        ]
        path.write_text("\n".join([sign.join(columns), *rows]) + "\n")
    return path


def changed(name, row, value):
    return {**COLUMNS, name: [value if i == row else old for i, old in enumerate(COLUMNS[name])]}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_written_table_reads_back(tmp_path, suffix):
    path = tmp_path / f"measured{suffix}"
    write_table(path, COLUMNS)
    table = read_table(path, SPACE, minimize=["latency"], test_metrics={"accuracy": "latency"})
    check_table(table)
    assert table.name == "measured"
    assert [SPACE.format(a) for a in table.architectures] == TEXTS
    assert [m.name for m in table.metrics] == ["accuracy", "latency"]
    assert [m.split for m in table.metrics] == ["unstated", "unstated"]
    assert table.column("accuracy").tolist() == ACCURACY
    assert table.optimum("latency")[1] == min(LATENCY)
    assert read_architectures(path, SPACE) == table.architectures


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_columns_asked_for_are_read_in_that_order(tmp_path, suffix):
    path = save(tmp_path / f"t{suffix}", changed("accuracy", 3, None))
    assert [m.name for m in read_table(path, SPACE, metrics=["latency"]).metrics] == ["latency"]
    path = save(path, COLUMNS)
    both = read_table(path, SPACE, metrics=["latency", "accuracy"])
    assert both.metric().name == "latency"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_another_architecture_column(tmp_path, suffix):
    columns = {"cell": TEXTS, "accuracy": ACCURACY}
    path = save(tmp_path / f"t{suffix}", columns)
    assert len(read_table(path, SPACE, architecture_column="cell")) == 12
    with pytest.raises(TableError, match=r"unknown column 'cel'; did you mean 'cell'"):
        read_table(path, SPACE, architecture_column="cel")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_missing_metric_gets_the_closest_name(tmp_path, suffix):
    path = save(tmp_path / f"t{suffix}", COLUMNS)
    with pytest.raises(TableError, match="did you mean 'accuracy'"):
        read_table(path, SPACE, metrics=["acuracy"])
    with pytest.raises(TableError, match="did you mean 'latency'"):
        read_table(path, SPACE, minimize=["latenzy"])
    with pytest.raises(UnknownName):
        read_table(path, SPACE, test_metrics={"accuracy": "test"})


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("value", [math.nan, None, math.inf, -math.inf])
def test_a_row_without_a_finite_target_is_left_out_and_counted(tmp_path, suffix, value):
    path = save(tmp_path / f"t{suffix}", changed("accuracy", 6, value))
    table = read_table(path, SPACE)
    check_table(table)
    assert [SPACE.format(a) for a in table.architectures] == TEXTS[:6] + TEXTS[7:]
    assert table.skipped == 1
    (note,) = table.notes
    assert f"1 row of {path} without a number in 'accuracy' is left out" in note
    # The other column is whole.
    assert read_table(path, SPACE, target="latency").skipped == 0
    assert np.isnan(read_table(path, SPACE, target="latency").column("accuracy")).sum() == 1


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_blanks_may_mean_that_nothing_was_measured(tmp_path, suffix):
    path, blank = tmp_path / f"t{suffix}", [*ACCURACY[:10], None, None]
    save(path, COLUMNS | {"accuracy": blank})
    assert read_table(path, SPACE, metrics=["accuracy"]).skipped == 2
    table = read_table(path, SPACE, metrics=["accuracy"], blanks=True)
    assert (table.skipped, table.notes) == (0, ())
    assert [math.isnan(table.value(SPACE.parse(text))) for text in TEXTS] == [False] * 10 + [True] * 2
    # Two rows of one architecture are equal where both are blank, and unequal where one is.
    twice = {name: [*cells, cells[-1]] for name, cells in COLUMNS.items()}
    save(path, twice | {"accuracy": [*blank, None]})
    assert len(read_table(path, SPACE, metrics=["accuracy"], blanks=True)) == 12
    save(path, twice | {"accuracy": [*ACCURACY, None]})
    with pytest.raises(TableError, match="different 'accuracy'"):
        read_table(path, SPACE, metrics=["accuracy"], blanks=True)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".tsv", ".json"])
def test_words_where_a_number_belongs_are_counted(tmp_path, suffix):
    columns = changed("accuracy", 6, "n/a")
    columns["accuracy"][7] = columns["accuracy"][9] = "OOM"
    table = read_table(save(tmp_path / f"t{suffix}", columns), SPACE)
    assert table.skipped == 3
    assert table.notes[0].endswith("are left out ('OOM' in 2, 'n/a')")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_text_column_that_is_asked_for_is_refused(tmp_path, suffix):
    path = save(tmp_path / f"t{suffix}", COLUMNS)
    with pytest.raises(TableError, match=r"data row 1.*'run 0' in column 'remark'"):
        read_table(path, SPACE, metrics=["remark"])


@pytest.mark.parametrize("value", ["1_000", "true", "0x10", "1,5", "0.5%", "82.1 ± 0.2", "9l.2"])
def test_what_merely_looks_like_a_number_is_text(tmp_path, value):
    with pytest.raises(TableError, match=r"data row [123] .* in column 'accuracy', expected a number"):
        read_table(save(tmp_path / "t.csv", changed("accuracy", 1, value)), SPACE)


def test_a_truth_value_is_no_number(tmp_path):
    with pytest.raises(TableError, match=r"data row 2.*True"):
        read_table(save(tmp_path / "t.jsonl", changed("accuracy", 1, True)), SPACE)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_equal_rows_count_once_and_unequal_ones_are_both_named(tmp_path, suffix):
    twice = {name: [*cells, cells[2]] for name, cells in COLUMNS.items()}
    assert len(read_table(save(tmp_path / f"t{suffix}", twice), SPACE)) == 12
    twice["accuracy"][-1] = 0.99
    with pytest.raises(
        TableError, match=r"data row 3.* and data row 13.* same architecture.*0\.52 and 0\.99"
    ):
        read_table(save(tmp_path / f"t{suffix}", twice), SPACE)


def test_two_texts_of_one_architecture_are_the_same_architecture(tmp_path):
    space = NASBenchGraph()
    texts = [
        '{"link": [0, 0, 0, 0], "operations": ["gcn", "gat", "gcn", "gcn"]}',
        '{"link": [0, 0, 0, 0], "operations": ["gat", "gcn", "gcn", "gcn"]}',
    ]
    path = save(tmp_path / "t.csv", {"architecture": texts, "accuracy": [0.1, 0.2]})
    with pytest.raises(TableError, match="same architecture"):
        read_table(path, space)
    assert len(read_architectures(path, space)) == 1


def test_json_lines_may_hold_the_architecture_as_an_object(tmp_path):
    space = NASBenchGraph()
    record = {"architecture": {"link": [0, 0, 0, 0], "operations": ["gat"] * 4}, "accuracy": 0.5}
    path = tmp_path / "t.jsonl"
    path.write_text(f"\n{json.dumps(record)}\n\n")
    assert read_table(path, space).value(read_architectures(path, space)[0]) == 0.5


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.json", '[{"architecture": "a", "accuracy": 1, "accuracy": 2}]'),
        ("t.json", '{"architecture": ["a"], "accuracy": [1], "accuracy": [2]}'),
        ("t.json", '{"architecture": {"0": "a"}, "accuracy": {"0": 1, "accuracy": 2, "accuracy": 3}}'),
        ("t.jsonl", '{"architecture": "a", "accuracy": 1, "accuracy": 2}'),
    ],
)
def test_a_key_that_is_there_twice_in_json_is_refused(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(TableError, match=f"{name}.*the key 'accuracy' is there twice"):
        read_table(path, SPACE)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("|nor_conv_3x4~0|+|none~0|none~1|+|none~0|none~1|none~2|", "did you mean 'nor_conv_3x3'"),
        ("nonsense", "'nonsense' is not a nas-bench-201 cell"),
        ("", "no architecture"),
        (None, "no architecture"),
    ],
)
def test_an_architecture_that_does_not_parse_is_named(tmp_path, suffix, value, shown):
    path = save(tmp_path / f"t{suffix}", changed("architecture", 4, value))
    for read in (read_table, read_architectures):
        with pytest.raises(TableError, match=rf"t\{suffix}, data row 5.*{shown}"):
            read(path, SPACE)


def test_an_architecture_outside_the_space_is_named(tmp_path):
    texts = ['{"link": [0, 0, 0, 0], "operations": ["gat", "gcn", "gcn", "gcn"]}']
    path = save(tmp_path / "t.csv", {"architecture": texts, "accuracy": [0.1]})
    with pytest.raises(TableError, match=r"data row 1.*'gat'"):
        read_table(path, NASBenchGraph.proteins())
    path = save(
        path, {"architecture": [texts[0].replace("gat", "skip").replace("gcn", "skip")], "accuracy": [0.1]}
    )
    with pytest.raises(TableError, match=r"data row 1.*all four operations are 'skip'"):
        read_table(path, NASBenchGraph())


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_empty_table_is_refused(tmp_path, suffix):
    path = save(tmp_path / f"t{suffix}", {name: [] for name in COLUMNS})
    with pytest.raises(TableError, match="holds no rows"):
        read_table(path, SPACE)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_empty_or_binary_file_is_refused(tmp_path, suffix):
    path = tmp_path / f"t{suffix}"
    for content in (b"", b"\xff\xfe\x00\x01" * 50, b"\x00" * 100):
        path.write_bytes(content)
        with pytest.raises(TableError, match=str(path)):
            read_table(path, SPACE)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_table_of_text_only_is_refused(tmp_path, suffix):
    path = save(tmp_path / f"t{suffix}", {"architecture": TEXTS, "remark": ["a"] * 12})
    with pytest.raises(TableError, match="no column of numbers"):
        read_table(path, SPACE)
    assert len(read_architectures(path, SPACE)) == 12


def test_a_cut_parquet_file_is_damaged(tmp_path):
    path = save(tmp_path / "t.parquet", COLUMNS)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(TableError, match="damaged, or not a Parquet file"):
        read_table(path, SPACE)


@pytest.mark.parametrize("read", [read_table, read_architectures])
def test_files_that_are_not_there_or_not_tables(tmp_path, read):
    with pytest.raises(TableError, match=r"absent\.csv: no such file"):
        read(tmp_path / "absent.csv", SPACE)
    with pytest.raises(TableError, match=r"unknown kind of table '\.jsom'; did you mean '\.json'"):
        read(tmp_path / "t.jsom", SPACE)
    with pytest.raises(TableError, match=r"unknown kind of table '\.xlsx'.* save the sheet as CSV"):
        read(tmp_path / "t.xlsx", SPACE)
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(TableError, match="cannot be read: it is no file"):
        read(tmp_path / "pipe.csv", SPACE)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(TableError, match="cannot be read: it is no file"):
        read(tmp_path / "folder.csv", SPACE)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("architecture,accuracy\n{0},0.5\n{0}\n", r"data row 2 \(line 3\): 1 cells, but 2 columns"),
        ('architecture,accuracy\n{{"link": [0, 0]}},0.5\n', r"data row 1 .*quotes around it"),
        ("architecture,accuracy,accuracy\n{0},0.5,0.6\n", "two columns named 'accuracy'"),
        ('architecture,accuracy\n"{0},0.5\n', "line 2: unexpected end of data"),
    ],
)
def test_a_badly_written_csv_says_where(tmp_path, text, message):
    path = tmp_path / "t.csv"
    path.write_text(text.format(TEXTS[0]))
    with pytest.raises(TableError, match=message):
        read_table(path, SPACE)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"architecture": "x", \n', r"data row 1 \(line 1\): Expecting property name"),
        ("[1, 2]\n", "expected a JSON object"),
        ("\n[" * 2 + "[" * 100_000, "data row 1"),
    ],
)
def test_badly_written_json_lines_say_where(tmp_path, text, message):
    path = tmp_path / "t.jsonl"
    path.write_text(text)
    with pytest.raises(TableError, match=message):
        read_table(path, SPACE)


def test_a_spreadsheets_csv_is_read(tmp_path):
    """A byte-order mark, Windows line ends, spaces, blank lines, and the index that pandas writes along."""
    path = tmp_path / "t.csv"
    path.write_bytes(
        f"\ufeff,architecture, accuracy\r\n0,{TEXTS[0]}, 0.5\r\n\r\n1,{TEXTS[1]},6e-1\r\n".encode()
    )
    table = read_table(path, SPACE)
    assert [m.name for m in table.metrics] == ["accuracy"]
    assert table.column("accuracy").tolist() == [0.5, 0.6]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_ranking_of_numpy_numbers_is_written(tmp_path, suffix):
    path = tmp_path / f"ranked{suffix}"
    scores = np.array([0.25, 0.125])
    write_table(path, {"architecture": TEXTS[:2], "score": scores, "rank": [np.int64(1), 2]})
    table = read_table(path, SPACE, metrics=["rank", "score"], minimize=["rank"])
    assert table.column("score").tolist() == [0.25, 0.125]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_writing_replaces_the_whole_file_or_leaves_it(tmp_path, suffix, monkeypatch):
    path = tmp_path / f"t{suffix}"
    write_table(path, COLUMNS)
    before = path.read_bytes()
    with pytest.raises(TableError, match="different lengths"):
        write_table(path, {**COLUMNS, "accuracy": [0.5]})

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(FileError, match=r"cannot write .*: No space left on device"):
        write_table(path, {"architecture": TEXTS[:1]})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_places_that_cannot_be_written_to(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match=r"cannot write .*t\.csv"):
        write_table(tmp_path / "file" / "t.csv", COLUMNS)
    with pytest.raises(TableError, match="unknown kind of table"):
        write_table(tmp_path / "t.txt", COLUMNS)


def test_the_documented_table_works(tmp_path, monkeypatch):
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "add-a-benchmark.md").read_text(encoding="utf-8")
    (table,) = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    Path("measured.csv").write_text(table)
    Path("example.py").write_text(code)
    found = runpy.run_path("example.py")
    assert found["value"] == 91.3
    assert found["table"].optimum("latency")[1] == 2.7
