from math import comb

import pytest

from archrank import Architecture
from archrank.errors import InvalidArchitecture, ParseError, SpaceError
from archrank.spaces import NASBenchGraph
from archrank.spaces.nasbench_graph import OPERATIONS, trees
from archrank.testing import check_space

SPACE = NASBenchGraph()
PROTEINS = NASBenchGraph.proteins()


def parse(link, *operations):
    return SPACE.parse(f'{{"link": {list(link)}, "operations": {list(operations)}}}'.replace("'", '"'))


def text(link, *operations):
    return SPACE.format(parse(link, *operations))


def same(link, *operations):
    """The architecture as written, before any other row stands for it."""
    return Architecture(SPACE.name, (*link[1:], *(OPERATIONS.index(o) for o in operations)))


@pytest.mark.parametrize("space", [SPACE, PROTEINS])
def test_it_keeps_what_every_space_must(space):
    check_space(space)


def test_it_has_as_many_encodings_and_architectures_as_published():
    assert SPACE.encodings == 157_464
    assert len(SPACE) == 26_206
    assert len(PROTEINS) == 2_021


@pytest.mark.parametrize("space", [SPACE, PROTEINS])
def test_every_architecture_is_a_function_of_its_own(space):
    assert len({space.function_key(a) for a in space.architectures(space.rows())}) == len(space)


def test_the_rows_are_the_canonical_rows_of_all_encodings():
    canonical = {SPACE.canonical(row) for row in SPACE.all_encodings() if SPACE.is_valid(row)}
    assert sorted(canonical) == [tuple(row) for row in SPACE.rows().tolist()]


def labelled_trees(operations):
    """How many trees of four nodes there are, children unordered, each node with one of the operations."""
    k = operations
    pairs = comb(k + 1, 2)
    return (
        comb(k + 3, 4)  # four leaves
        + k * k * pairs  # a chain of two, and two leaves
        + k * pairs * k  # a node with two children, and a leaf
        + comb(k * k + 1, 2)  # two chains of two
        + k**3 * k  # a chain of three, and a leaf
        + k * comb(k + 2, 3)  # a node with three children
        + k * k * k * k  # a node with a chain and a child
        + k * k * pairs  # a chain of two with two children
        + k**4  # a chain of four
    )


def test_relabelled_encodings_share_the_graphs_key():
    keys = {
        PROTEINS.graph(Architecture(PROTEINS.name, row)).key
        for row in PROTEINS.all_encodings()
        if PROTEINS.is_valid(row)
    }
    all_skip = len(trees())
    assert len(keys) == labelled_trees(5) - all_skip
    assert labelled_trees(9) - all_skip == 35_910


# Each pair is an encoding and the key under which the published table holds it.
@pytest.mark.parametrize(
    ("link", "operations", "expected"),
    [
        # branches have no order
        (
            [0, 1, 0, 1],
            ["gcn", "gin", "fc", "cheb"],
            '{"link": [0, 0, 1, 1], "operations": ["gcn", "fc", "gin", "cheb"]}',
        ),
        (
            [0, 0, 0, 0],
            ["fc", "cheb", "gat", "gcn"],
            '{"link": [0, 0, 0, 0], "operations": ["gat", "gcn", "cheb", "fc"]}',
        ),
        # a skip that is read is transparent, and goes to the input
        (
            [0, 1, 2, 3],
            ["gcn", "skip", "gin", "fc"],
            '{"link": [0, 1, 2, 3], "operations": ["skip", "gcn", "gin", "fc"]}',
        ),
        # a leaf skip that is its predecessor's only child is removed
        (
            [0, 1, 2, 3],
            ["gcn", "gin", "fc", "skip"],
            '{"link": [0, 1, 2, 3], "operations": ["skip", "gcn", "gin", "fc"]}',
        ),
        # so is a leaf skip on the input
        (
            [0, 0, 1, 3],
            ["gcn", "skip", "gin", "fc"],
            '{"link": [0, 1, 2, 3], "operations": ["skip", "gcn", "gin", "fc"]}',
        ),
        # any other leaf skip stays, with multiplicity
        (
            [0, 1, 1, 1],
            ["gcn", "skip", "gin", "skip"],
            '{"link": [0, 1, 1, 1], "operations": ["gcn", "gin", "skip", "skip"]}',
        ),
        # removed skips make a chain
        (
            [0, 0, 0, 0],
            ["skip", "gcn", "skip", "skip"],
            '{"link": [0, 1, 2, 3], "operations": ["skip", "skip", "skip", "gcn"]}',
        ),
    ],
)
def test_the_published_rules(link, operations, expected):
    assert text(link, *operations) == expected


def test_the_function_is_what_the_rules_keep():
    skipped = same([0, 1, 2, 2], "skip", "gcn", "gin", "skip")
    (cell,) = SPACE.function(skipped).cells
    assert sorted(site.operation for site in cell.sites) == ["gcn", "gin", "output", "skip"]
    (raw,) = SPACE.graph(skipped).cells
    assert len(raw.sites) == 5


def test_the_all_skip_encoding_lowers_but_is_no_architecture():
    nothing = same([0, 0, 0, 0], "skip", "skip", "skip", "skip")
    assert [s.operation for s in SPACE.graph(nothing).cells[0].sites] == ["skip"] * 4 + ["output"]
    assert [s.sources for s in SPACE.function(nothing).cells[0].sites] == [(0,)]
    with pytest.raises(InvalidArchitecture, match="all four"):
        parse([0, 0, 0, 0], "skip", "skip", "skip", "skip")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ('{"link": [0, 0, 1, 2]', "at character"),
        ('{"link": [0, 0, 1, 2], "ops": []}', "did you mean 'operations'"),
        ('{"operations": ["gcn", "gcn", "gcn", "gcn"]}', "'link' is missing"),
        ('{"link": [0, 0, 1], "operations": ["gcn", "gcn", "gcn", "gcn"]}', "expected a list of 4"),
        ('{"link": [1, 0, 1, 2], "operations": ["gcn", "gcn", "gcn", "gcn"]}', "node 1 reads 1"),
        ('{"link": [0, 0, 3, 2], "operations": ["gcn", "gcn", "gcn", "gcn"]}', "node 3 reads 3"),
        ('{"link": [0, true, 1, 2], "operations": ["gcn", "gcn", "gcn", "gcn"]}', "node 2 reads True"),
        ('{"link": [0, 0, 1, 2], "operations": ["gcn", "gcm", "gcn", "gcn"]}', "did you mean 'gcn'"),
        ('{"link": [0, 0, 1, 2], "operations": ["gcn", ["gcn"], "gcn", "gcn"]}', "unknown option"),
    ],
)
def test_a_wrong_text_says_where(wrong, message):
    with pytest.raises(ParseError, match=message):
        SPACE.parse(wrong)


def test_proteins_refuses_the_operations_that_it_lacks():
    with pytest.raises(ParseError, match="'gat'"):
        PROTEINS.parse('{"link": [0, 0, 1, 2], "operations": ["gat", "gcn", "gcn", "gcn"]}')


def test_other_operations_make_other_spaces():
    small = NASBenchGraph("small", ("gcn", "skip"))
    check_space(small)
    assert small.digest != SPACE.digest
    with pytest.raises(SpaceError, match="'skip' must be among them"):
        NASBenchGraph("no-skip", ("gcn", "gat"))
