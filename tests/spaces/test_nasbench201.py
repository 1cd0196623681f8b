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


CELL = "|avg_pool_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|nor_conv_3x3~2|"


@pytest.mark.parametrize(
    "text",
    [
        repr(CELL),
        f'["{CELL}"]',
        f"arch_str={CELL}",
        f"Structure(4 nodes with {CELL})",
        f"[12:10:03] best cell: {CELL}.",
        f"arch_index=9 arch_str={CELL}",
        f"[index 9, accuracy 91.5] {CELL}",
        CELL.replace("|", " | "),
        CELL.replace("+", " +\n"),
        "9",
        "'9'",
        "[9]",
        "arch_index=9",
        "index: 9",
        "nats:(4, 0, 0, 1, 0, 3)",
        "NATS = [4 0 0 1 0 3]",
        "naslib:(4, 1, 0, 1, 1, 2)",
    ],
)
def test_one_cell_in_the_spellings_of_the_field(text):
    assert SPACE.format(SPACE.parse(text)) == CELL


def test_an_index_is_the_official_one(shared):
    from archrank.benchmarks.natsbench import META, _official_order, _unpickled

    folder = shared("natsbench/NATS-tss-v1_0-3ffb9-simple")
    official = _official_order(_unpickled((folder / META).read_bytes(), META), META)
    assert [SPACE.format(SPACE.parse(str(index))) for index in range(len(SPACE))] == official


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(4, 0, 0, 1, 0, 3)", r"write nats:\(4, 0, 0, 1, 0, 3\) for .* or naslib:\(4, 0, 0, 1, 0, 3\) for"),
        ("nats:(4, 0, 0, 1, 0, 5)", "operation 5, expected 0 to 4"),
        ("15625", "the indices 0 to 15624"),
        ("accuracy=82", "1 groups"),
        (f"{CELL}, {CELL.replace('none', 'skip_connect')}", "holds 2 cells .* give one of them"),
        (f"arch_index=11 arch_str={CELL}", "two cells .* 'arch_index=11' is .* give one of them"),
        (f'{{"arch_index": 11, "arch_str": "{CELL}"}}', "two cells"),
        (f"idx 15625: {CELL}", "the indices 0 to 15624"),
        (f"{CELL} 91.3", "junction 3 has 4 inputs"),
        (f"|none~0|{CELL}", "junction 1 has 3 inputs"),
        ("x" * 100_000, "1 groups"),
        ("|" * 100_000 + "~", "1 groups"),
        (" |a~0" * 20_000, "1 groups"),
        ("|none~0|+|none~0|none~1|", "2 groups"),
        ("|none~0|+|none~0|+|none~0|none~1|none~2|", "junction 2 has 1 inputs"),
        ("|none~0|+|none~0|none~0|+|none~0|none~1|none~2|", "'none~0' in .* should be 'operation~1'"),
        ("|nor_conv_3x4~0|+|none~0|none~1|+|none~0|none~1|none~2|", "did you mean 'nor_conv_3x3'"),
    ],
)
def test_a_wrong_text_says_where(text, message):
    with pytest.raises(ParseError, match=message):
        SPACE.parse(text)
