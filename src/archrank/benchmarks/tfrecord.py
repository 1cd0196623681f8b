"""TFRecord files without TensorFlow: records one after the other, each framed by two checksums.

A record is its length (8 bytes), the length's checksum (4), the data, and the data's checksum (4), little-endian.
"""

from collections.abc import Callable, Iterator
from typing import BinaryIO

import numpy as np

from archrank.benchmarks.crc32c import crc32c, masked
from archrank.errors import TableError

__all__ = ["LARGEST_RECORD", "good_before", "read_records"]

LARGEST_RECORD = 1 << 16
"""No record of a table that this project reads comes near this many bytes."""

CHUNK = 1 << 22

_HEAD = 12
_FRAME = 16


def read_records(stream: BinaryIO, name: str, on_chunk: Callable[[bytes], None]) -> Iterator[bytes]:
    """Give the records of a file, each after both its checksums were found right.

    Args:
        stream: The file, opened for reading bytes.
        name: What to call it in messages.
        on_chunk: Called with every piece that was read, in order.

    Raises:
        TableError: A record is damaged or cut short, or the file is none of this kind; the message names
            the record, and how many before it are good.
    """
    rest, offset, number = b"", 0, 0
    while chunk := stream.read(CHUNK):
        on_chunk(chunk)
        content = rest + chunk
        starts, lengths, end = _frames(content)
        _check(content, starts, lengths, name, offset, number)
        if len(content) - end >= _HEAD:
            _check_head(content[end : end + _HEAD], name, offset + end, number + len(starts))
        for start, length in zip(starts, lengths, strict=True):
            yield content[start : start + length]
        number += len(starts)
        offset += end
        rest = content[end:]
    if rest:
        raise TableError(
            f"{_where(name, number, offset)} is cut short: the file ends after {len(rest):,} bytes of it; "
            f"{good_before(number)}; download it again"
        )


def _frames(content: bytes) -> tuple[list[int], list[int], int]:
    """Where the data of the whole records begin, how long they are, and where the first other one begins."""
    starts, lengths, position = [], [], 0
    while position + _FRAME <= len(content):
        length = int.from_bytes(content[position : position + 8], "little")
        after = position + _FRAME + length
        if after > len(content):
            break
        starts.append(position + _HEAD)
        lengths.append(length)
        if length > LARGEST_RECORD:
            break
        position = after
    else:
        return starts, lengths, position
    if lengths and lengths[-1] > LARGEST_RECORD:  # left to the check of the head
        starts.pop()
        lengths.pop()
    return starts, lengths, position


def _check(
    content: bytes, starts: list[int], lengths: list[int], name: str, offset: int, number: int
) -> None:
    """Compare both checksums of whole records, all at once."""
    if not starts:
        return
    data = np.frombuffer(content, dtype=np.uint8)
    start, length = np.array(starts), np.array(lengths)
    wrong = masked(crc32c(data, start - _HEAD, np.full(len(start), 8))) != _sums(data, start - 4)
    wrong |= masked(crc32c(data, start, length)) != _sums(data, start + length)
    if wrong.any():
        bad = int(wrong.argmax())
        _damaged(name, number + bad, offset + starts[bad] - _HEAD)


def _sums(data: np.ndarray, positions: np.ndarray) -> np.ndarray:
    return data[positions[:, None] + np.arange(4)].copy().view("<u4")[:, 0]


def _check_head(head: bytes, name: str, offset: int, number: int) -> None:
    """Check the length of a record that is not whole yet, before more bytes are read."""
    data = np.frombuffer(head, dtype=np.uint8)
    if masked(crc32c(data, [0], [8]))[0] != int.from_bytes(head[8:], "little"):
        _damaged(name, number, offset)
    length = int.from_bytes(head[:8], "little")
    if length > LARGEST_RECORD:
        raise TableError(
            f"{_where(name, number, offset)} has {length:,} bytes, more than the {LARGEST_RECORD:,} that any "
            "known table needs; is this the right file?"
        )


def _damaged(name: str, number: int, offset: int) -> None:
    if number == 0:
        raise TableError(
            f"{_where(name, number, offset)}: its checksum does not match, so the file is no TFRecord file, or is "
            "damaged at its very beginning; download it again"
        )
    raise TableError(
        f"{_where(name, number, offset)} is damaged: its checksum does not match; {good_before(number)}; "
        "download it again"
    )


def _where(name: str, number: int, offset: int) -> str:
    return f"{name}: record {number + 1:,}, at byte {offset:,},"


def good_before(number: int) -> str:
    """How many records before a bad one are good, in words."""
    return f"the {number:,} records before it are good" if number != 1 else "the one record before it is good"
