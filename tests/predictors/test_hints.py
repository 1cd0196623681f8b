"""Hints: predictors of something else of the same space, which others listen to."""

import json
import math
from copy import copy

import numpy as np
import pytest

from archrank.errors import PredictorError
from archrank.predictors import (
    BoostedTrees,
    Ensemble,
    GaussianProcess,
    KnownScores,
    WeisfeilerLehman,
    WithPrior,
    auto,
    load_predictor,
)
from archrank.predictors.candidates import Candidates
from archrank.predictors.hinted import hints_of, with_hints, with_more_hints
from archrank.predictors.named import named_predictor
from archrank.predictors.targets import normal_scores
from archrank.ranking import kendall_tau
from archrank.spaces import NASBench201, NASBenchGraph
from archrank.testing import check_predictor
from kernel_distances import distances

SPACE = NASBench201()
DRAWN = list(dict.fromkeys(SPACE.sample(700, np.random.default_rng(0))))
KNOWN, OTHERS, CHEAP = DRAWN[:25], DRAWN[25:225], DRAWN[225:525]


def worth(architectures):
    """What the operations are worth that reach the output, unlike by place: more than 25 labels can tell."""
    each = {"nor_conv_3x3": 1.0, "nor_conv_1x1": 0.3, "avg_pool_3x3": -0.4}
    return np.array(
        [
            sum(
                (s.target - s.sources[0]) * each.get(s.operation, 0.0)
                for s in SPACE.function(a).cells[0].sites
            )
            for a in architectures
        ]
    )


@pytest.fixture(scope="module")
def cheap():
    """Knows a noisy version of the worth, from many labels."""
    noise = np.random.default_rng(1).normal(0, 0.5, len(CHEAP))
    return GaussianProcess(SPACE).fit(CHEAP, worth(CHEAP) + noise)


@pytest.fixture(scope="module")
def unrelated():
    return GaussianProcess(SPACE).fit(CHEAP, np.random.default_rng(2).normal(size=len(CHEAP)))


@pytest.mark.parametrize(
    "kind", [GaussianProcess, BoostedTrees, lambda s, hints: auto(s, "fast", hints=hints)]
)
def test_conformance(kind, cheap):
    check_predictor(lambda space: kind(space, hints=[cheap]), SPACE)


@pytest.mark.parametrize("kind", [GaussianProcess, BoostedTrees])
def test_a_hint_from_many_labels_helps_where_labels_are_few(kind, cheap):
    plain, hinted = (kind(SPACE, hints=hints).fit(KNOWN, worth(KNOWN)) for hints in ([], [cheap]))
    taus = [kendall_tau(predictor.predict(OTHERS), worth(OTHERS)) for predictor in (plain, hinted)]
    assert taus[1] > taus[0] + 0.02


def test_a_hint_may_point_the_other_way(cheap):
    targets = worth(KNOWN) + 0.01 * np.arange(len(KNOWN))
    turned = GaussianProcess(SPACE, hints=[cheap]).fit(KNOWN, -targets).predict(OTHERS)
    assert turned == pytest.approx(-GaussianProcess(SPACE, hints=[cheap]).fit(KNOWN, targets).predict(OTHERS))


def test_an_unrelated_hint_is_not_listened_to(unrelated):
    plain, hinted = (
        GaussianProcess(SPACE, hints=hints).fit(KNOWN, worth(KNOWN)) for hints in ([], [unrelated])
    )
    assert hinted.slope_ == 0
    assert np.array_equal(plain.predict(OTHERS), hinted.predict(OTHERS))


def test_the_posterior_is_that_of_the_textbook(cheap):
    predictor = GaussianProcess(SPACE, hints=[cheap]).fit(KNOWN, worth(KNOWN))
    mean, spread = predictor.predict_distribution(OTHERS)
    known, others = predictor.collate(KNOWN), predictor.collate(OTHERS)

    def kernel(a, b):
        r = math.sqrt(3) * distances(predictor, a, b)
        return (1 + r) * np.exp(-r) + predictor.slope_ * (
            1 + a.hint_predictions([cheap]) @ b.hint_predictions([cheap]).T
        )

    assert predictor.slope_ > 0
    noise = predictor.noise_ / (1 - predictor.noise_) + 1e-6
    y, covariance = normal_scores(worth(KNOWN)), kernel(known, known) + noise * np.eye(len(KNOWN))
    shared, solved = kernel(others, known), np.linalg.solve(covariance, kernel(known, others))
    variance = y @ np.linalg.solve(covariance, y) / len(KNOWN)  # the most likely one
    assert mean == pytest.approx(shared @ np.linalg.solve(covariance, y), abs=1e-5)
    left = np.diag(kernel(others, others)) - (shared * solved.T).sum(axis=1)
    assert spread == pytest.approx(np.sqrt(variance * left), rel=1e-2)


def test_what_hints_say_is_on_one_scale_and_found_once(cheap):
    class Counted:
        def __init__(self):
            self.asked = 0

        def predict(self, candidates):
            self.asked += 1
            return 1e3 + 50 * cheap.predict(candidates)

    candidates, hint = Candidates(SPACE, SPACE.rows()), Counted()
    hinted = candidates.hint_predictions([hint, cheap])
    assert hinted.shape == (15_625, 2)
    assert hinted.mean(axis=0) == pytest.approx([0, 0], abs=0.15)
    assert hinted.std(axis=0) == pytest.approx([1, 1], abs=0.15)
    assert hinted[:, 0] == pytest.approx(hinted[:, 1])
    asked = hint.asked
    candidates.hint_predictions([hint])
    assert hint.asked == asked
    assert candidates.hint_predictions([]).shape == (15_625, 0)


