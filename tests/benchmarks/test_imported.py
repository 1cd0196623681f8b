import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from archrank.benchmarks import imported
from archrank.benchmarks.import_schema import ImportedColumns, Quantity, SourceFile
from archrank.errors import FileError, TableError
from archrank.spaces import NASBench201, NATSBenchSize
from archrank.testing import check_table

SPACE = NASBench201()
ROWS = SPACE.rows()[[500, 3, 77, 4000]]
QUANTITIES = (
    Quantity("accuracy", "of something", "validation", epochs=10, runs=(0, 1), test="tested"),
    Quantity("tested", "of something else", "test", runs=(7, 8), run_word="seed"),
    Quantity("cost", "seconds", "none", higher_is_better=False, seeds="unstated"),
)
COLUMNS = {
    "accuracy_0": np.array([0.1, 0.2, np.nan, np.nan]),
    "accuracy_1": np.array([0.3, np.nan, 0.5, np.nan]),
    "tested_seed7": np.array([1.0, 2.0, 3.0, 4.0], dtype=np.float32),
    "tested_seed8": np.array([3.0, 2.0, 1.0, 0.0], dtype=np.float32),
    "cost": np.array([1.0, 2.0, 3.0, 4.0]),
}
SOURCE = SourceFile("official.file", 1234, "ab" * 32)
MEASURED = ImportedColumns(SPACE, ROWS, QUANTITIES, COLUMNS, SOURCE)


@pytest.fixture
def path(tmp_path):
    imported.save(tmp_path / "t.parquet", "a table", MEASURED)
    return tmp_path / "t.parquet"


def test_what_was_saved_is_loaded(path):
    table, direct = imported.load(path, SPACE), MEASURED.table("a table")
    check_table(table)
    assert table.name == "a table"
    assert np.array_equal(table.rows, ROWS)
    assert table.metrics == direct.metrics
    assert table.test_metrics == direct.test_metrics
    for metric in table.metrics:
        assert np.array_equal(table.column(metric.name), direct.column(metric.name), equal_nan=True)


def test_the_plain_name_is_the_mean_of_the_runs_there_are(path):
    mean = imported.load(path, SPACE).column("accuracy")
    assert mean[:3].tolist() == [0.2, 0.2, 0.5]
    assert np.isnan(mean[3])


def test_a_label_is_kept_and_so_are_all_runs(tmp_path):
    imported.save(tmp_path / "t.parquet", "t", MEASURED, "1")
    table = imported.load(tmp_path / "t.parquet", SPACE)
    assert table.metric("accuracy").seeds == "run 1"
    assert table.metric("tested").seeds == "seed 8"
    assert table.column("tested").tolist() == [3.0, 2.0, 1.0, 0.0]
    assert table.column("accuracy_0")[1] == 0.2
    with pytest.raises(TableError, match="no run 2: it holds runs 0 to 1"):
        imported.save(tmp_path / "t.parquet", "t", MEASURED, "2")


def test_columns_are_read_when_asked_for(path, monkeypatch):
    asked = []
    original = imported._File._column
    monkeypatch.setattr(
        imported._File, "_column", lambda file, name: asked.append(name) or original(file, name)
    )
    table = imported.load(path, SPACE)
    table.column("cost")
    table.column("cost")
    assert asked == ["choices", "cost"]


def test_a_table_keeps_its_file_when_another_takes_its_place(path):
    table = imported.load(path, SPACE)
    other = ImportedColumns(SPACE, ROWS, QUANTITIES, COLUMNS | {"cost": np.zeros(4)}, SOURCE)
    imported.save(path, "a table", other)
    assert table.column("cost").tolist() == [1.0, 2.0, 3.0, 4.0]
    assert imported.load(path, SPACE).column("cost").tolist() == [0.0] * 4


def test_the_file_says_where_it_comes_from(path):
    about = json.loads(pq.read_schema(path).metadata[b"archrank"])
    assert about["format"] == imported.FORMAT
    assert about["source"] == {"name": "official.file", "size": 1234, "sha256": "ab" * 32}


def test_another_space_is_refused(path):
    with pytest.raises(TableError, match="written for the space 'nas-bench-201', but 'nats-bench-size'"):
        imported.load(path, NATSBenchSize())
    changed = NASBench201()
    changed.choices = changed.choices[::-1]
    with pytest.raises(TableError, match=r"for the digest .* import it again"):
        imported.load(path, changed)


def rewritten(path, change):
    """The same file with another description, honestly signed."""
    content = pq.read_table(path)
    about = json.loads(content.schema.metadata[b"archrank"])
    change(about)
    text = json.dumps(about).encode()
    metadata = {b"archrank": text, b"archrank.sha256": imported._digest(text)}
    pq.write_table(content.replace_schema_metadata(metadata), path)


def test_a_later_format_is_refused(path):
    rewritten(path, lambda about: about.update(format=imported.FORMAT + 1))
    with pytest.raises(
        TableError, match="has the format 2, of a later archrank; this one reads up to 1: update"
    ):
        imported.load(path, SPACE)


@pytest.mark.parametrize(
    "change",
    [
        lambda about: about.pop("quantities"),
        lambda about: about.update(format="1"),
        lambda about: about.update(label="median"),
        lambda about: about["quantities"][0].update(strange=1),
        lambda about: about["source"].pop("sha256"),
    ],
)
def test_a_description_that_is_no_description_is_refused(path, change):
    rewritten(path, change)
    with pytest.raises(TableError, match="is damaged, or no imported table"):
        imported.load(path, SPACE)


def test_a_missing_column_is_noticed_when_it_is_asked_for(path):
    rewritten(path, lambda about: about["quantities"][2].update(name="price"))
    with pytest.raises(TableError, match="is damaged"):
        imported.load(path, SPACE).column("price")


@pytest.mark.parametrize("rows", [ROWS[[0, 1, 1]], ROWS + np.int16(10), ROWS[:0]])
def test_rows_that_are_none_of_the_space_are_refused(rows, tmp_path):
    columns = {name: column[: len(rows)] for name, column in COLUMNS.items()}
    imported.save(tmp_path / "t.parquet", "t", ImportedColumns(SPACE, rows, QUANTITIES, columns, SOURCE))
    with pytest.raises(TableError, match=r"holds rows that are no rows|holds a row twice"):
        imported.load(tmp_path / "t.parquet", SPACE)


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "t.parquet"
    with pytest.raises(TableError, match="no such file"):
        imported.load(path, SPACE)
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(TableError, match="is damaged, or no imported table"):
        imported.load(path, SPACE)
    pq.write_table(pa.table({"a": [1]}), path)
    with pytest.raises(TableError, match="a Parquet file, but no imported table"):
        imported.load(path, SPACE)


def test_where_nothing_can_be_written_nothing_is_left(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="cannot write"):
        imported.save(tmp_path / "file" / "t.parquet", "t", MEASURED)
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
