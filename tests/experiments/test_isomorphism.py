import math

import numpy as np
import pytest

from archrank import Architecture
from archrank.encoders import ENCODERS
from archrank.errors import MeasureError
from archrank.experiments.isomorphism import isomorphic_encodings, isomorphism_spread
from archrank.predictors import NeuralPredictor, Predictor
from archrank.spaces import NASBench101, NASBench201, NASBenchGraph, NATSBenchSize

SPACES = [NASBench101(), NASBench201(), NASBenchGraph()]


@pytest.fixture(scope="module", params=SPACES, ids=lambda space: space.name)
def space(request):
    return request.param


@pytest.fixture(scope="module")
def groups(space):
    return isomorphic_encodings(space, 30, np.random.default_rng(0), max_size=5)


def key(space, row):
    return space.graph(Architecture(space.name, tuple(row))).key


class Told(Predictor):
    """Scores by a rule."""

    def __init__(self, space, rule):
        self.space = space
        self.rule = rule

    def _fit(self, rows, targets):
        pass

    def predict_members(self, candidates):
        return np.array([[self.rule(a.choices) for a in candidates]], dtype=float)

    def _predict_members(self, candidates):
        raise NotImplementedError

    def _state(self):
        raise NotImplementedError

    @classmethod
    def _restore(cls, space, state):
        raise NotImplementedError


def test_a_group_says_one_graph_in_several_valid_rows(space, groups):
    assert len(groups) == 30
    for group in groups:
        rows = group.tolist()
        assert 2 <= len(rows) <= 5
        assert len({tuple(row) for row in rows}) == len(rows)
        assert all(space.is_valid(tuple(row)) for row in rows)
        assert len({key(space, row) for row in rows}) == 1


def test_no_two_groups_say_the_same_graph(space, groups):
    assert len({key(space, group[0]) for group in groups}) == len(groups)


def test_a_small_space_gives_all_its_groups():
    """NAS-Bench-201's inner junctions can be exchanged where no edge joins them; it matters where they differ."""
    space = NASBench201()
    free = [row for row in space.all_encodings() if row[2] == 0]
    pairs = {frozenset({row, (row[1], row[0], 0, row[3], row[5], row[4])}) for row in free}
    found = isomorphic_encodings(space, 10_000, np.random.default_rng(0))
    assert {frozenset(map(tuple, group.tolist())) for group in found} == {p for p in pairs if len(p) == 2}


def test_groups_are_as_large_as_they_may_be_and_hold_valid_rows_only():
    """Four nodes that all read the input can be written in 24 orders; a tree of four skips is no architecture."""
    space = NASBenchGraph.proteins()
    for most, largest in ((3, 3), (100, 24)):
        groups = isomorphic_encodings(space, 10_000, np.random.default_rng(0), most)
        assert max(len(group) for group in groups) == largest
        assert all(space.is_valid(tuple(row)) for group in groups for row in group.tolist())


def test_same_seed_same_groups_other_seed_other_groups():
    space = NASBench101(vertices=6)
    drawn = [
        [group.tolist() for group in isomorphic_encodings(space, 5, np.random.default_rng(seed))]
        for seed in (1, 1, 2)
    ]
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_space_whose_encodings_all_differ_has_no_groups():
    assert isomorphic_encodings(NATSBenchSize(), 5, np.random.default_rng(0)) == []


@pytest.mark.parametrize(
    ("classes", "most", "message"),
    [(0, 8, "classes is 0; it must be 1 or more"), (1, 1, "max_size is 1; a group needs at least 2")],
)
def test_too_few_are_refused(classes, most, message):
    with pytest.raises(MeasureError, match=message):
        isomorphic_encodings(SPACES[1], classes, np.random.default_rng(0), most)


@pytest.mark.parametrize(("encoder", "alike"), [("gates", True), ("mlp", False), ("lstm", False)])
def test_gates_scores_isomorphic_architectures_alike_and_flat_choices_do_not(space, groups, encoder, alike):
    known = list(dict.fromkeys(space.sample(20, np.random.default_rng(1))))
    predictor = NeuralPredictor(space, ENCODERS[encoder], hidden=(16,), epochs=2)
    spread = isomorphism_spread(predictor.fit(known, np.arange(len(known))), groups)
    assert spread < 1e-5 if alike else spread > 0.01


def test_the_spread_by_hand():
    first, second, third = (np.full((n, 6), n, dtype=np.int16) for n in (2, 3, 2))
    first[:, 0], second[:, 0], third[:, 0] = (0, 4), (1, 3, 2), (2, 2)
    predictor = Told(SPACES[1], lambda choices: choices[0])
    # Ranges 4, 2 and 0; the first of each group score 0, 1 and 2.
    assert isomorphism_spread(predictor, [first, second, third]) == pytest.approx(2 / np.std([0, 1, 2]))


def test_the_spread_has_no_scale_where_all_score_the_same():
    groups = [np.zeros((2, 6), dtype=np.int16)] * 2
    assert math.isnan(isomorphism_spread(Told(SPACES[1], lambda choices: 0.3), groups))


def test_the_spread_of_no_groups_is_refused():
    with pytest.raises(MeasureError, match="no groups of isomorphic encodings"):
        isomorphism_spread(Told(SPACES[1], sum), [])
