import copy

import numpy as np
import pytest

from archrank import Architecture, Cell, Choice, Graph, SearchSpace, Site
from archrank.encoders import GATES
from archrank.errors import ArchrankError, UnknownName
from archrank.predictors import NeuralPredictor
from archrank.spaces import NASBench201
from archrank.strategies import Evaluated, GuidedSearch, History, RandomSearch
from archrank.testing import check_strategy

SPACE = NASBench201()
WHOLE = SPACE.architectures(SPACE.rows())


def worth(architecture):
    """Different for every cell of NAS-Bench-201, the highest for 3-3-3-3-3-3."""
    return sum(
        (option == 3) + option * 6.0**-place / 50 for place, option in enumerate(architecture.choices, 1)
    )


class Known:
    """A ranker that knows the truth, and notes what it was asked."""

    def __init__(self, score=worth):
        self.score, self.log = score, []

    def __repr__(self):
        return "Known()"

    def with_seed(self, seed):
        self.log.append(("seed", seed))
        return copy.copy(self)

    def fit(self, architectures, targets):
        self.log.append(("fit", list(zip(architectures, targets, strict=True))))
        return self

    def collate(self, architectures):
        self.log.append(("collate", len(architectures)))
        return architectures

    def predict(self, candidates):
        self.log.append(("predict", len(candidates)))
        return np.array([self.score(a) for a in candidates], dtype=np.float64)

    def asked(self, what):
        return [value for name, value in self.log if name == what]


class Layers(SearchSpace):
    """A chain of as many layers as wanted, ten operations each."""

    operations = tuple(f"op{i}" for i in range(10))

    def __init__(self, layers):
        self.name = f"layers-{layers}"
        self.choices = tuple(Choice(f"layer {i}", self.operations) for i in range(layers))

    def graph(self, architecture):
        sites = tuple(Site(f"op{o}", (i,), i + 1) for i, o in enumerate(architecture.choices))
        return Graph((Cell(1, len(sites) + 1, sites, (len(sites),)),))


def rng(seed=0):
    return np.random.default_rng(seed)


def measured(n=30, space=SPACE, score=worth, seed=9):
    drawn = list(dict.fromkeys(space.sample(2 * n, rng(seed))))[:n]
    return History(Evaluated(a, score(a)) for a in drawn)


def guided(ranker=None, space=SPACE, **settings):
    return GuidedSearch(space, ranker or Known(), **({"initial": 5, "acquisition": "mean"} | settings))


def cheap(space):
    encoder = GATES(layers=2, width=4, operation_features=3, node_features=3, start_width=4)
    return NeuralPredictor(space, encoder, hidden=(4,), epochs=1)


@pytest.mark.parametrize("inner", ["whole", "random", "evolution"])
def test_conformance(inner):
    check_strategy(
        lambda space: GuidedSearch(
            space,
            cheap(space),
            acquisition="mean",
            initial=3,
            batch=3,
            inner=inner,
            ratio=2,
            population=4,
            generations=1,
        )
    )


@pytest.mark.parametrize("explore", [0.0, 1.0])
def test_conformance_with_candidates(explore):
    check_strategy(
        lambda space: GuidedSearch(
            space,
            Known(lambda a: float(sum(a.choices))),
            acquisition="mean",
            initial=2,
            explore=explore,
            candidates=space.architectures(space.rows())[::-1],
        )
    )


@pytest.mark.parametrize("inner", ["whole", "random", "evolution"])
def test_conformance_where_all_scores_are_equal(inner):
    check_strategy(
        lambda space: guided(
            Known(lambda a: 0.0), space, inner=inner, initial=2, ratio=2, population=4, generations=2
        )
    )


def test_the_first_ones_are_random_and_ask_no_predictor():
    ranker = Known()
    strategy, history = guided(ranker, initial=10), History()
    while len(history) < 25:
        proposals = strategy.propose(history, 5, rng(len(history)))
        expected = "random" if len(history) < 10 else "predicted"
        assert [p.reason for p in proposals] == [expected] * 5
        assert all((p.score is None) == (expected == "random") for p in proposals)
        for p in proposals:
            history.record(Evaluated(p.architecture, worth(p.architecture)))
    assert [len(known) for known in ranker.asked("fit")] == [10, 15, 20]


