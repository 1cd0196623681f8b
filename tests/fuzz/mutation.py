"""Inputs that are nearly right: seeded changes of a small corpus."""

from random import Random

_SIGNS = b"\x00 \xff \xff\xfe \n \r\n \" ' , ; \t # ( [ { ) ] } \\ % | ~ + - . : = nan inf null None true 1e400 -0 1_0"

EDGES = (
    *_SIGNS.split(b" "),
    *(b"9" * 400, b"9" * 5_000, b"[" * 300, b"(" * 2_000, b'{"a":' * 200, b"\xed\xa0\x80", "é∅→".encode()),
    *(
        b"\x85" * 3_000,
        b"2\x86" * 60,
        b"\x94",
        b"h\x00",
        b"r\xff\xff\xff\x7f",
        b"\x8a\xff",
        b"Unnamed: 0",
        b"  ",
    ),
)
"""What readers stumble over."""

LONGEST = 200_000


def changed(rng: Random, corpus: list[bytes]) -> bytes:
    """One of a corpus with one to six changes."""
    data = bytearray(rng.choice(corpus))
    for _ in range(rng.randint(1, 6)):
        place = rng.randrange(len(data) + 1)
        end = min(len(data), place + rng.choice((1, 1, 2, 4, 16, 200)))
        match rng.randrange(7):
            case 0 if place < len(data):
                data[place] ^= 1 << rng.randrange(8)
            case 1 if place < len(data):
                data[place] = rng.randrange(256)
            case 2:
                del data[place:end]
            case 3:
                data[place:place] = data[place:end] * rng.choice((1, 2, 50))
            case 4:
                other = rng.choice(corpus)
                begin = rng.randrange(len(other) + 1)
                data[place:end] = other[begin : begin + rng.choice((4, 32, 500))]
            case 5:
                del data[place:]
            case _:
                data[place:place] = rng.choice(EDGES)
    return bytes(data[:LONGEST])
