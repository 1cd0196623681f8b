import pytest

from archrank.errors import ParseError
from archrank.spaces import NASBench201
from archrank.testing import check_space

SPACE = NASBench201()
EVERYTHING = SPACE.architectures(SPACE.rows())


def parse(first, second, third):
    return SPACE.parse(f"|{first}|+|{'|'.join(second)}|+|{'|'.join(third)}|")


def test_it_keeps_what_every_space_must():
    check_space(SPACE)


def test_the_three_identities_count_as_published():
    assert len(EVERYTHING) == 15_625
    assert len({SPACE.graph(a).key for a in EVERYTHING}) == 14_125
    assert len({SPACE.function_key(a) for a in EVERYTHING}) == 5_425


def test_every_text_reads_back():
    assert [SPACE.parse(SPACE.format(a)) for a in EVERYTHING] == EVERYTHING


def test_what_never_reaches_the_output_does_not_matter():
    dead = parse("nor_conv_3x3~0", ["nor_conv_3x3~0", "none~1"], ["avg_pool_3x3~0", "none~1", "none~2"])
    live = parse("none~0", ["none~0", "none~1"], ["avg_pool_3x3~0", "none~1", "none~2"])
    assert SPACE.function_key(dead) == SPACE.function_key(live)
    assert SPACE.graph(dead).key != SPACE.graph(live).key


def test_a_skip_is_transparent_but_not_none():
    through = parse("nor_conv_3x3~0", ["none~0", "skip_connect~1"], ["none~0", "none~1", "nor_conv_1x1~2"])
    straight = parse("nor_conv_3x3~0", ["none~0", "none~1"], ["none~0", "nor_conv_1x1~1", "none~2"])
    shortcut = parse("nor_conv_3x3~0", ["none~0", "none~1"], ["skip_connect~0", "nor_conv_1x1~1", "none~2"])
    assert SPACE.function_key(through) == SPACE.function_key(straight)
    assert SPACE.function_key(shortcut) != SPACE.function_key(straight)


def test_the_all_none_cell_has_a_graph():
    nothing = parse("none~0", ["none~0", "none~1"], ["none~0", "none~1", "none~2"])
    assert SPACE.graph(nothing).cells[0].sites == ()
    assert SPACE.function_key(nothing) is not None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("|none~0|+|none~0|none~1|", "2 groups"),
        ("|none~0|+|none~0|+|none~0|none~1|none~2|", "junction 2 has 1 inputs"),
        ("|none~0|+|none~0|none~0|+|none~0|none~1|none~2|", "'none~0' in .* should be 'operation~1'"),
        ("|nor_conv_3x4~0|+|none~0|none~1|+|none~0|none~1|none~2|", "did you mean 'nor_conv_3x3'"),
    ],
)
def test_a_wrong_text_says_where(text, message):
    with pytest.raises(ParseError, match=message):
        SPACE.parse(text)