def test_the_first_ones_are_those_of_random_search():
    proposals = guided(initial=10).propose(History(), 10, rng(3))
    assert proposals == RandomSearch(SPACE).propose(History(), 10, rng(3))


def test_given_ones_come_first_in_turn_with_random_ones():
    given, log = WHOLE[100:104], []

    def first(domain):
        log.append("called")
        return given

    strategy = guided(initial=6, first=first)
    assert log == []
    proposals = strategy.propose(History(), 5, rng())
    assert [p.architecture for p in proposals if p.reason == "given"] == given[:3]
    assert [p.reason for p in proposals].count("random") == 2
    history = History(Evaluated(p.architecture, worth(p.architecture)) for p in proposals[:3])
    more = strategy.propose(history, 5, rng())  # places 3 to 7, of which the fourth is a turn
    assert [p.architecture for p in more if p.reason == "given"] == given[3:4]
    assert len({p.architecture for p in [*proposals[:3], *more]}) == 8
    assert log == ["called"]
    assert {p.reason for p in strategy.propose(measured(), 5, rng())} == {"predicted"}


def test_given_ones_that_may_not_be_proposed_are_passed_over():
    candidates = WHOLE[:20]
    given = [WHOLE[500], *candidates[:3]]
    history = History([Evaluated(candidates[0], None)])
    strategy = guided(initial=10, first=given, candidates=candidates)
    proposals = strategy.propose(history, 9, rng())
    assert [p.architecture for p in proposals if p.reason == "given"] == candidates[1:3]
    assert len({p.architecture for p in proposals} | {candidates[0]}) == 10


def test_conformance_with_given_ones():
    check_strategy(
        lambda space: GuidedSearch(
            space,
            cheap(space),
            acquisition="mean",
            initial=4,
            batch=3,
            first=lambda domain: domain.sample(3, rng()),
        )
    )


class Given:
    """A function that returns given ones, and says why."""

    def __init__(self, reason):
        self.reason = reason

    def __call__(self, domain):
        return WHOLE[:3]


def test_a_function_says_why_its_architectures_come_first():
    proposals = guided(initial=4, first=Given("evolved")).propose(History(), 4, rng())
    assert sorted(p.reason for p in proposals) == ["evolved", "evolved", "random", "random"]


@pytest.mark.parametrize(
    ("first", "message"),
    [
        (lambda: [], "first .* cannot be called with one domain"),
        (Given(3), "unknown reason of first '3'"),
        (Given("scored"), "unknown reason of first 'scored'.* Allowed: random"),
    ],
)
def test_a_function_that_cannot_be_used_is_refused_at_once(first, message):
    with pytest.raises(ArchrankError, match=message):
        guided(first=first)


def test_failed_ones_do_not_count_as_first_ones_and_pending_ones_do():
    drawn = list(dict.fromkeys(SPACE.sample(20, rng())))
    scored = [Evaluated(a, worth(a)) for a in drawn[:4]]
    failed = History([*scored, *(Evaluated(a, None) for a in drawn[4:12])])
    pending = History([*scored, *(Evaluated(a, None, pending=True) for a in drawn[4:12])])
    assert {p.reason for p in guided().propose(failed, 3, rng())} == {"random"}
    assert {p.reason for p in guided().propose(pending, 3, rng())} == {"predicted"}


@pytest.mark.parametrize("scores", [[], [0.5], [0.5] * 8])
def test_where_nothing_differs_there_is_nothing_to_fit(scores):
    ranker = Known()
    history = History(Evaluated(a, s) for a, s in zip(WHOLE, scores, strict=False))
    proposals = guided(ranker, initial=0).propose(history, 4, rng())
    assert {p.reason for p in proposals} == {"random"}
    assert ranker.asked("fit") == []


def test_it_fits_on_what_was_measured_and_nothing_else():
    ranker, history = Known(), measured(8)
    failed, waiting = WHOLE[0], WHOLE[-1]
    history.record(Evaluated(failed, None))
    history.record(Evaluated(waiting, None, pending=True))
    guided(ranker).propose(history, 2, rng())
    assert ranker.asked("fit") == [history.measured]


