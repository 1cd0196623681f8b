import pytest

from archrank import Cell, Graph, Site
from archrank.errors import SpaceError


def key(inputs, junctions, sites, outputs):
    return Graph((Cell(inputs, junctions, tuple(Site(*site) for site in sites), outputs),)).key


def test_parallel_branches_have_no_order():
    a = key(1, 4, [("conv", (0,), 1), ("pool", (0,), 2), ("sum", (1, 2), 3)], (3,))
    b = key(1, 4, [("pool", (0,), 1), ("conv", (0,), 2), ("sum", (2, 1), 3)], (3,))
    assert a == b


def test_a_chain_has_an_order():
    a = key(1, 3, [("conv", (0,), 1), ("pool", (1,), 2)], (2,))
    b = key(1, 3, [("pool", (0,), 1), ("conv", (1,), 2)], (2,))
    assert a != b


def test_inputs_keep_their_places():
    first = key(2, 3, [("conv", (0,), 2)], (2,))
    second = key(2, 3, [("conv", (1,), 2)], (2,))
    assert first != second


def test_an_operation_twice_is_not_the_operation_once():
    once = key(1, 2, [("conv", (0,), 1)], (1,))
    twice = key(1, 2, [("conv", (0,), 1), ("conv", (0,), 1)], (1,))
    assert once != twice


def test_a_source_read_twice_is_not_the_source_read_once():
    assert key(1, 2, [("conv", (0,), 1)], (1,)) != key(1, 2, [("conv", (0, 0), 1)], (1,))


def test_the_sum_of_two_edges_is_not_one_site_that_reads_both():
    edges = key(2, 3, [("conv", (0,), 2), ("conv", (1,), 2)], (2,))
    node = key(2, 3, [("conv", (0, 1), 2)], (2,))
    assert edges != node


def test_what_leaves_the_cell_matters():
    sites = [("conv", (0,), 1), ("pool", (0,), 2)]
    assert key(1, 3, sites, (1,)) != key(1, 3, sites, (2,))
    assert key(1, 3, sites, (1, 2)) == key(1, 3, sites, (2, 1))


def test_regular_graphs_that_colours_cannot_tell_apart_have_different_keys():
    """Two squares and a cycle of eight: every junction looks alike, only trying orders tells them apart."""

    def layered(pairs):
        return key(1, 10, [("in", (0,), j) for j in range(1, 5)] + [("op", p, t) for p, t in pairs], (9,))

    squares = [((1, 2), 5), ((1, 2), 6), ((3, 4), 7), ((3, 4), 8)]
    ring = [((1, 2), 5), ((2, 3), 6), ((3, 4), 7), ((1, 4), 8)]
    out = [((5, 6, 7, 8), 9)]
    assert layered(squares + out) != layered(ring + out)


def test_many_equal_branches_take_no_time():
    sites = [("conv", (0,), j) for j in range(1, 40)] + [("sum", tuple(range(1, 40)), 40)]
    assert key(1, 41, sites, (40,)) == key(1, 41, sites[::-1], (40,))


def test_cells_keep_their_places():
    a = Cell(1, 2, (Site("conv", (0,), 1),), (1,))
    b = Cell(1, 2, (Site("pool", (0,), 1),), (1,))
    assert Graph((a, b)).key != Graph((b, a)).key


@pytest.mark.parametrize(
    ("sites", "outputs"),
    [
        ([Site("conv", (1,), 1)], (2,)),
        ([Site("conv", (), 1)], (2,)),
        ([Site("conv", (0,), 3)], (2,)),
        ([Site("conv", (-1,), 1)], (2,)),
        ([], (3,)),
        ([], ()),
    ],
)
def test_an_ill_made_cell_is_refused(sites, outputs):
    with pytest.raises(SpaceError):
        Cell(1, 3, tuple(sites), outputs)


def test_nothing_writes_to_an_input():
    with pytest.raises(SpaceError, match="first 2 are inputs"):
        Cell(2, 3, (Site("conv", (0,), 1),), (2,))
