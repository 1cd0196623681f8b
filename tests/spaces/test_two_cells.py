import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archrank import Architecture
from archrank.encoders import GATES
from archrank.errors import InvalidArchitecture, ParseError, SpaceError
from archrank.predictors import GaussianProcess, NeuralPredictor
from archrank.ranking import kendall_tau
from archrank.spaces import Darts, Enas
from archrank.testing import check_encoder, check_predictor, check_space
from genotypes import DARTS_V2


@pytest.mark.parametrize(
    "space",
    [Enas(1), Enas(1, loose_ends=True), Darts(1), Enas(), Enas.original(), Darts()],
    ids=lambda s: s.name,
)
def test_they_keep_what_every_space_must(space):
    check_space(space)


@pytest.mark.parametrize("space", [Enas(1), Darts(1)], ids=lambda s: s.name)
def test_the_size_is_what_a_list_of_all_counts(space):
    assert space.size == len(space) == len(space.rows())


def test_sizes():
    assert Enas().size == (55 * 120 * 210 * 325) ** 2
    assert Darts().size == (1 * 3 * 6 * 10 * 7**8) ** 2
    assert Enas.original().size == (55 * 120 * 210 * 325 * 465) ** 2


def test_sampling_a_node_is_uniform():
    space = Enas(1)
    drawn = space.sample(20_000, np.random.default_rng(0))
    counts = np.unique([a.choices[:4] for a in drawn], axis=0, return_counts=True)[1]
    assert len(counts) == 55
    expected = 20_000 / 55
    assert ((counts - expected) ** 2 / expected).sum() < 54 + 5 * np.sqrt(2 * 54)


def test_the_field_s_genotype_is_read_and_written():
    space = Darts()
    architecture = space.parse(DARTS_V2)
    assert space.parse(space.format(architecture)) == architecture
    assert space.parse(DARTS_V2.replace("[2, 3, 4, 5]", "range(2, 6)")) == architecture
    assert space.parse(DARTS_V2.replace(", ", ",\n  ")) == architecture
    nodes = space.graph(architecture).cells[0].sites
    assert [(s.operation, s.sources[0], s.target) for s in nodes[4:]] == [
        ("skip_connect", 0, 4),
        ("sep_conv_3x3", 1, 4),
        ("skip_connect", 0, 5),
        ("dil_conv_3x3", 2, 5),
    ]


def test_the_two_operations_of_a_node_have_no_order():
    swapped = DARTS_V2.replace(
        "('skip_connect', 0), ('dil_conv_3x3', 2)", "('dil_conv_3x3', 2), ('skip_connect', 0)"
    )
    assert swapped != DARTS_V2
    assert Darts().parse(swapped) == Darts().parse(DARTS_V2)


def test_nodes_numbered_anew_compute_the_same():
    space = Enas(2)
    one = space.architecture((0, 1, 1, 2, 0, 3, 1, 4) * 2)
    other = space.architecture((0, 3, 1, 4, 0, 1, 1, 2) * 2)
    assert one != other
    assert space.function_key(one) == space.function_key(other)


