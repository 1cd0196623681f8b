"""What the space of a grammar may be made with, and topologies of one's own."""

import numpy as np
import pytest

import archrank as ar
from archrank.errors import ArchrankError, SpaceError
from archrank.graph import Cell, Node
from archrank.spaces import Effect, GrammarSpace, Topology

RULES = "S -> Linear2 S T | T; T -> stem | relu"


def made(**options):
    return GrammarSpace(RULES, **{"max_depth": 4} | options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_depth": 2.0}, "max_depth is 2.0, expected a whole number"),
        ({"max_depth": True}, "max_depth is True, expected a whole number"),
        ({"max_operations": "3"}, "max_operations is '3', expected a whole number"),
        ({"max_operations": 1.5}, "max_operations is 1.5, expected a whole number"),
        ({"max_halvings": "1"}, "max_halvings is '1', expected a whole number"),
        ({"max_halvings": -1}, "max_halvings is -1; give 0 or more"),
        ({"max_widening": 0}, "max_widening is 0, which the input itself exceeds"),
        ({"max_widening": float("nan")}, "max_widening is nan; expected a number from 1"),
        ({"max_widening": "2"}, "max_widening is '2'; expected a number from 1"),
        ({"max_widening": 10**400}, "max_widening is 1000.*; expected a number from 1 to 1000000000"),
        ({"max_operations": 10**5000}, "cannot be shown; give 1000000000 or less"),
        ({"max_depth": 10**5000}, "cannot be shown rules deep; give a max_depth of 100 or less"),
        ({"effects": {"stem": 2}}, r"effect of stem is 2; expected an Effect"),
        ({"effects": ["stem"]}, r"effects is \['stem'\]; expected a mapping"),
        ({"sampling": ["uniform"]}, "unknown sampling"),
        ({"topologies": [(0, 1)]}, r"topologies is \[\(0, 1\)\]; expected a mapping"),
        ({"topologies": "Two"}, "topologies is 'Two'; expected a mapping"),
        ({"operations": 5}, "operations is 5; expected a list of names"),
        ({"identities": [1]}, r"identities is \[1\]; expected a list of names"),
        ({"zeros": None}, "zeros is None; expected a list of names"),
        ({"start": ["S"]}, r"start is \['S'\]; expected the symbol"),
        ({"name": None}, "name is None; expected a text"),
        ({"connected": "no"}, "connected is 'no', expected True or False"),
    ],
)
def test_arguments_of_the_wrong_kind_are_named(options, message):
    with pytest.raises(ArchrankError, match=message):
        made(**options)


def test_numbers_of_numpy_are_numbers():
    space = made(
        max_depth=np.int64(4), max_operations=np.int32(3), max_halvings=np.int8(1), max_widening=np.float32(2)
    )
    assert space.digest == made(max_operations=3, max_halvings=1, max_widening=2.0).digest


def test_a_single_name_is_not_taken_apart():
    space = GrammarSpace("S -> Linear2 T T; T -> d | conv", identities="d", zeros="none")
    assert space.function_key(space.parse("Linear2(d, conv)")) == space.function_key(
        space.parse("Linear2(conv, d)")
    )
    with pytest.raises(SpaceError, match=r"unknown rule or operation 'relu'.* Allowed: S, T, stem"):
        made(operations="stem")


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        ([(0, None)], r"edge 1 is \(0, None\); expected a source and a target"),
        (["ab", "01"], "edge 1 is 'ab'; expected"),
        ([(0, 1), (1, 2.7)], r"edge 2 is \(1, 2.7\); expected"),
        ([(False, True)], r"edge 1 is \(False, True\); expected"),
        ([(0, 1, 2)], r"edge 1 is \(0, 1, 2\); expected"),
        ([], "needs at least one edge"),
        ("ab", "the edges are 'ab'; expected a list of pairs"),
        ({0: 1}, r"the edges are \{0: 1\}; expected a list of pairs"),
        ([(0, 1), (0, 2)], "part 1 never matters"),
        ([(0, 3), (1, 3), (1, 2)], "part 2 never matters"),
        ([(0, 1), (2, 3), (1, 3)], "part 2 never matters"),
        ([(0, 2), (1, 1)], "wired wrongly"),
        ([(0, 10**9)], "no edge leads to junction 1 of 0 to 1000000000"),
    ],
)
def test_edges_that_make_no_topology_are_refused_with_its_name(edges, message):
    with pytest.raises(SpaceError, match=f"the topology Own: .*{message}"):
        made(topologies={"Own": edges})


