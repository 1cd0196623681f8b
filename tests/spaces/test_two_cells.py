import itertools

import numpy as np
import pytest

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
        (DARTS_V2, "f(normal=1)", "no call of Genotype"),
        (DARTS_V2, "__import__('os').system('true')", "no call of Genotype"),
        (DARTS_V2, "Genotype([], [])", "its values must be named"),
        (DARTS_V2, "Genotype(" + "(" * 5_000 + ")" * 5_000 + ")", "not a genotype"),
        (DARTS_V2, "Genotype(" + "1" * 30_000, "30,009 characters"),
        (DARTS_V2, "\0", "not a genotype"),
        ("reduce_concat=[2, 3, 4, 5]", "", "reduce_concat is missing"),
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
        ("('dil_conv_3x3', 2)", "(open('x'), 2)", r"is \(open"),
        ("('dil_conv_3x3', 2)", "('dil_conv_3x3', 0)", "normal cell: node 5 reads node 0 twice"),
        (
            "normal_concat=[2, 3, 4, 5]",
            "normal_concat=[3, 4, 5]",
            "normal cell: nodes .3, 4, 5. .* all its nodes",
        ),
        ("normal_concat=[2, 3, 4, 5]", "normal_concat=[2, 3, 4, 6]", "expected distinct nodes from 2 to 5"),
        ("normal_concat=[2, 3, 4, 5]", "normal_concat=range(0, 10**9)", "range"),
        ("normal_concat=[2, 3, 4, 5]", "normal_concat=5", "normal_concat is 5, expected a list"),
    ],
)
def test_what_is_no_genotype_is_refused(old, new, complaint):
    with pytest.raises(ParseError, match=complaint):
        Darts().parse(DARTS_V2.replace(old, new))


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