def test_loose_ends_are_the_nodes_that_none_reads():
    space = Enas(3, loose_ends=True)
    chain = (0, 0, 1, 0, 2, 0, 2, 0, 0, 0, 3, 0)
    apart = (0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0)
    graph = space.graph(Architecture(space.name, chain + apart))
    assert [cell.outputs for cell in graph.cells] == [(4,), (2, 3, 4)]
    all_of_them = Enas(3).graph(Architecture("enas-3-nodes", chain + apart))
    assert [cell.outputs for cell in all_of_them.cells] == [(2, 3, 4)] * 2


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (DARTS_V2, "", "not a genotype"),
        (DARTS_V2, "Genotype(", "at character"),
        (DARTS_V2, "f(normal=1)", "calls of 'f' are not read"),
        (DARTS_V2, "__import__('os').system('true')", "calls of '__import__' are not read"),
        (DARTS_V2, "Genotype([], [])", "reduce is missing, and could be the same cell as normal"),
        (DARTS_V2, "Genotype([], [], [], [], [])", "5 values without a name"),
        (DARTS_V2, "[1, 2, 3]", "no call of Genotype"),
        (DARTS_V2, DARTS_V2 + " " + DARTS_V2, r"holds 2 times Genotype\(…\); give one of them"),
        ("reduce=[", "normal=[], reduce=[", "'normal' is there twice"),
        (DARTS_V2, "Genotype(" + "(" * 5_000 + ")" * 5_000 + ")", "not a genotype"),
        (DARTS_V2, "Genotype(" + "1" * 30_000, "30,009 characters"),
        (DARTS_V2, "\0", "not a genotype"),
        ("reduce_concat=[2, 3, 4, 5]", "reduce_extra=3", "unknown field 'reduce_extra'"),
        (
            "reduce_concat",
            "reduction_concat",
            "unknown field 'reduction_concat'; did you mean 'reduce_concat'",
        ),
        (
            "normal=[('sep_conv_3x3', 0), ",
            "normal=[",
            "normal has 7 pairs, expected 8: two for each of 4 nodes",
        ),
        (
            "('dil_conv_3x3', 2)",
            "('dil_conv_3x4', 2)",
            "normal: second pair of node 5: .*did you mean 'dil_conv_3x3'",
        ),
        ("('dil_conv_3x3', 2)", "('none', 2)", "unknown operation 'none'"),
        ("('dil_conv_3x3', 2)", "('dil_conv_3x3', 5)", "second pair of node 5 reads 5, expected 0 to 4"),
        ("('dil_conv_3x3', 2)", "('dil_conv_3x3', -1)", "reads -1, expected 0 to 4"),
        ("('dil_conv_3x3', 2)", "('dil_conv_3x3', True)", "reads True"),
        ("('dil_conv_3x3', 2)", "('dil_conv_3x3',)", "second pair of node 5 is .'dil_conv_3x3',., expected"),
        ("('dil_conv_3x3', 2)", "(open('x'), 2)", "calls of 'open' are not read"),
        ("('dil_conv_3x3', 2)", "('dil_conv_3x3', 0)", "normal cell: node 5 reads node 0 twice"),
        (
            "normal_concat=[2, 3, 4, 5]",
            "normal_concat=[3, 4, 5]",
            "normal cell: nodes .3, 4, 5. .* all its nodes",
        ),
        ("normal_concat=[2, 3, 4, 5]", "normal_concat=[2, 3, 4, 6]", "expected distinct nodes from 2 to 5"),
        ("normal_concat=[2, 3, 4, 5]", "normal_concat=range(0, 10**9)", "is expected at character"),
        ("normal_concat=[2, 3, 4, 5]", "normal_concat=range(0, 10000)", "a range of more than 1,000"),
        ("normal_concat=[2, 3, 4, 5]", "normal_concat=5", "normal_concat is 5, expected a list"),
    ],
)
def test_what_is_no_genotype_is_refused(old, new, complaint):
    with pytest.raises(ParseError, match=complaint):
        Darts().parse(DARTS_V2.replace(old, new))


def pairs_of(cell, space):
    return [(space.operations[x], a) for a, x in zip(cell[::2], cell[1::2], strict=True)]


def spellings(space, architecture):
    """One architecture in the forms in which the field writes it."""
    size = len(architecture.choices) // 2
    cells = [pairs_of(half, space) for half in (architecture.choices[:size], architecture.choices[size:])]
    nested = [[cell[i : i + 2] for i in range(0, len(cell), 2)] for cell in cells]
    every = list(range(2, 2 + space.nodes))
    call = "Genotype(normal={}, normal_concat={}, reduce={}, reduce_concat={})".format
    plain = call(cells[0], every, cells[1], every)
    mapping = {"normal": cells[0], "normal_concat": every, "reduce": cells[1], "reduce_concat": every}
    return {
        "plain": plain,
        "assigned": f"MINE = {plain}",
        "logged": f"2023-11-02 10:15:01,203 INFO [search.py:12] best genotype: {plain}",
        "qualified": f"genotypes.darts.{plain}  # found after 50 epochs",
        "quoted": repr(plain),
        "a list of one": str([plain]),
        "nested": call(
            nested[0],
            f"range(2, {2 + space.nodes})",
            tuple(map(tuple, nested[1])),
            f"list(range(2, {2 + space.nodes}))",
        ),
        "by position": f"Genotype({cells[0]}, {every}, {cells[1]}, {every})",
        "no concatenation": f"Genotype(normal={cells[0]}, normal_concat=None, reduce={cells[1]})",
        "further fields of None": plain[:-1] + ", extra=None)",
        "NumPy": call(
            str(cells[0]).replace(", 1)", ", np.int64(1))"),
            f"array({every})",
            f"tuple({cells[1]})",
            f"np.array({every}, dtype=int64)",
        ),
        "JSON": json.dumps(mapping),
        "JSON under a key": json.dumps({"genotype": plain}),
        "a dictionary": f"genotype = {mapping}",
        "a call of dict": "dict(" + ", ".join(f"{name}={value}" for name, value in mapping.items()) + ")",
        "source first": plain.replace("', ", "', ").replace("('skip_connect', 0)", "(0, 'skip_connect')"),
    }


@pytest.mark.parametrize("space", [Darts(), Enas(), Darts(2)], ids=lambda s: s.name)
def test_one_architecture_in_the_spellings_of_the_field(space):
    for architecture in space.sample(5, np.random.default_rng(3)):
        for name, text in spellings(space, architecture).items():
            assert space.parse(text) == architecture, name


