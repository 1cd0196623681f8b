"""CRC-32C of many byte strings at once, as TFRecord files use it.

Reference: RFC 3720, section 12.1 (Castagnoli's polynomial); the masking is TFRecord's own.
"""

from functools import cache

import numpy as np
import numpy.typing as npt

__all__ = ["crc32c", "masked"]

Sums = npt.NDArray[np.uint32]

_POLYNOMIAL = 0x82F63B78
_MASK_DELTA = 0xA282EAD8


@cache
def _table() -> Sums:
    sums = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        sums = np.where(sums & 1, (sums >> 1) ^ np.uint32(_POLYNOMIAL), sums >> 1).astype(np.uint32)
    return sums


def crc32c(data: npt.NDArray[np.uint8], starts: npt.ArrayLike, lengths: npt.ArrayLike) -> Sums:
    """The checksums of B byte strings that lie in one buffer.

    All are worked on side by side, aligned at their ends: a string that has not begun yet is all zeros, and zeros
    leave a checksum of zero as it is.

    Args:
        data: The buffer.
        starts: Where each string begins in it: (B,).
        lengths: How many bytes each has: (B,).

    >>> data = np.frombuffer(b"123456789", dtype=np.uint8)
    >>> hex(crc32c(data, [0], [9])[0])
    '0xe3069283'
    """
    length = np.asarray(lengths, dtype=np.int64)
    end = np.asarray(starts, dtype=np.int64) + length
    table = _table()
    sums = np.zeros(len(length), dtype=np.uint32)
    for left in range(int(length.max(initial=0)), 0, -1):
        begun = length >= left
        sums[length == left] = 0xFFFFFFFF
        byte = np.where(begun, data[np.where(begun, end - left, 0)], np.uint8(0))
        sums = table[sums.astype(np.uint8) ^ byte] ^ (sums >> np.uint32(8))
    return np.where(length > 0, ~sums, np.uint32(0)).astype(np.uint32)


def masked(sums: Sums) -> Sums:
    """The form in which TFRecord files hold checksums: rotated right by 15 bits, plus a constant."""
    rotated = (sums >> np.uint32(15)) | (sums << np.uint32(17))
    return rotated + np.uint32(_MASK_DELTA)
