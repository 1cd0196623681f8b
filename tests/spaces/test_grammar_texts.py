"""What the texts of grammars and of derivations may hold, and what is said of those that cannot be read."""

import enum
import itertools

import numpy as np
import pytest

from archrank.architecture import Architecture
from archrank.errors import ArchrankError, InvalidArchitecture, ParseError, SpaceError
from archrank.spaces import GrammarSpace

PAIRS = "S -> Linear2 stem T | stem; T -> relu | tanh"


@pytest.mark.parametrize(
    ("alternatives", "message"),
    [
        ("stem | relu; T -> tanh", r"rule S: line 1, column 14, at 'T -> tanh': another rule begins here"),
        ("stem | relu\nT -> tanh", r"rule S: line 2, column 1, at 'T -> tanh': another rule begins here"),
        ("stem\nrelu | tanh", r"rule S: line 2, column 1, at 'relu \| tanh': expected '\|' between"),
        (["stem", "relu; tanh"], r"rule S: line 1, column 7, at 'tanh': expected '\|' between"),
    ],
)
def test_nothing_of_an_alternatives_text_is_left_out(alternatives, message):
    with pytest.raises(ParseError, match=message):
        GrammarSpace({"S": alternatives})


@pytest.mark.parametrize(
    "text", ["\n stem |\n relu\n | tanh\n\n", "stem | relu | tanh;", "stem\n\n\n| relu | tanh"]
)
def test_alternatives_in_a_mapping_may_go_over_lines(text):
    assert GrammarSpace({"S": text}).operations == ("stem", "relu", "tanh")


def test_alternatives_without_an_order_are_refused():
    with pytest.raises(SpaceError, match="expected a text or a list of alternatives"):
        GrammarSpace({"S": {"stem", "relu"}})


@pytest.mark.parametrize(
    "blank", [" ", "\t", "\N{NO-BREAK SPACE}", "\N{EM SPACE}", "\N{ZERO WIDTH SPACE}", "\f"]
)
def test_every_blank_separates_words(blank):
    space = GrammarSpace(PAIRS.replace(" ", blank))
    assert space.digest == GrammarSpace(PAIRS).digest
    text = f"Linear2(stem,{blank}tanh)"
    assert space.format(space.parse(text)) == "Linear2(stem, tanh)"


def test_a_byte_order_mark_is_no_part_of_the_first_symbol():
    assert GrammarSpace("\ufeff" + PAIRS).grammar.start == "S"


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ("S -> stem * | relu", r"column 11, at '\* \| relu': expected a number of repetitions"),
        ("S -> Linear3 stem*\n3", r"column 18, at '\*': expected a number of repetitions"),
        ("S -> stem | ''", r"column 13.*expected a word between the quotes"),
        ("S -> Linear999 stem*1000 | relu", r"Linear999 takes 999 parts, but .*…' has 1000"),
        ("S -> Residual999 stem*1001", r"column 22.*from 1 to 1000 parts"),
        ("S -> Linear9 stem*99999999999", r"from 1 to 1000 parts"),
        (
            "S -> " + "|".join(f"Linear999 op{n}*999" for n in range(1_002)),
            "repetitions add up to more than 1000000",
        ),
        ("S -> Linear2 relu stem; Linear2 -> tanh", r"begins with Linear2, which is a rule here"),
    ],
)
def test_the_reason_for_which_rules_are_refused_is_the_right_one(rules, message):
    with pytest.raises(ArchrankError, match=message):
        GrammarSpace(rules)


@pytest.mark.parametrize(
    ("topology", "parts"), [("Linear999", 999), ("Residual999", 1000), ("SplitJoin999", 999)]
)
def test_the_largest_topologies_take_repeated_parts(topology, parts):
    space = GrammarSpace(f"S -> {topology} stem*{parts} | relu")
    assert len(space.graph(space.architectures(space.rows())[0]).cells[0].sites) == parts


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1:1:Linear2(stem, tanh)", r"column 1, .*the number 1: is one too many: 'Linear2' is no rule"),
        ("2:3:stem", r"column 1, at '2:3:stem': the number 3: is one too many: 'stem' is no rule"),
        ("Linear2(1:stem, tanh)", r"column 9, .*the number 1: is one too many: 'stem'"),
        ("Linear2(stem, 2:2:tanh)", r"column 15, .*the number 2: is one too many: 'tanh'"),
        ("Linear2(stem, 3:tanh)", r"column 15, .*T has the alternatives 1 to 2"),
    ],
)
def test_numbers_of_alternatives_that_no_rule_needs_are_refused(text, message):
    with pytest.raises(ParseError, match=message):
        GrammarSpace(PAIRS).parse(text)


