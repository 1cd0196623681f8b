import numpy as np
import pytest

from archrank.benchmarks.crc32c import crc32c, masked


def one(content):
    return int(crc32c(np.frombuffer(content + b"\0", dtype=np.uint8), [0], [len(content)])[0])


# RFC 3720, appendix B.4, and the customary check value.
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
        (b"123456789", 0xE3069283),
        (b"", 0),
    ],
)
def test_published_values(content, expected):
    assert one(content) == expected


def test_strings_of_all_lengths_side_by_side():
    rng = np.random.default_rng(0)
    data = rng.integers(0, 256, 3000, dtype=np.uint8)
    lengths = np.array([0, 1, 2, 3, 4, 7, 8, 100, 0, 399])
    starts = rng.integers(0, 2000, len(lengths))
    together = crc32c(data, starts, lengths).tolist()
    assert together == [one(data[s : s + n].tobytes()) for s, n in zip(starts, lengths, strict=True)]


def test_no_strings():
    assert crc32c(np.zeros(1, dtype=np.uint8), [], []).tolist() == []


def test_the_frame_of_an_empty_record():
    """The sixteen bytes by which TensorFlow writes a record without data."""
    both = masked(crc32c(np.zeros(9, dtype=np.uint8), [0, 0], [8, 0]))
    assert both.astype("<u4").tobytes().hex(" ") == "29 03 98 07 d8 ea 82 a2"
