import numpy as np
import pytest

from archrank.errors import PredictorError
from archrank.predictors import BoostedTrees, GaussianProcess, auto
from archrank.predictors.group_effects import _effect
from archrank.spaces import NASBench201
from seen_spaces import Described, Trained, drawn, trained_labels

SPACE = Trained()
KNOWN, ROWS = drawn(SPACE, 150)


@pytest.mark.parametrize("make", [GaussianProcess, BoostedTrees, lambda space: auto(space, "fast")])
def test_what_decides_comes_first_and_what_means_nothing_has_about_no_effect(make):
    found = make(SPACE).fit(KNOWN, trained_labels(ROWS)).explain()
    assert next(iter(found.choices)) == "optimizer"
    assert set(found.choices) == {choice.name for choice in SPACE.choices}
    assert found.choices["lucky number"] < 0.05
    assert next(iter(found.groups)) == "choices"


def test_it_is_stable_over_bootstrap_samples():
    rng = np.random.default_rng(0)
    effects = []
    for _ in range(4):
        part = rng.integers(len(ROWS), size=len(ROWS))
        fitted = GaussianProcess(SPACE).fit(ROWS[part], trained_labels(ROWS[part]))
        effects.append(fitted.explain().choices)
    for name in effects[0]:
        values = [each[name] for each in effects]
        assert np.std(values) < 0.05, (name, values)


def test_where_choices_are_not_seen_their_effect_is_that_of_the_graph():
    space = NASBench201()
    rows = space.rows()[::200]
    found = GaussianProcess(space).fit(rows, rows[:, 3] == 3).explain()
    assert set(found.groups) == {"graph", "depth"}
    assert next(iter(found.choices)) == space.choices[3].name


def test_attributes_and_places_are_groups():
    space = Described()
    known, rows = drawn(space, 60)
    found = GaussianProcess(space).fit(known, (rows == 2).sum(axis=1)).explain()
    assert {"graph", "depth", "choices", "attributes", "place of kernel"} <= set(found.groups)


def test_it_shows_itself_and_becomes_a_frame():
    found = GaussianProcess(SPACE).fit(KNOWN, trained_labels(ROWS)).explain()
    assert repr(found).splitlines()[0].split() == ["group", "effect"]
    assert "optimizer" in repr(found)
    frame = found.to_pandas()
    assert list(frame.columns) == ["kind", "name", "effect", "std"]
    assert frame["std"].isna().all()  # of a single fit it is not known
    assert len(frame) == len(found.groups) + len(found.choices)


def test_an_explanation_needs_a_fit():
    with pytest.raises(PredictorError, match="was not fitted yet"):
        GaussianProcess(SPACE).explain()


def test_an_effect_on_no_scores_is_none():
    assert _effect(np.empty(0), np.empty(0)) == 0.0