@pytest.mark.parametrize("given", [None, 5, ["stem"], b"stem"])
def test_what_is_no_text_is_not_parsed(given):
    with pytest.raises(ParseError, match=r"is of type .*; expected a text of the space"):
        GrammarSpace(PAIRS).parse(given)


@pytest.mark.parametrize(
    "operation", ["{a", "{", "{}", "a b", "it's", 'say "a"', "->", "a*3", "1", "2:1", "[a]", "#"]
)
def test_texts_with_unusual_names_are_read_back(operation):
    space = GrammarSpace(
        {"S": [["{T}", operation, "U"], [operation], ["b"]], "U": [[operation], ["b"]]},
        topologies={"{T}": [(0, 1), (1, 2)]},
    )
    again = GrammarSpace(space.grammar.text, topologies={"{T}": [(0, 1), (1, 2)]})
    assert again.digest == space.digest
    for architecture in space.architectures(space.rows()):
        assert space.parse(space.format(architecture)) == architecture
        assert again.parse(space.format(architecture)) == architecture


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("""both ' and \"""", "has quotes of both kinds"),
        ("two\nlines", "breaks a line"),
        ("two\rlines", "breaks a line"),
        ("two\N{LINE SEPARATOR}lines", "breaks a line"),
        ("half \ud800", "cannot be written"),
    ],
)
def test_names_that_no_text_can_hold_are_refused(name, message):
    one, other = {"S": [[name], ["b"]]}, {name: [["a"], ["b"]]}
    for rules, topologies in ((one, {}), (other, {}), ("S -> a | b", {name: [(0, 1)]})):
        with pytest.raises(SpaceError, match=message):
            GrammarSpace(rules, topologies=topologies)


def test_an_architecture_with_choices_that_no_derivation_has_is_not_formatted():
    space = GrammarSpace(PAIRS)
    whole = space.parse("stem")
    more = Architecture(space.name, (*whole.choices, ("S/2.T", "relu")))
    with pytest.raises(InvalidArchitecture, match=r"'S/2.T': 'relu'.* not those of a derivation"):
        space.format(more)
    assert space.format(Architecture(space.name, whole.choices)) == "stem"


def test_only_ambiguous_parts_of_a_text_are_numbered():
    space = GrammarSpace("S -> Linear2 A stem | relu; A -> B | C; B -> conv | pool; C -> conv | tanh")
    texts = [space.format(a) for a in space.architectures(space.rows())]
    parts = ("1:conv", "pool", "2:conv", "tanh")
    assert texts == [*(f"Linear2({part}, stem)" for part in parts), "relu"]
    assert space.parse("1:Linear2(1:conv, stem)") == space.parse(texts[0])


def test_an_ambiguous_text_is_refused_with_what_it_may_mean():
    space = GrammarSpace("S -> A | relu; A -> B | C; B -> conv | pool; C -> conv | tanh")
    with pytest.raises(
        ParseError, match=r"several derivations of S; .* in front of a part: 1:1:conv or 1:2:conv$"
    ):
        space.parse("conv")
    assert {space.format(space.parse(text)) for text in ("1:1:conv", "1:2:conv")} == {"1:1:conv", "1:2:conv"}


def test_a_topology_and_its_parts_in_one_name_are_refused():
    with pytest.raises(SpaceError, match=r"rule S: 'Linear2 a b' is a single name.*\['Linear2', 'a', 'b'\]"):
        GrammarSpace({"S": [["Linear2 a b"], ["c"]]})
    assert GrammarSpace({"S": [["max pool"], ["c"]]}).operations == ("max pool", "c")


def test_a_rule_whose_name_is_like_the_path_of_a_choice_is_refused():
    with pytest.raises(
        SpaceError, match=r"the rule 'A/1\.B' looks like a path such as S/2\.C.* call it 'A_B'"
    ):
        GrammarSpace(
            {"S": "Linear2 A a | Linear2 'A/1.B' a", "A": "Linear2 B c | d", "A/1.B": "p | q", "B": "e | f"}
        )
    assert GrammarSpace("S -> A/B | a; A/B -> b | c").size == 3


