"""Protocol-buffer messages, read field by field without a schema compiler.

Reference: the Protocol Buffers documentation, "Encoding".
"""

from collections.abc import Iterator
from struct import Struct

__all__ = ["WireError", "read_fields"]

Value = int | float | bytes

_DOUBLE = Struct("<d").unpack_from
_LONGEST_VARINT = 10
_VARINT, _DOUBLE_BYTES, _BYTES, _FOUR_BYTES = 0, 1, 2, 5


class WireError(ValueError):
    """Bytes that are no message; its reader names the file."""


def read_fields(message: bytes) -> Iterator[tuple[int, Value]]:
    r"""The fields of a message in their order: number, and value.

    A varint comes as a number without sign, eight bytes as a double, and a string, bytes or an inner message as
    bytes. Four-byte fields, which nothing here needs, are passed over.

    Raises:
        WireError: A field is cut short or of no known kind.

    >>> list(read_fields(b"\x10\x96\x01" + b"\x0a\x02hi"))
    [(2, 150), (1, b'hi')]
    """
    position, size = 0, len(message)
    while position < size:
        key = message[position]
        if key < 0x80:  # most often it is one byte
            position += 1
        else:
            key, position = _varint(message, position)
        number, kind = key >> 3, key & 7
        if number == 0:
            raise WireError("a field with the number 0")
        if kind == _DOUBLE_BYTES:
            if position + 8 > size:
                raise WireError("a double is cut short")
            yield number, _DOUBLE(message, position)[0]
            position += 8
        elif kind == _VARINT:
            value, position = _varint(message, position)
            yield number, value
        elif kind == _BYTES:
            length, position = _varint(message, position)
            if position + length > size:
                raise WireError(f"field {number} has {length} bytes, but only {size - position} are left")
            yield number, message[position : position + length]
            position += length
        elif kind == _FOUR_BYTES:
            position += 4
            if position > size:
                raise WireError("a four-byte field is cut short")
        else:
            raise WireError(f"field {number} is of the unknown kind {kind}")


def _varint(message: bytes, position: int) -> tuple[int, int]:
    """A number in groups of seven bits, and where it ends."""
    value = 0
    for index in range(_LONGEST_VARINT):
        if position + index >= len(message):
            raise WireError("a number is cut short")
        byte = message[position + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, position + index + 1
    raise WireError("a number of more than ten bytes")
