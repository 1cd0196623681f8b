"""A ranking known beforehand as a prior that labels replace."""

import numpy as np
import pytest

from archrank.errors import PredictorError
from archrank.predictors import GaussianProcess, KnownScores, WithPrior, auto, load_predictor
from archrank.predictors.hinted import check_fitted
from archrank.predictors.named import described
from archrank.ranking import kendall_tau
from archrank.spaces import NASBench201, NASBenchGraph
from archrank.strategies import Evaluated, GuidedSearch, History
from archrank.testing import check_predictor

SPACE = NASBench201()
DRAWN = list(dict.fromkeys(SPACE.sample(500, np.random.default_rng(0))))


def worth(architectures):
    return np.array([float(sum(c in (2, 3) for c in a.choices)) + 0.1 * a.choices[0] for a in architectures])


NOISY = worth(DRAWN) + np.random.default_rng(1).normal(0, 1.5, len(DRAWN))


@pytest.fixture(scope="module")
def prior():
    return KnownScores(SPACE).fit(DRAWN, NOISY)


def test_conformance(prior):
    check_predictor(lambda space: WithPrior(space, GaussianProcess(space), prior), SPACE)
    check_predictor(KnownScores, SPACE)


def test_known_scores_are_their_own_and_others_are_predicted():
    known = KnownScores(SPACE).fit(DRAWN[:200], worth(DRAWN[:200]))
    both = known.predict(DRAWN)
    assert kendall_tau(both[:200], worth(DRAWN[:200])) == pytest.approx(1.0)
    assert 0.6 < kendall_tau(both[200:], worth(DRAWN[200:])) < 1


@pytest.mark.parametrize("n", [2, 5, 10])
def test_it_ranks_better_than_the_labels_alone(prior, n):
    taus = []
    for seed in range(5):
        known = [DRAWN[i] for i in np.random.default_rng(seed).permutation(300)[:n]]
        plain = GaussianProcess(SPACE).fit(known, worth(known))
        both = WithPrior(SPACE, GaussianProcess(SPACE), prior).fit(known, worth(known))
        taus.append([kendall_tau(p.predict(DRAWN[300:]), worth(DRAWN[300:])) for p in (plain, both)])
    plain, both = np.mean(taus, axis=0)
    assert both > plain + 0.02


def test_its_weight_falls_with_labels_and_where_they_contradict_it(prior):
    def weight(n, sign=1.0):
        return WithPrior(SPACE, GaussianProcess(SPACE), prior).fit(DRAWN[:n], sign * worth(DRAWN[:n])).weight_

    weights = [weight(n) for n in (2, 5, 10, 20, 50, 100)]
    assert (np.diff(weights) < 0).all()
    assert weights[2] == pytest.approx(0.5, abs=0.1)
    assert weights[-1] < 0.02
    assert weight(20, -1.0) == 0.0


@pytest.mark.parametrize("n", [200, 260])
def test_from_200_labels_on_it_is_the_predictor(prior, n):
    known, others = DRAWN[:n], DRAWN[n:]
    plain = auto(SPACE, "fast", seed=3).fit(known, worth(known))
    both = WithPrior(SPACE, auto(SPACE, "fast"), prior).with_seed(3).fit(known, worth(known))
    assert both.predict(others).tolist() == plain.predict(others).tolist()
    for mine, theirs in zip(
        both.predict_distribution(others), plain.predict_distribution(others), strict=True
    ):
        assert mine.tolist() == theirs.tolist()
    assert both.explain() == plain.explain()


def test_it_says_how_much_the_prior_counts(prior):
    few = WithPrior(SPACE, GaussianProcess(SPACE), prior).fit(DRAWN[:5], worth(DRAWN[:5])).explain()
    more = WithPrior(SPACE, GaussianProcess(SPACE), prior).fit(DRAWN[:60], worth(DRAWN[:60])).explain()
    assert few.groups["prior"] > 0.5 > 0.05 > more.groups["prior"] > 0


def test_it_is_described_by_what_its_prior_is_of():
    titled = KnownScores(SPACE, title="zero-cost scores").fit(DRAWN, NOISY)
    both = WithPrior(SPACE, auto(SPACE, "fast"), titled)
    assert described(both) == "the mean of GaussianProcess and BoostedTrees, with a prior of zero-cost scores"
    again = WithPrior(SPACE, both, titled).fit(DRAWN[:5], worth(DRAWN[:5]))
    assert {"prior of zero-cost scores", "prior of zero-cost scores (2)"} <= again.explain().groups.keys()


