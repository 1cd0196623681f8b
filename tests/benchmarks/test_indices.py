import numpy as np

from archrank import Architecture
from archrank.benchmarks.indices import RowIndex, row_numbers
from archrank.spaces import EnasMacro, NASBench101, NASBench201

SPACE = NASBench201()


def test_numbers_are_in_the_order_of_rows():
    for space in (SPACE, NASBench101(vertices=5)):
        numbers = row_numbers(space.rows(), space)
        assert (np.diff(numbers) > 0).all()
        assert numbers[0] >= 0
        assert numbers[-1] < space.encodings


def test_every_row_is_found_where_it_stands():
    rows = SPACE.rows()[np.random.default_rng(0).permutation(len(SPACE))[:500]]
    places = RowIndex(rows, SPACE)
    assert [places.get(tuple(row)) for row in rows.tolist()] == list(range(500))
    there = set(map(tuple, rows.tolist()))
    assert all(places.get(tuple(row)) is None for row in SPACE.rows().tolist() if tuple(row) not in there)


def test_rows_of_no_architecture_are_not_found():
    """The second row would have the number of (0, 0, 0, 0, 1, 0)."""
    places = RowIndex(SPACE.rows()[:200], SPACE)
    for row in [(0, 0, 0, 0, 0, -1), (0, 0, 0, 0, 0, 5), (0,) * 5, (0,) * 7, ()]:
        assert places.get(row) is None


def test_a_space_too_large_for_numbers():
    space = EnasMacro(12)
    assert space.encodings > 2**63
    rng = np.random.default_rng(0)
    rows = np.array([a.choices for a in space.sample(50, rng)], dtype=np.int16)
    assert row_numbers(rows, space) is None
    places = RowIndex(rows, space)
    assert [places.get(tuple(row)) for row in rows.tolist()] == list(range(50))
    (other,) = space.sample(1, rng)
    assert places.get(other.choices) is None
    assert isinstance(other, Architecture)
