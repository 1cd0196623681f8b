"""Derivations drawn in blocks are those drawn choice by choice, and so is the generator behind them."""

import pickle
import subprocess
import sys
from contextlib import closing
from itertools import islice

import numpy as np
import pytest

import archrank as ar
from archrank.spaces import FreeForm, HierarchicalNASBench201
from archrank.spaces.grammars import drawing
from archrank.spaces.grammars.tree import Tree

RECURSIVE = "S -> Linear2 S OP | SplitJoin3 S S OP | OP; OP -> conv | pool | B; B -> Linear2 ACT one; ACT -> a | b | c"


def spaces():
    return [
        HierarchicalNASBench201(),
        FreeForm(),
        ar.GrammarSpace(RECURSIVE, max_depth=7, sampling="choices"),
        ar.GrammarSpace("S -> a | b | c", sampling="choices"),
        ar.GrammarSpace("S -> Linear2 A A; A -> conv", sampling="choices"),
    ]


def one_by_one(space, n, rng):
    return [space._law.draw(space.grammar.start, space.max_depth, rng) for _ in range(n)]


def in_blocks(space, n, rng):
    with closing(space._law.drawn(space.grammar.start, space.max_depth, rng, n)) as trees:
        return list(islice(trees, n))


@pytest.mark.parametrize("space", spaces(), ids=lambda space: space.grammar.text[:20])
@pytest.mark.parametrize("bits", [np.random.PCG64, np.random.MT19937, np.random.SFC64])
def test_blocks_give_the_same_derivations_and_leave_the_same_generator(space, bits):
    first, second = np.random.Generator(bits(1)), np.random.Generator(bits(1))
    for n in (1, 40, 3):
        assert in_blocks(space, n, second) == one_by_one(space, n, first)
        assert second.integers(5) == first.integers(5)  # half of 64 bits may be left over
    assert second.bytes(8) == first.bytes(8)


def test_derivations_longer_than_a_block_are_drawn_too(monkeypatch):
    monkeypatch.setattr(drawing, "_LEAST", 16)
    space = HierarchicalNASBench201()
    assert in_blocks(space, 5, np.random.default_rng(0)) == one_by_one(space, 5, np.random.default_rng(0))


@pytest.mark.parametrize("at", range(12))
def test_numbers_that_take_several_words_are_those_of_the_generator(at):
    def generator():
        bits = np.random.MT19937(0)
        bits.random_raw(2)  # from now on the words are those of the state
        state = bits.state
        state["state"]["key"][state["state"]["pos"] + at] = (
            0  # a word of zeros, which gives no number below 3
        )
        bits.state = state
        return np.random.Generator(bits)

    words = generator().integers(2**32, size=at + 1, dtype=np.uint32)
    assert words[at] == 0
    for space in spaces()[1:4]:
        assert in_blocks(space, 20, generator()) == one_by_one(space, 20, generator())


@pytest.mark.parametrize("space", spaces(), ids=lambda space: space.grammar.text[:20])
def test_a_derivation_is_read_from_its_choices(space):
    drawn = space.sample(30, np.random.default_rng(0))
    texts = [space.format(each) for each in drawn]
    other = pickle.loads(pickle.dumps(space))
    assert [other.format(each) for each in drawn] == texts
    assert [other._names.tree(each.choices) for each in drawn] == [space.tree(each) for each in drawn]


def test_choices_of_no_derivation_are_not_read():
    names, (drawn,) = spaces()[0]._names, spaces()[0].sample(1, np.random.default_rng(0))
    choices = drawn.choices
    assert names.tree(choices) is not None
    for other in (
        choices[:-1],
        (*choices, choices[-1]),
        choices[1:],
        (("D2", "x"), *choices[1:]),
        (([], 1),),
    ):
        assert names.tree(other) is None


def test_what_is_remembered_of_choices_is_bounded(monkeypatch):
    monkeypatch.setattr("archrank.spaces.grammars.names._KEPT", 50)
    space = HierarchicalNASBench201()
    drawn, free = space.sample(20, np.random.default_rng(0)), HierarchicalNASBench201()
    assert space._names._kept < 2_000
    assert [free.format(each) for each in drawn] == [space.format(each) for each in drawn]


def test_a_derivation_from_another_process_equals_the_same_one_here():
    code = """
import pickle, sys
from archrank.spaces.grammars.tree import Tree
tree = Tree("S", 1, (Tree("A", 0),))
hash(tree)
sys.stdout.buffer.write(pickle.dumps(tree))
"""
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    assert {pickle.loads(made)} == {Tree("S", 1, (Tree("A", 0),))}