def test_no_effect_is_above_one_where_prior_and_predictor_oppose_each_other(prior):
    both = WithPrior(SPACE, GaussianProcess(SPACE), prior).fit(DRAWN[:5], worth(DRAWN[:5]))
    both.weight_ = 0.5
    both._learn(GaussianProcess(SPACE).fit(DRAWN, -prior.predict(DRAWN)))
    assert both._group_effects(np.random.default_rng(0))["prior"] > 1
    assert max(both.explain().groups.values()) == 1.0


def test_it_is_saved_with_its_prior(prior, tmp_path):
    fitted = WithPrior(SPACE, GaussianProcess(SPACE), prior).fit(DRAWN[:8], worth(DRAWN[:8]))
    fitted.save(tmp_path)
    again = load_predictor(tmp_path, SPACE)
    assert again.predict(DRAWN) == pytest.approx(fitted.predict(DRAWN))


def test_a_prior_of_another_space_or_without_a_fit_is_refused(prior):
    with pytest.raises(PredictorError, match="not fitted yet"):
        WithPrior(SPACE, GaussianProcess(SPACE), KnownScores(SPACE)).fit(DRAWN[:5], range(5))
    graph = NASBenchGraph()
    with pytest.raises(PredictorError, match="the prior is for the space 'nas-bench-201'"):
        WithPrior(graph, GaussianProcess(graph), prior).fit(
            graph.sample(5, np.random.default_rng(0)), range(5)
        )
    with pytest.raises(PredictorError, match="expected a Predictor"):
        WithPrior(SPACE, GaussianProcess(SPACE), 3).fit(DRAWN[:5], range(5))


def test_a_guided_search_forgets_it(prior):
    asked = []

    def scores(predictor):
        asked.append(1)
        return WithPrior(SPACE, predictor, prior)

    search = GuidedSearch(SPACE, auto(SPACE, "fast")).expecting(scores)
    alone = GuidedSearch(SPACE)
    assert not asked
    few, many = (
        History([Evaluated(a, float(y)) for a, y in zip(DRAWN[:n], worth(DRAWN[:n]), strict=True)])
        for n in (12, 200)
    )
    rngs = [np.random.default_rng(5) for _ in range(4)]
    assert search.propose(few, 5, rngs[0]) != alone.propose(few, 5, rngs[1])
    assert len(asked) == 1
    assert search.propose(many, 5, rngs[2]) == alone.propose(many, 5, rngs[3])


def test_a_guided_search_has_a_prior_and_hints(prior):
    hint = GaussianProcess(SPACE).fit(DRAWN[:60], worth(DRAWN[:60]))
    check_fitted([hint], SPACE)
    plain = GuidedSearch(SPACE)
    hinted, expecting = plain.listening([hint]), plain.expecting(lambda model: WithPrior(SPACE, model, prior))
    both = expecting.listening([hint])
    history = History([Evaluated(a, float(y)) for a, y in zip(DRAWN[:12], worth(DRAWN[:12]), strict=True)])
    others = SPACE.sample(50, np.random.default_rng(7))

    def predicted(search, known=history):
        return search.predicted(known, others, np.random.default_rng(5)).tolist()

    found = predicted(both)
    assert found == predicted(hinted.expecting(lambda model: WithPrior(SPACE, model, prior)))  # in any order
    assert found not in (predicted(hinted), predicted(expecting))
    assert both.settings == plain.settings
    many = History([Evaluated(a, float(y)) for a, y in zip(DRAWN[:200], worth(DRAWN[:200]), strict=True)])
    assert predicted(both, many) == predicted(hinted, many)


def test_known_scores_predict_the_same_again_and_forget_an_earlier_fit():
    scores, others = KnownScores(SPACE).fit(DRAWN[:40], worth(DRAWN[:40])), DRAWN[60:120]
    once = scores.predict(others).tolist()
    assert scores.predict(others).tolist() == once
    assert scores.predict(others[::-1]).tolist() == once[::-1]
    assert scores.fit(DRAWN[:40], -worth(DRAWN[:40])).predict(others).tolist() != once
