import numpy as np
import pytest

from archrank import Site
from archrank.errors import ParseError, SpaceError
from archrank.spaces import EnasMacro
from archrank.testing import check_space

SPACE = EnasMacro()
TEXT = "[[1], [4, 0], [5, 0, 0], [0, 1, 1, 1], [2, 1, 1, 1, 1], [3, 0, 0, 0, 0, 1]]"


@pytest.mark.parametrize("layers", [1, 2, 3, 6])
def test_it_keeps_what_every_space_must(layers):
    check_space(EnasMacro(layers))


def test_it_counts_its_architectures_without_listing_them():
    assert len(SPACE) == 6**6 * 2**15
    assert len(EnasMacro(3)) == len(EnasMacro(3).rows()) == 6**3 * 2**3
    with pytest.raises(SpaceError, match="too many to list"):
        SPACE.rows()


def test_a_layer_reads_the_one_before_and_adds_its_skips():
    graph = EnasMacro(3).graph(EnasMacro(3).parse("[[1], [4, 1], [5, 0, 1]]"))
    assert graph.cells[0].sites == (
        Site("sep_conv3x3", (0,), 1),
        Site("avg_pool3x3", (1,), 2),
        Site("skip_connect", (0,), 2),
        Site("max_pool3x3", (2,), 3),
        Site("skip_connect", (1,), 3),
    )


def test_no_two_structures_have_one_graph():
    space = EnasMacro(3)
    assert len({space.graph(a).key for a in space.architectures(space.rows())}) == len(space)


def test_the_text_reads_back():
    assert SPACE.format(SPACE.parse(TEXT)) == TEXT
    assert SPACE.parse(TEXT.replace(" ", "")) == SPACE.parse(TEXT)


def test_real_structures_parse(shared):
    import pyarrow.parquet as pq

    texts = pq.read_table(shared("enas-macro/enas-macro-6-layers.parquet"))["structure"].to_pylist()
    for place in np.random.default_rng(0).choice(len(texts), 500, replace=False):
        assert SPACE.format(SPACE.parse(texts[place])) == texts[place]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "at character 0"),
        ("[[1]", "at character 4"),
        ("{}", "expected a list of 6 layers"),
        ("[[1]]", "expected a list of 6 layers"),
        (TEXT.replace("[4, 0]", "[4]"), "layer 2 is .4., expected 2 numbers"),
        (TEXT.replace("[4, 0]", "4"), "layer 2 is 4"),
        (TEXT.replace("[4, 0]", "[6, 0]"), "operation 6 in layer 2, expected 0 to 5"),
        (TEXT.replace("[4, 0]", "[-1, 0]"), "operation -1 in layer 2"),
        (TEXT.replace("[4, 0]", "[4, 2]"), "skip 2 in layer 2, expected 0 to 1"),
        (TEXT.replace("[4, 0]", "[4, true]"), "skip True in layer 2"),
        (TEXT.replace("[4, 0]", '["4", 0]'), "operation '4' in layer 2"),
        ("[" * 100_000, "not an architecture"),
        ("[" + "1" * 5_000 + "]", "not an architecture"),
    ],
)
def test_what_is_no_structure_is_refused(text, complaint):
    with pytest.raises(ParseError, match=complaint):
        SPACE.parse(text)


def test_a_network_without_layers_is_refused():
    with pytest.raises(SpaceError, match="layers=0: expected 1 or more"):
        EnasMacro(0)