def test_the_whole_space_is_scored_and_the_best_unseen_are_taken():
    history = measured(30)
    best = sorted((a for a in WHOLE if a not in history), key=worth, reverse=True)
    history.record(Evaluated(best[0], None, unrelated=True))  # failed: never again
    history.record(Evaluated(best[2], None, pending=True))  # under way
    proposals = guided(inner="whole").propose(history, 5, rng())
    assert [p.architecture for p in proposals] == [best[1], *best[3:7]]
    assert [p.score for p in proposals] == [worth(p.architecture) for p in proposals]


def test_candidates_are_never_left():
    candidates = WHOLE[100:150]
    proposals = guided(candidates=candidates).propose(measured(), 5, rng())
    assert [p.architecture for p in proposals] == sorted(candidates, key=worth, reverse=True)[:5]
    assert all(p.architecture in candidates for p in guided(candidates=candidates, explore=1.0).propose(
        measured(), 60, rng()
    ))  # fmt: skip


def test_random_inner_search_takes_the_best_of_ratio_times_n():
    ranker = Known()
    proposals = guided(ranker, inner="random", ratio=50).propose(measured(), 4, rng())
    assert ranker.asked("predict") == [200]
    scores = [p.score for p in proposals]
    assert scores == sorted(scores, reverse=True)
    # The best 4 of 200 drawn from the whole are among the best tenth of it.
    assert min(scores) > np.quantile([worth(a) for a in WHOLE], 0.9)


def test_evolution_climbs_on_the_predicted_score():
    ranker, history = Known(), measured()
    proposals = guided(ranker, inner="evolution", population=20, generations=10).propose(history, 4, rng())
    best = sorted((a for a in WHOLE if a not in history), key=worth, reverse=True)
    assert proposals[0].architecture == best[0]
    assert {p.architecture for p in proposals} <= set(best[:40])
    assert sum(ranker.asked("predict")) < 300  # of 15,625


def test_evolution_without_generations_takes_the_best_of_a_population():
    proposals = guided(inner="evolution", population=10, generations=0).propose(measured(), 3, rng())
    assert [p.reason for p in proposals] == ["predicted"] * 3


def test_auto_scores_a_small_space_whole_and_collates_it_once():
    ranker = Known()
    strategy, history = guided(ranker), measured()
    for seed in range(3):
        strategy.propose(history, 2, rng(seed))
    assert ranker.asked("collate") == [15_625]
    assert ranker.asked("predict") == [15_625] * 3


def test_auto_evolves_on_a_space_too_large_to_list():
    space, ranker = Layers(9), Known(lambda a: float(sum(a.choices)))
    assert space.encodings == 10**9
    history = measured(20, space, ranker.score)
    strategy = guided(ranker, space, population=30, generations=15)
    proposals = strategy.propose(history, 8, rng())
    assert len({p.architecture for p in proposals}) == 8
    assert {p.reason for p in proposals} == {"predicted"}
    assert ranker.asked("collate") == []
    # A random row sums to 40.5 ± 8.6; fifteen generations climb far above all that was measured.
    assert min(p.score for p in proposals) > max(score for _, score in history.measured)
    explored = guided(ranker, space, explore=1.0).propose(history, 8, rng())
    assert {p.reason for p in explored} == {"explored"}


def test_a_real_predictor_searches_a_large_space():
    space = Layers(9)
    history = measured(20, space, lambda a: float(sum(a.choices)))
    strategy = guided(cheap(space), space, population=10, generations=3)
    assert [p.reason for p in strategy.propose(history, 3, rng())] == ["predicted"] * 3


def test_a_share_is_explored():
    history, counts = measured(), []
    strategy = guided(explore=0.3, inner="random", ratio=2)
    for seed in range(60):
        proposals = strategy.propose(history, 10, rng(seed))
        assert [p.reason for p in proposals] == sorted((p.reason for p in proposals), reverse=True)
        assert all((p.score is None) == (p.reason == "explored") for p in proposals)
        counts.append(sum(p.reason == "explored" for p in proposals))
    # Binomial(600, 0.3): 180 ± 11.2, six standard deviations either side.
    assert 112 < sum(counts) < 248