def test_the_compact_pairs_of_naslib():
    space = Darts()
    architecture = space.parse(DARTS_V2)
    size = len(architecture.choices) // 2
    halves = architecture.choices[:size], architecture.choices[size:]
    compact = [[(a, x) for a, x in zip(half[::2], half[1::2], strict=True)] for half in halves]
    assert space.parse(str(compact)) == space.parse(json.dumps(compact)) == architecture
    assert space.parse(f"compact: {tuple(map(tuple, compact))}") == architecture
    with pytest.raises(ParseError, match="do not say which operations are meant"):
        Enas().parse(str(compact))
    with pytest.raises(ParseError, match="operation from 0 to 6"):
        space.parse(str(compact).replace("(0, 3)", "(0, 7)", 1))


def test_pairs_of_none_are_left_out_where_the_nodes_are_told():
    space = Darts(2)
    two = "('skip_connect', 0), ('sep_conv_3x3', 1)"
    expected = space.parse(f"Genotype(normal=[{two}, {two}], reduce=[{two}, {two}])")
    nested = f"[[{two}], [{two}, ('none', 2)]]"
    flat = f"[{two}, {two}, ('none', 2)]"
    assert space.parse(f"Genotype(normal={nested}, reduce={flat})") == expected
    with pytest.raises(
        ParseError, match="node 3 has 1 pairs with an operation other than 'none', expected two"
    ):
        space.parse(f"Genotype(normal=[[{two}], [('none', 0), ('skip_connect', 1)]], reduce={flat})")
    with pytest.raises(ParseError, match="unknown operation 'none': such a pair adds nothing"):
        space.parse(f"Genotype(normal=[{two}, {two}], reduce=[{two}, {two.replace('skip_connect', 'none')}])")


@given(st.data())
@settings(max_examples=150)
def test_a_changed_genotype_is_read_or_refused_in_few_words(data):
    text = data.draw(st.sampled_from([*spellings(Darts(), Darts().parse(DARTS_V2)).values()]))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(text)))
        length = data.draw(st.sampled_from([0, 1, 5, 40]))
        text = (
            text[:place]
            + data.draw(st.text("()[]{}',0none=:\\\"\x00é \n", max_size=4))
            + text[place + length :]
        )
    words = ""
    try:
        assert Darts().is_valid(Darts().parse(text).choices)
    except ParseError as error:
        words = str(error)
    assert len(words) < 1_500


def test_rows_and_sizes_that_make_no_sense_are_refused():
    with pytest.raises(InvalidArchitecture):
        Darts(1).architecture((0, 1, 0, 2, 0, 0, 1, 0))
    with pytest.raises(SpaceError, match="nodes=0: expected 1 or more"):
        Darts(0)
    with pytest.raises(SpaceError, match="too many to list"):
        Enas().rows()


@pytest.mark.parametrize("space", [Enas(), Enas.original(), Darts()], ids=lambda s: s.name)
def test_predictors_learn_on_two_cells(space):
    drawn = space.sample(260, np.random.default_rng(1))
    # A made-up accuracy that both cells have a part in.
    worth = {"sep_conv_3x3": 1.0, "sep_conv_5x5": 0.8, "skip_connect": 0.3}
    cells = [space.graph(a).cells for a in drawn]
    targets = np.array(
        [
            sum(
                share * worth.get(site.operation, 0.0)
                for cell, share in zip(two, (1.0, 0.7), strict=True)
                for site in cell.sites
            )
            for two in cells
        ]
    )
    for predictor in (
        GaussianProcess(space),
        NeuralPredictor(space, GATES.multi_edge(), epochs=40),
    ):
        predictor.fit(drawn[:160], targets[:160])
        assert kendall_tau(predictor.predict(drawn[160:]), targets[160:]) > 0.5, type(predictor).__name__


@pytest.mark.parametrize("space", [Enas.original(), Darts()], ids=lambda s: s.name)
def test_encoders_keep_their_promises_on_two_cells(space):
    graphs = [space.graph(a) for a in space.sample(12, np.random.default_rng(2))]
    check_encoder(GATES.multi_edge(), graphs, space.operations)


def test_a_predictor_keeps_its_promises_on_two_cells():
    check_predictor(GaussianProcess, Darts())


def test_equal_cells_in_other_places_are_other_architectures():
    space = Enas(1)
    rows = list(itertools.islice(space.rows().tolist(), 0, None, 500))
    keys = {
        space.function_key(space.architecture((*row[4:], *row[:4]))) for row in rows if row[:4] != row[4:]
    }
    assert keys.isdisjoint(space.function_key(space.architecture(row)) for row in rows if row[:4] != row[4:])
