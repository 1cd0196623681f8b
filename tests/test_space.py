import copy

import numpy as np
import pytest

from archrank import Architecture, Cell, Choice, Graph, SearchSpace, Site
from archrank.errors import InvalidArchitecture, ParseError, SpaceError
from archrank.testing import check_space


class Rows(SearchSpace):
    """A space of rows that a test names: the chain of the chosen operations."""

    name = "rows"
    choices = tuple(Choice(f"layer {i}", ("conv", "pool", "skip")) for i in range(5))
    operations = ("conv", "pool", "skip")
    valid: frozenset[tuple[int, ...]] | None = None

    def graph(self, architecture):
        names = self.options(architecture).values()
        sites = tuple(Site(op, (i,), i + 1) for i, op in enumerate(names))
        return Graph((Cell(1, len(sites) + 1, sites, (len(sites),)),))

    def is_valid(self, choices):
        return self.valid is None or choices in self.valid


class Sparse(Rows):
    """Twelve of 243 rows: most have no valid neighbor."""

    name = "sparse"
    valid = frozenset(
        {(0, 0, 0, 0, 0), (0, 0, 0, 0, 1)} | {(a, a, b, b, b) for a in range(3) for b in range(3)}
    )


class Single(Rows):
    name = "single"
    valid = frozenset({(1, 2, 1, 2, 1)})


class Hopeless(Rows):
    name = "hopeless"
    valid = frozenset()


class Vast(Rows):
    """3 to the power of 40 rows: never listed."""

    name = "vast"
    choices = tuple(Choice(f"layer {i}", ("conv", "pool", "skip")) for i in range(40))


class VastAndRare(Vast):
    """As large, and hardly any row is valid."""

    def is_valid(self, choices):
        return not any(choices)


@pytest.mark.parametrize("space", [Rows(), Sparse(), Single(), Vast()])
def test_plain_spaces_keep_what_every_space_must(space):
    check_space(space, samples=20)


def test_mutation_ends_where_no_neighbor_is_valid():
    space = Sparse()
    lonely = space.architecture((1, 1, 2, 2, 2))
    assert space.neighbors(lonely) == []
    rng = np.random.default_rng(0)
    reached = {space.mutate(lonely, rng) for _ in range(80)}
    assert reached == set(space.architectures(space.rows())) - {lonely}


def test_mutation_takes_the_only_valid_neighbor():
    space = Sparse()
    rng = np.random.default_rng(0)
    one, other = (space.architecture((0, 0, 0, 0, last)) for last in (0, 1))
    assert {space.mutate(one, rng) for _ in range(20)} == {other}


def test_every_valid_neighbor_is_reached():
    space = Rows()
    start = space.architecture((0, 1, 2, 0, 1))
    rng = np.random.default_rng(0)
    assert {space.mutate(start, rng) for _ in range(200)} == set(space.neighbors(start))
    assert len(space.neighbors(start)) == 10


def test_sampling_finds_rare_architectures():
    space = Single()
    assert space.sample(3, np.random.default_rng(0)) == [Architecture("single", (1, 2, 1, 2, 1))] * 3


def test_a_single_architecture_has_nothing_to_mutate_to():
    space = Single()
    with pytest.raises(SpaceError, match="single architecture"):
        space.mutate(space.architecture((1, 2, 1, 2, 1)), np.random.default_rng(0))


def test_a_space_without_architectures_says_so():
    with pytest.raises(SpaceError, match="no valid architecture"):
        Hopeless().sample(1, np.random.default_rng(0))


def test_a_vast_space_is_sampled_but_never_listed():
    space = Vast()
    rng = np.random.default_rng(0)
    (one,) = space.sample(1, rng)
    assert space.mutate(one, rng) in space.neighbors(one)
    with pytest.raises(SpaceError, match="too many to list"):
        space.rows()
    with pytest.raises(SpaceError, match="too many to list"):
        VastAndRare().sample(1, rng)


def test_the_list_of_rows_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        Rows().rows()[0, 0] = 1


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ((0, 0, 0, 0), "4 choices given, but the space rows has 5"),
        ((0, 0, 0, 0, 3), "option 3 of 'layer 4' does not exist; 0 to 2 stand for conv, pool, skip"),
        ((0, 0, 0, 0, -1), "does not exist"),
    ],
)
def test_a_wrong_row_is_named(row, message):
    with pytest.raises(InvalidArchitecture, match=message):
        Rows().architecture(row)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"layer 0": "conv"}', "no value for the choice 'layer 1'"),
        (
            '{"layer 0": "conf", "layer 1": "conv", "layer 2": "conv", "layer 3": "conv", "layer 4": "conv"}',
            "'conv'",
        ),
        (
            '{"layer 0": 0, "layer 1": "conv", "layer 2": "conv", "layer 3": "conv", "layer 4": "conv"}',
            "unknown option for 'layer 0' '0'",
        ),
        ('{"layer 0": "conv", ', "at character 20"),
        ('["conv"]', "expected a JSON object"),
    ],
)
def test_a_wrong_text_says_where(text, message):
    with pytest.raises(ParseError, match=message):
        Rows().parse(text)


def test_a_choice_too_many_is_named():
    text = Rows().format(Rows().architecture((0, 0, 0, 0, 0)))
    with pytest.raises(ParseError, match="unknown choice 'layer 5'; did you mean 'layer"):
        Rows().parse(text[:-1] + ', "layer 5": "conv"}')


def test_the_digest_tells_spaces_apart():
    class Renamed(Rows):
        choices = (Choice("first", ("conv", "pool", "skip")), *Rows.choices[1:])

    class Reordered(Rows):
        choices = (Choice("layer 0", ("pool", "conv", "skip")), *Rows.choices[1:])

    assert len({Rows().digest, Renamed().digest, Reordered().digest, Sparse().digest}) == 4
    assert Rows().digest == Rows().digest


def test_a_deep_copy_is_the_space_itself():
    space = Rows()
    assert copy.deepcopy({"space": [space]})["space"][0] is space


class RareRows(SearchSpace):
    """Hardly any row is valid, and there are too many rows to list."""

    name = "rare-rows"
    operations = ("a",)
    choices = tuple(Choice(f"choice {index}", ("0", "1", "2", "3")) for index in range(20))

    def is_valid(self, choices):
        return sum(choices) == 0

    def graph(self, architecture):
        return Graph((Cell(1, 2, (Site("a", (0,), 1),), (1,)),))


class OneInMany(RareRows):
    """Of the rows of seven choices of two one in 128 is canonical; thirteen more choices are free."""

    name = "one-in-many"
    choices = tuple(
        [Choice(f"twin {index}", ("0", "1")) for index in range(7)]
        + [Choice(f"free {index}", ("0", "1", "2", "3")) for index in range(13)]
    )

    def is_valid(self, choices):
        return True

    def canonical(self, choices):
        return (0,) * 7 + tuple(choices[7:])


def test_where_one_in_128_rows_is_canonical_every_draw_succeeds_uniformly():
    space = OneInMany()
    drawn = [space.sample(1, np.random.default_rng(seed))[0].choices for seed in range(100)]
    assert all(row == space.canonical(row) for row in drawn)
    counts = np.bincount([option for row in drawn for option in row[7:]], minlength=4)
    assert counts.min() > 0.85 * counts.mean()  # 325 are expected of each option


def test_where_valid_rows_are_rare_the_message_names_what_to_override():
    with pytest.raises(SpaceError, match=r"override sample\(n, rng\) in RareRows"):
        RareRows().sample(1, np.random.default_rng(0))