def test_all_and_nothing_explored():
    assert {p.reason for p in guided(explore=1.0).propose(measured(), 9, rng())} == {"explored"}
    assert {p.reason for p in guided(explore=0.0).propose(measured(), 9, rng())} == {"predicted"}


def test_a_round_takes_one_of_equal_scores_first():
    """Scored by the first choice alone there are five scores: a round of five has them all."""
    ranker = Known(lambda a: float(a.choices[0]))
    proposals = guided(ranker).propose(measured(), 5, rng())
    assert [p.score for p in proposals] == [4.0, 3.0, 2.0, 1.0, 0.0]


def test_equals_fill_up_the_best_first_when_nothing_else_is_left():
    ranker = Known(lambda a: float(a.choices[0]))
    proposals = guided(ranker).propose(measured(), 9, rng())
    assert [p.score for p in proposals] == [4.0, 3.0, 2.0, 1.0, 0.0, 4.0, 4.0, 4.0, 4.0]
    assert len({p.architecture for p in proposals}) == 9


def test_which_of_equal_ones_is_taken_is_left_to_chance():
    ranker = Known(lambda a: float(a.choices[0]))
    taken = {guided(ranker).propose(measured(), 1, rng(seed))[0].architecture for seed in range(10)}
    assert len(taken) == 10
    assert {a.choices[0] for a in taken} == {4}


def test_every_round_draws_the_predictors_seed_anew_from_the_generator():
    ranker, history = Known(), measured()
    strategy = guided(ranker)
    for seed in (0, 1, 0):
        strategy.propose(history, 2, rng(seed))
    first, second, again = ranker.asked("seed")
    assert first == again != second


def test_the_predictor_given_is_never_fitted_itself():
    predictor = cheap(SPACE)
    before = dict(vars(predictor))
    guided(predictor, inner="random", ratio=5).propose(measured(), 2, rng())
    assert vars(predictor) == before


def test_the_text_names_the_settings_and_the_predictors():
    """A study compares it when it is resumed."""
    texts = {
        repr(guided(cheap(SPACE))),
        repr(guided(NeuralPredictor(SPACE, members=3))),
        repr(guided(NeuralPredictor(SPACE, members=3), explore=0.2)),
        repr(guided(NeuralPredictor(SPACE, members=3), inner="random")),
    }
    assert len(texts) == 4
    assert not any("0x" in text for text in texts)
    assert repr(guided()) == (
        "GuidedSearch(acquisition='mean', batch=5, beta=1.0, chains=20, explore=0.0, "
        "generations=20, initial=5, inner='auto', population=100, ratio=100, shrink=1.0, steps=100, "
        "unique_by='encoding', predictor=Known())"
    )


def test_an_unknown_inner_search_is_refused():
    with pytest.raises(UnknownName, match="unknown inner search 'evolutions'; did you mean 'evolution'"):
        guided(inner="evolutions")


def test_it_beats_random_search_with_a_predictor_that_learns():
    def best(strategy):
        history = History()
        while len(history) < 36:
            for p in strategy.propose(history, 6, rng([1, len(history)])):
                history.record(Evaluated(p.architecture, worth(p.architecture)))
        return max(score for _, score in history.measured)

    predictor = NeuralPredictor(
        SPACE, GATES(layers=3, width=24), hidden=(24,), epochs=60, learning_rate=5e-3, dropout=0.0
    )
    assert (
        best(GuidedSearch(SPACE, predictor, acquisition="mean", initial=18, batch=6))
        > best(RandomSearch(SPACE)) + 0.5
    )


def test_a_space_of_one_architecture():
    space = Layers(1)
    space.choices = (Choice("only", ("op0",)),)
    only = Architecture(space.name, (0,))
    for inner in ("whole", "random", "evolution", "annealing"):
        strategy = guided(Known(), space, inner=inner)
        assert [p.architecture for p in strategy.propose(History(), 3, rng())] == [only]
        assert strategy.propose(History([Evaluated(only, 1.0)]), 3, rng()) == []
