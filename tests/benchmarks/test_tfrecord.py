import io
import struct

import pytest

from archrank.benchmarks import tfrecord as module
from archrank.benchmarks.tfrecord import LARGEST_RECORD, read_records
from archrank.errors import TableError
from official_files import sums, tfrecord

RECORDS = [b"first", b"", b"a much longer third record " * 9, b"x"]


def read(content, seen=None):
    return list(read_records(io.BytesIO(content), "a file", (seen if seen is not None else []).append))


@pytest.mark.parametrize("chunk", [1, 7, 16, 17, 1 << 20])
def test_records_come_back_however_they_fall_into_chunks(chunk, monkeypatch):
    monkeypatch.setattr(module, "CHUNK", chunk)
    seen = []
    content = tfrecord(RECORDS)
    assert read(content, seen) == RECORDS
    assert b"".join(seen) == content


def test_an_empty_file_has_no_records():
    assert read(b"") == []


@pytest.mark.parametrize("chunk", [5, 1 << 20])
def test_every_cut_inside_a_record_is_noticed(chunk, monkeypatch):
    monkeypatch.setattr(module, "CHUNK", chunk)
    content = tfrecord(RECORDS)
    ends = [len(tfrecord(RECORDS[:n])) for n in range(len(RECORDS) + 1)]
    for length in range(len(content)):
        good = sum(end <= length for end in ends) - 1
        if length in ends:
            assert read(content[:length]) == RECORDS[:good]
            continue
        with pytest.raises(
            TableError, match=rf"a file: record {good + 1}, at byte {ends[good]},.*is cut short"
        ):
            read(content[:length])


def test_every_flipped_bit_is_noticed_and_its_record_named():
    content = tfrecord(RECORDS)
    ends = [len(tfrecord(RECORDS[:n])) for n in range(len(RECORDS) + 1)]
    for place in range(len(content)):
        number = sum(end <= place for end in ends)
        for bit in (1, 128):
            bad = bytearray(content)
            bad[place] ^= bit
            with pytest.raises(TableError, match=rf"a file: record {number}, at byte"):
                read(bytes(bad))


def test_the_message_says_how_many_records_are_good():
    content = bytearray(tfrecord([b"record %d" % n for n in range(2000)]))
    content[-20] ^= 1
    with pytest.raises(
        TableError, match=r"record 2,000, .* is damaged: .*the 1,999 records before it are good"
    ):
        read(bytes(content))
    with pytest.raises(TableError, match="the one record before it is good"):
        read(tfrecord([b"a", b"b"])[:-1])


def test_a_record_too_large_for_any_table_is_not_waited_for():
    head = struct.pack("<Q", LARGEST_RECORD + 1)
    (checksum,) = sums([head])
    with pytest.raises(TableError, match=r"65,537 bytes, more than.*is this the right file"):
        read(tfrecord([b"a"]) + head + struct.pack("<I", checksum) + b"data")


def test_a_file_of_another_kind_is_told():
    with pytest.raises(TableError, match="no TFRecord file"):
        read(b"architecture,accuracy\n" * 10)
