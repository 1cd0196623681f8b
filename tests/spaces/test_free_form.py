"""The space of free form: what it holds, and what its rules of shapes refuse."""

import json

import numpy as np
import pytest

import archrank as ar
from archrank.errors import InvalidArchitecture
from archrank.spaces import Effect, FreeForm, GrammarSpace
from archrank.spaces.named import describe_space
from archrank.testing import check_space


@pytest.mark.parametrize("signals", [False, True])
def test_it_keeps_what_every_space_must(signals):
    check_space(FreeForm(signals=signals), samples=6)


def test_all_ways_of_composition_are_drawn():
    spaces = {signals: FreeForm(signals=signals) for signals in (False, True)}
    texts = {
        signals: [space.format(a) for a in space.sample(40, np.random.default_rng(0))]
        for signals, space in spaces.items()
    }
    ways = ("Linear2", "SplitJoin2", "Residual2", "Gate", "Concat", "Halves", "Attention", "Columns")
    for found in texts.values():
        assert all(any(f"{way}(" in text for text in found) for way in ways)
    only = {"Rows": False, "Patches": False, "Pairs": True}
    for way, signals in only.items():
        assert any(f"{way}(" in text for text in texts[signals])
        assert not any(f"{way}(" in text for text in texts[not signals])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "Linear2(Linear2(SplitJoin2(down, relu), relu), Linear2(relu, relu))",
            "different shapes are joined",
        ),
        ("Linear2(Linear2(Gate(down, relu), relu), Linear2(relu, relu))", "branches of different resolution"),
        (
            "Linear2(Linear2(Concat(relu, down), relu), Linear2(relu, relu))",
            "branches of different resolution",
        ),
        ("Linear2(Residual2(down, id, relu), Linear2(relu, relu))", "different shapes are joined"),
        ("Linear3(Linear2(down, relu), down, Linear2(relu, down))", "halved 3 times; at most 2"),
    ],
)
def test_shapes_that_do_not_fit_are_refused_before_anything_is_built(text, message):
    with pytest.raises(InvalidArchitecture, match=message):
        FreeForm().parse(text)


def test_branches_of_one_shape_are_joined():
    space = FreeForm()
    for branches in ("SplitJoin2(down, down)", "Gate(down, Linear2(relu, down))", "Concat(down, down)"):
        text = f"Linear2(Linear2({branches}, relu), Linear2(relu, relu))"
        assert space.format(space.parse(text)) == text


def test_the_number_of_derivations_is_exact():
    """Counted by the rules: operations are 3 rules deep, with that of M, K or P."""
    op = 5 + 4
    p = op + op**2 + op**3

    def k(depth):
        if depth < 3:
            return 0
        return op + 4 * k(depth - 1) ** 2 + (p**2 + p**3) * (depth > 3)

    def m(depth):
        if depth < 1:
            return 0
        part, routed = m(depth - 1), k(depth - 1)
        ways = 5 * part**2 + part**3 + p**2 * (depth > 3) + 3 * routed + routed**3
        return 1 + op * (depth > 2) + ways

    stage = 2 * m(7) ** 2 + m(7) ** 3
    assert FreeForm(max_depth=9).size == 2 * stage**2 + stage**3


def test_effects_may_be_those_of_operations_inside_a_topology():
    space = GrammarSpace(
        "S -> Wide S S | conv | pool",
        max_depth=3,
        topologies={"Wide": ar.spaces.Topology(2, _wide)},
        effects={"narrow": Effect(widens=0.5)},
        max_widening=2,
    )
    assert space.size == 2 + 6**2
    assert len(space.rows()) == space.size
    with pytest.raises(ar.errors.SpaceError, match="an effect: unknown operation 'narrov'"):
        GrammarSpace("S -> conv | pool", effects={"narrov": Effect()})


def _wide(parts):
    joined = ar.Node("concat", (1, 2), 3, ordered=True)
    return ar.Cell(1, 5, (parts[0](0, 1), parts[1](0, 2), joined, ar.Node("narrow", (3,), 4)), (4,))


def test_a_space_too_large_to_write_its_size_is_described():
    space = FreeForm(max_depth=10)
    assert space.size > 10**6_000
    described = json.loads(json.dumps(describe_space(space)))
    assert described["architectures"] is None
    assert space.format(space.parse(described["example"])) == described["example"]
