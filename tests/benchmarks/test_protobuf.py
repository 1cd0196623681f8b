import struct

import pytest

from archrank.benchmarks.protobuf import WireError, read_fields


def fields(message):
    return list(read_fields(message))


def test_each_kind_of_field():
    double = b"\x09" + struct.pack("<d", 0.25)
    four_bytes = b"\x1d" + struct.pack("<f", 1.0)
    assert fields(double + b"\x10\xac\x02" + four_bytes + b"\x22\x03abc" + b"\xa0\x06\x01") == [
        (1, 0.25),
        (2, 300),
        (4, b"abc"),
        (100, 1),
    ]
    assert fields(b"") == []


def test_the_largest_number():
    assert fields(b"\x08" + b"\xff" * 9 + b"\x01") == [(1, 2**64 - 1)]


@pytest.mark.parametrize(
    "message",
    [
        b"\x08",  # a key without a value
        b"\x08\x80",  # a number that goes on
        b"\x08" + b"\x80" * 10 + b"\x01",  # a number that never ends
        b"\x09" + bytes(7),  # a short double
        b"\x1d" + bytes(3),  # a short four-byte field
        b"\x0a\x05abc",  # a short string
        b"\x0a\xff\xff\xff\xff\x0f",  # a string of gigabytes
        b"\x0b",  # a group
        b"\x0f",  # no kind
        b"\x00\x01",  # no field
    ],
)
def test_what_is_no_message_is_refused(message):
    with pytest.raises(WireError):
        fields(message)
