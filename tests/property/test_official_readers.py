"""Laws of the readers of files from elsewhere: what was written is read, and nothing else ever is."""

import io
import json
import pickle
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archrank.benchmarks import imported, natsbench
from archrank.benchmarks.crc32c import crc32c
from archrank.benchmarks.import_schema import ImportedColumns, Quantity, SourceFile
from archrank.benchmarks.nasbench101 import read_tfrecord
from archrank.benchmarks.pickles import NUMPY_NUMBERS, ORDERED, restricted_loads
from archrank.benchmarks.protobuf import WireError, read_fields
from archrank.benchmarks.tfrecord import read_records
from archrank.errors import ArchrankError, TableError
from archrank.spaces import NASBench101, NASBench201
from official_files import cells, nats_file, packed, records, tfrecord, varint

ALLOWED = {**NUMPY_NUMBERS, **ORDERED}

contents = st.lists(st.binary(max_size=60), min_size=1, max_size=8)


def framed(content, chunk=1 << 20):
    class Pieces(io.BytesIO):
        def read(self, size=-1):
            return super().read(chunk)

    return list(read_records(Pieces(content), "a file", lambda piece: None))


def plain_crc32c(content):
    state = 0xFFFFFFFF
    for byte in content:
        state ^= byte
        for _ in range(8):
            state = state >> 1 ^ (0x82F63B78 if state & 1 else 0)
    return state ^ 0xFFFFFFFF


@given(contents)
@settings(max_examples=60, deadline=None)
def test_checksums_are_those_of_a_plain_loop(strings):
    data = np.frombuffer(b"".join(strings) + b"\0", dtype=np.uint8)
    lengths = np.array([len(each) for each in strings])
    assert crc32c(data, np.cumsum(lengths) - lengths, lengths).tolist() == list(map(plain_crc32c, strings))


@given(contents, st.integers(1, 100))
@settings(max_examples=60, deadline=None)
def test_records_come_back(strings, chunk):
    assert framed(tfrecord(strings), chunk) == strings


@given(contents, st.data())
@settings(max_examples=120, deadline=None)
def test_any_changed_byte_is_detected(strings, data):
    content = bytearray(tfrecord(strings))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(TableError):
        framed(bytes(content), data.draw(st.integers(1, 100)))


@given(contents, st.data())
@settings(max_examples=80, deadline=None)
def test_any_cut_is_detected_unless_it_leaves_whole_records(strings, data):
    content = tfrecord(strings)
    length = data.draw(st.integers(0, len(content)))
    ends = [len(tfrecord(strings[:n])) if n else 0 for n in range(len(strings) + 1)]
    if length in ends:
        assert framed(content[:length]) == strings[: ends.index(length)]
        return
    with pytest.raises(TableError, match=f"record {sum(end <= length for end in ends)}, at"):
        framed(content[:length])


OFFICIAL = records(cells(NASBench101(vertices=4), 3))


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_a_changed_record_with_honest_checksums_gives_data_or_a_table_error(data):
    """Whatever a record says, it is read as data, or refused by name."""
    place = data.draw(st.integers(0, len(OFFICIAL) - 1))
    record = bytearray(OFFICIAL[place])
    for _ in range(data.draw(st.integers(1, 3))):
        record[data.draw(st.integers(0, len(record) - 1))] = data.draw(st.integers(0, 255))
    changed = [*OFFICIAL[:place], bytes(record), *OFFICIAL[place + 1 :]]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "f.tfrecord")
        path.write_bytes(tfrecord(changed))
        complaint = "f.tfrecord: record "
        try:
            measured = read_tfrecord(path, partial=True)
        except TableError as error:
            complaint = str(error)
        else:
            assert len(measured.rows) <= len(OFFICIAL)
    assert "f.tfrecord: record " in complaint


@given(st.binary(max_size=80))
@settings(max_examples=300, deadline=None)
def test_random_bytes_are_a_message_or_a_wire_error(message):
    try:
        fields = list(read_fields(message))
    except WireError:
        return
    assert all(number > 0 for number, _ in fields)


@given(
    st.lists(st.tuples(st.integers(1, 2000), st.one_of(st.integers(0, 2**64 - 1), st.binary(max_size=20))))
)
@settings(max_examples=100, deadline=None)
def test_messages_read_back(fields):
    message = b"".join(
        varint(number << 3) + varint(value)
        if isinstance(value, int)
        else varint(number << 3 | 2) + varint(len(value)) + value
        for number, value in fields
    )
    assert list(read_fields(message)) == fields


FILE = nats_file("8:8:8:8:8", {"01": (1, [("cifar10", 777)])})
PICKLE = pickle.dumps(FILE, 4)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_a_changed_pickle_gives_data_or_a_table_error(data):
    content = bytearray(PICKLE)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    try:
        restricted_loads(bytes(content[: cut or None]), ALLOWED, "a file")
    except TableError:
        return


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_random_bytes_are_no_file_of_nats_bench(content):
    for each in (content, packed(FILE)[: len(content)] + content):
        with pytest.raises(TableError):
            natsbench._unpickled(each, "a file")


SPACE = NASBench201()
ROWS = SPACE.rows()[::700]
MEASURED = ImportedColumns(
    SPACE,
    ROWS,
    (
        Quantity("accuracy", "of something", "validation", runs=(0, 1)),
        Quantity("cost", "of something", "none"),
    ),
    {name: np.random.default_rng(0).random(len(ROWS)) for name in ("accuracy_0", "accuracy_1", "cost")},
    SourceFile("f", 1, "0"),
)


def everything(path):
    table = imported.load(path, SPACE)
    columns = {metric.name: table.column(metric.name).tolist() for metric in table.metrics}
    return json.dumps([table.name, table.rows.tolist(), columns, [str(metric) for metric in table.metrics]])


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("imported") / "t.parquet"
    imported.save(path, "t", MEASURED)
    return path, path.read_bytes(), everything(path)


def refused_or_unchanged(saved, content):
    path, _, expected = saved
    damaged = path.with_name("damaged.parquet")
    damaged.write_bytes(content)
    try:
        found = everything(damaged)
    except ArchrankError:
        return True
    return found == expected


def test_a_flipped_bit_in_any_byte_of_the_pages(saved):
    """Every byte once, for no checksum covers the heads of pages."""
    whole = saved[1]
    footer = int.from_bytes(whole[-8:-4], "little") + 8
    for place in range(len(whole) - footer):
        content = bytearray(whole)
        content[place] ^= 1 << place % 8
        assert refused_or_unchanged(saved, content), place


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_a_damaged_table_is_refused_or_unchanged(saved, data):
    content = bytearray(saved[1])
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.one_of(st.none(), st.integers(0, len(content))))
    assert refused_or_unchanged(saved, content[:cut])