def test_hints_are_saved_with_what_listens_to_them(cheap, tmp_path):
    hinted = auto(SPACE, "fast", hints=[cheap]).fit(KNOWN, worth(KNOWN))
    hinted.save(tmp_path)
    again = load_predictor(tmp_path, SPACE)
    for found, expected in zip(
        again.predict_distribution(OTHERS), hinted.predict_distribution(OTHERS), strict=True
    ):
        assert np.array_equal(found, expected)
    assert isinstance(again.predictors[0].hints[0], GaussianProcess)


def test_refusals(cheap):
    graph = NASBenchGraph()
    elsewhere = GaussianProcess(graph).fit(graph.sample(20, np.random.default_rng(0)), np.arange(20))
    for hint, words in ((GaussianProcess(SPACE), "not fitted yet"), (elsewhere, "space")):
        with pytest.raises(PredictorError, match=words):
            GaussianProcess(SPACE, hints=[hint]).fit(KNOWN, worth(KNOWN))


class Pair(Ensemble):
    """Makes its members itself."""

    def __init__(self, space, seed=0):
        super().__init__(space, (GaussianProcess(space), GaussianProcess(space, max_train=10)), seed=seed)


def test_hints_reach_the_members_of_members(cheap, unrelated):
    resampled = named_predictor(SPACE, "auto", effort="fast", bootstrap=2, hints=[cheap])
    assert hints_of(resampled) == (cheap,)
    more = with_more_hints(resampled, [unrelated])
    assert hints_of(more) == (cheap, unrelated)
    assert all(hints_of(member) == (cheap, unrelated) for member in more.predictors)
    assert {"hint 1", "hint 2"} <= more.fit(KNOWN, worth(KNOWN)).explain().groups.keys()


def test_an_ensemble_that_makes_its_members_itself_takes_no_hints(cheap):
    pair = Pair(SPACE)
    assert with_more_hints(pair, [cheap]) is pair
    assert hints_of(pair) == ()
    with pytest.raises(PredictorError, match="takes no hints"):
        with_hints(pair, [cheap])


def test_hints_reach_the_predictor_that_has_a_prior(cheap, unrelated):
    """On its own, and as a member."""
    prior = KnownScores(SPACE).fit(CHEAP, worth(CHEAP))
    with_prior = WithPrior(SPACE, auto(SPACE, "fast", hints=[cheap]), prior)
    for whole in (with_prior, Ensemble(SPACE, (with_prior, WeisfeilerLehman(SPACE)))):
        assert hints_of(whole) == (cheap,)
        more = with_more_hints(whole, [unrelated])
        assert hints_of(more) == (cheap, unrelated)
        assert hints_of(with_hints(whole, [unrelated])) == (unrelated,)
    assert more.predictors[0].prior is prior
    without = WithPrior(SPACE, WeisfeilerLehman(SPACE), prior)
    assert with_more_hints(without, [cheap]) is without


class Anything(GaussianProcess):
    """Passes on what it does not name."""

    def __init__(self, space, **others):
        super().__init__(space, **others)


class OneByOne(Ensemble):
    """Takes its members one by one."""

    def __init__(self, space, *predictors):
        super().__init__(space, predictors)


class Careless(GaussianProcess):
    """Does not keep what it is given."""

    def __init__(self, space, hints=(), scale=1.0):
        super().__init__(space, hints=hints)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda: Anything(SPACE), r"Anything takes \*\*others, which cannot be given by name"),
        (lambda: OneByOne(SPACE, GaussianProcess(SPACE)), r"OneByOne takes \*predictors, which cannot"),
        (lambda: Careless(SPACE), "Careless does not keep its parameter 'scale'"),
    ],
)
def test_a_class_that_cannot_be_copied_is_refused_with_the_reason(made, words, cheap):
    for asked in (hints_of, lambda g: with_hints(g, [cheap]), lambda g: with_more_hints(g, [cheap])):
        with pytest.raises(PredictorError, match=words):
            asked(made())


def test_hints_are_called_by_their_titles_also_after_loading(cheap, unrelated, tmp_path):
    named, other, third = copy(cheap), copy(cheap), copy(unrelated)
    named.title, other.title = "hint nwot", "hint nwot"
    fitted = auto(SPACE, "fast", hints=[named, other, third]).fit(KNOWN, worth(KNOWN))
    groups = fitted.explain().groups
    assert {"hint nwot", "hint nwot (2)", "hint 3"} <= groups.keys()
    fitted.save(tmp_path)
    again = load_predictor(tmp_path, SPACE)
    assert again.explain().groups == groups
    assert [hint.title for hint in again.predictors[0].hints] == ["hint nwot", "hint nwot", None]


def test_a_title_that_a_group_of_features_has_is_numbered(cheap):
    graph = copy(cheap)
    graph.title = "graph"
    fitted = GaussianProcess(SPACE, hints=[graph]).fit(KNOWN, worth(KNOWN))
    assert {"graph", "graph (2)"} <= fitted.explain().groups.keys()


def test_files_without_titles_are_read_and_titles_that_are_no_text_are_refused(cheap, tmp_path):
    cheap.save(tmp_path)
    record = json.loads((tmp_path / "predictor.json").read_text())
    del record["title"]
    (tmp_path / "predictor.json").write_text(json.dumps(record))
    assert load_predictor(tmp_path, SPACE).title is None
    wrong = copy(cheap)
    wrong.title = 3
    with pytest.raises(PredictorError, match=r"title of .* is 3; expected a text"):
        wrong.save(tmp_path)
