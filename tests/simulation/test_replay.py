from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from archrank.benchmarks.table import Metric, Table
from archrank.simulation import best_so_far, replay, simulate
from archrank.spaces import NASBench201
from archrank.strategies import GuidedSearch, History, LocalSearch, Proposal, RegularizedEvolution, Strategy
from archrank.study import TableEvaluator, search

SPACE = NASBench201()


def made_up_table(higher=True, missing=()):
    rows = SPACE.rows()
    column = np.random.default_rng(5).normal(size=len(rows)) + (rows == 3).sum(axis=1)
    column[list(missing)] = np.nan
    return Table("made-up", SPACE, rows, {"accuracy": column}, (Metric("accuracy", "", "none", higher),))


class InOrder(Strategy):
    """The rows of the space in their order, three at a time."""

    def __init__(self, stop=None):
        self.space = SPACE
        self.batch = 3
        self.stop = stop
        self.asked = []

    def propose(self, history: History, n, rng):
        self.asked.append((len(history), n, rng.integers(2**40)))
        last = self.stop if self.stop is not None else len(SPACE)
        rows = SPACE.rows()[len(history) : min(len(history) + n, last)]
        return [Proposal(architecture, "random") for architecture in SPACE.architectures(rows)]


def test_scores_come_in_the_order_of_proposing_and_higher_is_better():
    table = made_up_table()
    assert simulate(table, "accuracy", InOrder(), 8, 0).tolist() == table.column("accuracy")[:8].tolist()
    lower = made_up_table(higher=False)
    assert simulate(lower, "accuracy", InOrder(), 8, 0).tolist() == (-lower.column("accuracy")[:8]).tolist()


def test_a_strategy_is_asked_in_rounds_with_the_generator_of_a_study():
    strategy = InOrder()
    simulate(made_up_table(), "accuracy", strategy, 7, seed=9)
    generator = [np.random.default_rng([9, n]).integers(2**40) for n in (0, 3, 6)]
    assert strategy.asked == [(0, 3, generator[0]), (3, 3, generator[1]), (6, 1, generator[2])]


def test_it_ends_where_the_strategy_has_nothing_more():
    assert len(simulate(made_up_table(), "accuracy", InOrder(stop=5), 100, 0)) == 5


def test_what_was_not_measured_counts_as_failed():
    class Watching(InOrder):
        def propose(self, history, n, rng):
            self.seen = [entry.score for entry in history]
            return super().propose(history, n, rng)

    strategy = Watching()
    scores = simulate(made_up_table(missing=[1]), "accuracy", strategy, 4, 0)
    assert np.isnan(scores).tolist() == [False, True, False, False]
    assert strategy.seen[1] is None


def test_same_seed_same_run_other_seed_other_run():
    table = made_up_table()
    runs = [simulate(table, "accuracy", RegularizedEvolution(SPACE), 40, seed).tolist() for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]


def test_best_so_far_never_falls_and_skips_failures():
    assert best_so_far([np.nan, 2.0, np.nan, 1.0, 5.0])[1:].tolist() == [2.0, 2.0, 2.0, 5.0]
    assert np.isnan(best_so_far([np.nan, 2.0])[0])


class ByFirstChoices:
    """A predictor that needs no time."""

    def with_seed(self, seed):
        return self

    def fit(self, architectures, targets):
        self.weights = np.arange(6) + len(architectures) % 3
        return self

    def collate(self, architectures):
        return np.array([a.choices for a in architectures])

    def predict(self, candidates):
        rows = [
            getattr(each, "choices", each) for each in candidates
        ]  # architectures, or what collate made of them
        return np.asarray(rows, dtype=float) @ self.weights


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize(
    "strategy",
    [
        RegularizedEvolution(SPACE),
        LocalSearch(SPACE),
        GuidedSearch(SPACE, ByFirstChoices(), initial=8, batch=5, acquisition="mean", explore=0.1),
    ],
    ids=["evolution", "local-search", "guided"],
)
def test_a_replay_asks_what_a_real_study_asks(strategy, workers):
    table = made_up_table(missing=range(0, 15_625, 7))
    with ThreadPoolExecutor(1) as executor:
        real = search(
            SPACE,
            TableEvaluator(table, "accuracy"),
            strategy,
            budget=33,
            seed=5,
            metric="accuracy",
            workers=workers,
            executor=executor,
        )
    replayed = replay(table, "accuracy", strategy, 33, 5, parallel=workers)
    assert [table.index(e.architecture) for e in real.evaluations] == replayed.indices
    assert [e.reason for e in real.evaluations] == replayed.reasons
    assert [e.value is None for e in real.evaluations] == np.isnan(replayed.scores).tolist()


class Watching(InOrder):
    """Notes what is pending whenever it is asked."""

    def __init__(self):
        super().__init__()
        self.pending = []

    def propose(self, history, n, rng):
        self.pending.append([place for place, entry in enumerate(history) if entry.pending])
        return super().propose(history, n, rng)


def seconds(*first):
    return np.array([*first, *[1.0] * (len(SPACE) - len(first))])


def test_rounds_wait_for_all_of_their_workers():
    strategy = Watching()
    found = replay(made_up_table(), "accuracy", strategy, 6, 0, seconds=seconds(5, 1, 1, 2, 2, 2), parallel=2)
    # Rounds of three on two workers: the third begins where the second has ended.
    assert found.begun == [0, 0, 1, 5, 5, 7]
    assert found.ended == [5, 1, 2, 7, 7, 9]
    assert strategy.pending == [[], []]


def test_asynchronous_workers_ask_when_they_are_free_and_know_what_is_under_way():
    strategy = Watching()
    times = seconds(5, 1, 1, 4, 1)
    found = replay(made_up_table(), "accuracy", strategy, 5, 3, seconds=times, parallel=2, asynchronous=True)
    assert found.indices == [0, 1, 2, 3, 4]
    assert found.begun == [0, 0, 1, 2, 5]
    assert found.ended == [5, 1, 2, 6, 6]
    assert strategy.pending == [[], [0], [0], [0], [3]]
    assert strategy.asked == [(n, 1, np.random.default_rng([3, n]).integers(2**40)) for n in range(5)]


def test_an_asynchronous_search_ends_where_nothing_is_left():
    found = replay(
        made_up_table(), "accuracy", InOrder(stop=4), 9, 0, seconds=seconds(), parallel=3, asynchronous=True
    )
    assert found.indices == [0, 1, 2, 3]


@pytest.mark.parametrize("asynchronous", [False, True])
def test_nothing_more_is_asked_once_enough_was_found(asynchronous):
    table = made_up_table()

    def asked(enough):
        strategy = RegularizedEvolution(SPACE, population=5, tournament=2)
        return replay(table, "accuracy", strategy, 40, 1, asynchronous=asynchronous, enough=enough)

    whole = asked(np.inf)
    met = int(np.argmax(whole.scores))
    ended = asked(max(whole.scores))
    assert met < len(ended.scores) < len(whole.scores) == 40
    assert ended.indices == whole.indices[: len(ended.indices)]
    assert len(asked(max(whole.scores) + 1).scores) == 40