def test_edges_may_be_an_array():
    space = GrammarSpace("S -> Own a b | a", topologies={"Own": np.array([[0, 1], [1, 2]])})
    assert len(space.graph(space.parse("Own(a, b)")).cells[0].sites) == 2


def too_many(parts):
    return Cell(1, 3, (parts[0](0, 1), parts[2](1, 2)), (2,))


def first_only(parts):
    return Cell(1, 2, (parts[0](0, 1),), (1,))


def aside(parts):
    return Cell(1, 3, (parts[0](0, 1), parts[1](0, 2)), (2,))


def fails(parts):
    raise ValueError("no wire left")


def within(parts):
    inner = Cell(1, 3, (parts[0](0, 1), parts[1](1, 2)), (2,))
    return Cell(1, 2, (Node("block", (0,), 1, inner=inner),), (1,))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1, 5), "has 5 as its function"),
        (("2", first_only), "arity is '2', expected a whole number"),
        ((0, first_only), "arity is 0; give 1 or more"),
        ((None, first_only), "needs the number of its parts"),
        ((10**9, first_only), "arity is 1000000000; give 100000 or less"),
        ((2, too_many), "function too_many .*IndexError: "),
        ((2, fails), "function fails .*ValueError: no wire left"),
        ((2, len), "function len of a topology gave 2; expected a Cell"),
        ((2, first_only), "part 2 never matters"),
        ((2, aside), "part 1 never matters"),
    ],
)
def test_functions_that_make_no_topology_are_refused(arguments, message):
    with pytest.raises(SpaceError, match=message):
        Topology(*arguments)


def test_parts_within_a_node_matter():
    assert Topology(2, within).arity == 2


def test_a_function_that_fails_during_a_search_is_named_with_its_topology():
    def moody(parts):
        if any(part.operation == "tanh" for part in parts):
            raise KeyError("tanh has no place")
        return Cell(1, 3, (parts[0](0, 1), parts[1](1, 2)), (2,))

    space = GrammarSpace("S -> Gate T T; T -> relu | tanh", topologies={"Gate": Topology(2, moody)})
    with pytest.raises(
        SpaceError, match=r"function moody of the topology Gate failed: KeyError: 'tanh has no place'"
    ):
        ar.search(space, lambda architecture: 0.0, budget=4, seed=0)


def test_a_topology_may_have_two_names():
    both = Topology(edges=[(0, 1), (1, 2)])
    space = GrammarSpace("S -> Here a T | There T a; T -> a | b", topologies={"Here": both, "There": both})
    assert space.size == 4
    assert both.name == ""


@pytest.mark.parametrize("level", ["1", 1.0, True, 0])
def test_a_level_to_draw_is_a_whole_number(level):
    with pytest.raises(ArchrankError, match=f"the level is {level!r}"):
        ar.draw(made(), "Linear2(stem, relu)", level=level)


def test_effects_name_operations_of_topologies_too():
    def gated(parts):
        return Cell(1, 3, (parts[0](0, 1), Node("gate", (1,), 2)), (2,))

    options = {"topologies": {"Gate": Topology(1, gated)}, "max_widening": 1}
    space = GrammarSpace("S -> Gate a | b", effects={"gate": Effect(widens=2)}, **options)
    assert [space.format(a) for a in space.architectures(space.rows())] == ["b"]
    with pytest.raises(SpaceError, match="did you mean 'gate'"):
        GrammarSpace("S -> Gate a | b", effects={"gates": Effect()}, **options)
