import numpy as np
import pytest

from archrank import Cell, Graph, Site
from archrank.arrays import stack
from archrank.attribute_features import Placed, attribute_matrix, place_sums
from archrank.errors import SpaceError, UnknownName


def placed(*cells):
    return Placed(stack([Graph((cell,)) for cell in cells], ("a", "b"))[0])


def test_the_places_of_a_chain_have_the_attributes_of_its_operations():
    names = ("a", "b", "b", "a", "b", "a", "a")
    chain = Cell(1, 8, tuple(Site(name, (at,), at + 1) for at, name in enumerate(names)), (7,))
    values = np.array([[3.0, 1.0], [5.0, 0.0]])
    sums = place_sums(placed(chain), values, 7)
    assert sums[0, 0].tolist() == [3, 5, 5, 3, 5, 3, 3]
    assert sums[0, 1].tolist() == [1, 0, 0, 1, 0, 1, 1]


def test_the_longest_path_counts_and_what_is_not_on_a_path_does_not():
    """b lies after a, and beside it; a site that nothing reads is on no path."""
    sites = (Site("a", (0,), 1), Site("b", (0, 1), 2), Site("b", (0,), 3))
    sums = place_sums(placed(Cell(1, 4, sites, (2,))), np.eye(2), 3)
    assert sums[0].tolist() == [[1, 0, 0], [0, 1, 0]]


def test_the_numbers_of_junctions_do_not_count():
    first = Cell(1, 4, (Site("a", (0,), 1), Site("b", (0,), 2), Site("a", (1, 2), 3)), (3,))
    other = Cell(1, 4, (Site("b", (0,), 1), Site("a", (0,), 2), Site("a", (2, 1), 3)), (3,))
    sums = place_sums(placed(first, other), np.eye(2), 2)
    assert np.array_equal(sums[0], sums[1])


def test_places_beyond_the_last_are_left_out():
    chain = Cell(1, 4, tuple(Site("a", (at,), at + 1) for at in range(3)), (3,))
    assert place_sums(placed(chain), np.eye(2), 2)[0, 0].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("attributes", "error", "message"),
    [
        ({"c": {"kernel": 3}}, UnknownName, "unknown operation in attributes 'c'"),
        (
            {"a": {"kernel": float("inf")}},
            SpaceError,
            "'kernel' of 'a' is inf; expected a number from -1e\\+15 to 1e\\+15",
        ),
        ({"a": {"kernel": "three"}}, SpaceError, "'kernel' of 'a' is 'three'; expected a number"),
        ({"a": {"kernel": 10**400}}, SpaceError, "expected a number"),
        ({"a": {"kernel": 1e300}}, SpaceError, "'kernel' of 'a' is 1e[+]300; expected a number"),
        ({"a": {"kernel": True}}, SpaceError, "'kernel' of 'a' is True; expected a number"),
        ({"a": {"kernel": np.complex64(1)}}, SpaceError, "expected a number"),
        ({"a": {"kernel": np.timedelta64(3)}}, SpaceError, "expected a number"),
        ({"a": {3: 1.0}}, SpaceError, "the attribute 3 of 'a'; expected a text"),
        ({"a": 3}, SpaceError, "the attributes of 'a' are 3; expected numbers by name"),
        ([("a", {})], SpaceError, "expected a mapping of operations"),
    ],
)
def test_attributes_that_are_no_numbers_of_operations_are_refused(attributes, error, message):
    with pytest.raises(error, match=message):
        attribute_matrix(("a", "b"), attributes)