class Kind(str, enum.Enum):  # noqa: UP042 # whose text is another one than that of a StrEnum
    CONV = "conv"
    POOL = "pool"


def test_names_that_are_members_of_an_enum_are_texts():
    space = GrammarSpace({"S": [["Linear2", Kind.CONV, Kind.POOL], [Kind.CONV]]})
    assert [space.format(a) for a in space.architectures(space.rows())] == ["Linear2(conv, pool)", "conv"]
    assert {type(name) for name in space.operations} == {str}


def test_many_alternatives_are_read_listed_and_named():
    names = [f"op{number}" for number in range(4_000)]
    space = GrammarSpace("S -> Linear2 S stem | " + " | ".join(names), max_depth=2)
    texts = [space.format(a) for a in space.architectures(space.rows())]
    assert len(texts) == space.size == 8_000
    assert texts[::1_000] == [f"Linear2(op{n}, stem)" for n in range(0, 4_000, 1_000)] + [
        f"op{n}" for n in range(0, 4_000, 1_000)
    ]
    with pytest.raises(ParseError, match=r"expected S: Linear2 S stem \| op0 \| .*… and 3991 more$"):
        space.parse("op4000")


def test_an_alternative_that_is_given_twice_among_many_is_named():
    with pytest.raises(SpaceError, match="lists the alternative 'op7' twice"):
        GrammarSpace("S -> " + " | ".join(f"op{n}" for n in range(3_000)) + " | op7")


def chain(rules, between, last="end"):
    return "\n".join([*(between.format(n, n + 1) for n in range(rules)), f"S{rules} -> {last}"])


def test_long_chains_of_rules_are_measured():
    text = chain(1_500, "S{0} -> Linear2 S{1} stem | op{0}")
    assert GrammarSpace(text, max_depth=20).size == 20
    with pytest.raises(SpaceError, match="up to 1501 rules deep"):
        GrammarSpace(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            chain(1_500, "S{0} -> Linear2 S{1} stem", "Linear2 S0 stem"),
            r"S0 has no finite.*S0, S1, .* and 1491 more",
        ),
        (chain(1_500, "S{0} -> S{1} | op{0}", "S1200"), "the rule S1200 may become S1200 again without end"),
        (chain(1_500, "S{0} -> S{1} | op{0}"), "101 rules in a row may each become the next one alone"),
    ],
)
def test_long_chains_that_cannot_be_used_are_refused(text, message):
    with pytest.raises(SpaceError, match=message):
        GrammarSpace(text, max_depth=20)


def test_a_chain_of_rules_that_may_be_used_is_read_and_written():
    space = GrammarSpace(chain(99, "S{0} -> S{1} | op | op{0}"), max_depth=100)
    for architecture in itertools.islice(space.architectures(space.rows()), 0, None, 20):
        assert space.parse(space.format(architecture)) == architecture


def test_counts_are_refused_before_they_are_multiplied_out():
    text = "S -> Linear900 S*900 | stem | relu"
    with pytest.raises(SpaceError, match=r"more than 2\^1000000 derivations up to the depth 4"):
        GrammarSpace(text, max_depth=4)
    assert GrammarSpace(text, max_depth=2).size == 2**900 + 2


def test_long_counts_are_drawn_like_short_ones():
    space = GrammarSpace("S -> Linear3 S S S | SplitJoin2 S S | stem | relu", max_depth=5)
    counts, depth = space._counts, space.max_depth
    numbers = [0, 1, counts.up_to("S", 5) // 2, counts.up_to("S", 5) - 1]
    assert [counts.numbered("S", depth, n).alternative for n in numbers] == [0, 0, 0, 3]
    below = [counts.with_alternative("S", k, 2) for k in range(4)]
    found = [counts.numbered("S", 2, n).alternative for n in range(counts.up_to("S", 2))]
    assert [found.count(k) for k in range(4)] == below == [8, 4, 1, 1]
    assert found == sorted(found)
    drawn = space.sample(20, np.random.default_rng(0))
    assert all(space.parse(space.format(a)) == a for a in drawn)
