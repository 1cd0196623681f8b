"""Plain texts of derivations are read in one pass, with the same result as by a thorough reading."""

import numpy as np
import pytest

import archrank as ar
from archrank.errors import ArchrankError
from archrank.spaces.grammars.quick_texts import heads_of, read_quickly
from archrank.spaces.named import named_space

GRAMMARS = {
    "one word tells": "S -> Linear2 S OP | OP; OP -> a | b",
    "two begin alike": "S -> Linear2 S b | Linear2 b S | a | b",
    "several for one text": "S -> Linear2 X b | Linear2 Y b; X -> A | B; A -> a; B -> a; Y -> a | b",
    "rules alone": "S -> X | Y | Linear2 S S; X -> a | SplitJoin2 Y X; Y -> b | c",
    "a name twice": "S -> Cell S S S S S S | cell | Linear2 S cell",
}


def thorough(text):
    """The same text with a comment behind it, which only the thorough reading knows."""
    return text + " # read thoroughly"


def outcome(space, text):
    try:
        return space.parse(text)
    except ArchrankError as error:
        return type(error)


@pytest.mark.parametrize("rules", GRAMMARS.values(), ids=GRAMMARS)
def test_both_readings_agree(rules):
    space = ar.GrammarSpace(rules, max_depth=5)
    rng = np.random.default_rng(0)
    texts = [space.format(architecture) for architecture in space.sample(60, rng)]
    texts += [text.replace("1:", "").replace("2:", "").replace("3:", "") for text in texts]
    texts += [text[: int(rng.integers(1, len(text) + 1))] for text in texts]
    texts += [text + end for text in texts[:20] for end in (")", ", a", " b", "(a, b)")]
    texts += ["", "(", "Linear2", "Linear2()", "Linear2(a)", "Linear2(a, b, a)", "a(b)", "x", "Linear2(a,,b)"]
    for text in texts:
        assert outcome(space, text) == outcome(space, thorough(text)), text


@pytest.mark.parametrize("name", ["hierarchical-nas-bench-201", "free-form"])
def test_texts_of_the_shipped_spaces_are_plain(name):
    space = named_space(name)
    heads = heads_of(space.grammar)
    for architecture in space.sample(5, np.random.default_rng(1)):
        text = space.format(architecture)
        assert read_quickly(space.grammar, heads, text) == space.tree(architecture)
        assert space.parse(thorough(text)) == architecture


def test_a_text_of_several_derivations_is_not_taken_for_the_only_plain_one():
    space = ar.GrammarSpace(GRAMMARS["several for one text"])
    assert read_quickly(space.grammar, heads_of(space.grammar), "Linear2(a, b)") is None
    with pytest.raises(ArchrankError, match="several derivations"):
        space.parse("Linear2(a, b)")
