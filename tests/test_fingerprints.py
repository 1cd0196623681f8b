"""Architectures of a space whose choices were edited are never read as other architectures."""

import pickle

import numpy as np
import pytest

import archrank as ar
from archrank.architecture import Architecture
from archrank.errors import ArchrankError, InvalidArchitecture, ParseError, SpaceError, TableError
from archrank.graph import Cell, Graph, Site
from archrank.space import Choice, SearchSpace
from archrank.strategies import GuidedSearch, History, LocalSearch, RandomSearch, RegularizedEvolution
from archrank.strategies.base import Evaluated
from archrank.strategies.starting_with import StartingWith


class Layers(SearchSpace):
    """A chain of operations, whose graph reads option indices."""

    name = "layers"
    operations = ("conv", "pool", "wide")

    def __init__(self, *first):
        self.choices = (Choice("first", first), Choice("second", ("conv", "pool")))

    def graph(self, architecture):
        kinds = [c.options[i] for c, i in zip(self.choices, architecture.choices, strict=True)]
        sites = tuple(Site(kind, (i,), i + 1) for i, kind in enumerate(kinds))
        return Graph((Cell(1, 3, sites, (2,)),))


SPACE = Layers("conv", "pool", "wide")
ALL = SPACE.architectures(SPACE.rows())
ROWS = [{"architecture": a, "value": float(sum(a.choices))} for a in ALL]
RNG = np.random.default_rng(0)


def measured(space):
    return ar.as_table(space, [{"architecture": space.format(a), "value": 1.0} for a in space.sample(1, RNG)])


def asked(strategy):
    return strategy.propose(History(Evaluated(a, 0.5) for a in ALL[-3:-1]), 1, RNG)


USES = {
    "options": lambda space: space.options(ALL[-1]),
    "format": lambda space: space.format(ALL[-1]),
    "graph": lambda space: space.graph(ALL[-1]),
    "function key": lambda space: space.function_key(ALL[-1]),
    "pack": lambda space: space.pack(ALL),
    "neighbors": lambda space: space.neighbors(ALL[-1]),
    "mutate": lambda space: space.mutate(ALL[-1], RNG),
    "as_table": lambda space: ar.as_table(space, ROWS),
    "a table": lambda space: ar.as_table(space, ar.as_table(SPACE, ROWS)),
    "look-up": lambda space: measured(space).index(ALL[-1]) if ALL[-1] not in measured(space) else None,
    "rank": lambda space: ar.rank(space, ROWS[:4], target="value", effort="fast"),
    "known": lambda space: ar.search(space, len, strategy=RandomSearch(space), budget=1, known=ROWS),
    "random": lambda space: asked(RandomSearch(space)),
    "local": lambda space: asked(LocalSearch(space)),
    "evolution": lambda space: asked(RegularizedEvolution(space)),
    "guided": lambda space: asked(GuidedSearch(space)),
    "candidates": lambda space: RandomSearch(space, candidates=ALL),
    "start": lambda space: StartingWith(RandomSearch(space), ALL),
}
EDITS = {
    "reordered": Layers("pool", "conv", "wide"),
    "removed": Layers("conv", "pool"),
    "added": Layers("conv", "pool", "wide", "sum"),
    "renamed": Layers("conv", "pool", "max pool"),
}


@pytest.mark.parametrize("edited", EDITS.values(), ids=EDITS)
@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_an_edited_space_refuses_the_objects_of_the_earlier_one(use, edited):
    with pytest.raises(ArchrankError, match=r"another version of the space '?layers.*text"):
        use(edited)


def test_a_space_with_equal_choices_takes_them():
    equal = Layers("conv", "pool", "wide")
    assert equal.format(ALL[-1]) == SPACE.format(ALL[-1])
    assert equal.graph(ALL[-1]).key == SPACE.graph(ALL[-1]).key
    assert ar.as_table(equal, ROWS).architectures == ALL
    assert ar.as_table(equal, ar.as_table(SPACE, ROWS)).index(ALL[-1]) == len(ALL) - 1
    asked(RandomSearch(equal))


def test_the_text_carries_an_architecture_over():
    edited = EDITS["reordered"]
    there = edited.parse(SPACE.format(ALL[-1]))
    assert edited.options(there) == SPACE.options(ALL[-1])


def test_a_space_that_is_edited_in_place_refuses_what_it_made_before():
    space = Layers("conv", "pool")
    (before,) = space.sample(1, RNG)
    space.choices = (Choice("first", ("pool", "conv")), space.choices[1])
    with pytest.raises(SpaceError, match="another version"):
        space.format(before)


@pytest.mark.parametrize(
    ("row", "why"), [((7, 0), "option 7 of 'first' does not exist"), ((0,), "1 choices given")]
)
def test_an_object_made_by_hand_is_read_and_its_mistakes_are_named(row, why):
    assert SPACE.options(Architecture("layers", (2, 0))) == {"first": "wide", "second": "conv"}
    with pytest.raises(InvalidArchitecture, match=why):
        SPACE.format(Architecture("layers", row))


def test_the_graph_names_an_option_that_does_not_exist():
    with pytest.raises(InvalidArchitecture, match="option 7 of 'first'"):
        SPACE.graph(Architecture("layers", (7, 0)))


def test_the_fingerprint_plays_no_part_in_equality_hash_and_text():
    made, by_hand = ALL[0], Architecture("layers", ALL[0].choices)
    assert (made, hash(made), repr(made)) == (by_hand, hash(by_hand), repr(by_hand))
    copy = pickle.loads(pickle.dumps(made))
    assert (copy, copy.fingerprint) == (made, SPACE.fingerprint)


def test_a_choice_that_is_there_twice_in_a_text_is_refused():
    with pytest.raises(ParseError, match="the key 'first' is there twice"):
        SPACE.parse('{"first": "pool", "second": "conv", "first": "conv"}')


def test_names_and_values_mean_the_same_in_every_version():
    joint, edited = (
        Layers(*options) & {"lr": ar.options(0.1)} for options in (("conv", "pool"), ("pool", "sum"))
    )
    pool = joint.parse('{"first": "pool", "second": "conv", "lr": 0.1}')
    assert ar.as_table(edited, [{"architecture": pool, "value": 1.0}]).architectures == [pool]
    conv = joint.parse('{"first": "conv", "second": "conv", "lr": 0.1}')
    with pytest.raises(TableError, match="'first' 'conv'"):
        ar.as_table(edited, [{"architecture": conv, "value": 1.0}])
