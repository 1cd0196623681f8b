import math
import signal

import numpy as np
import pytest

from archrank.errors import BudgetError, RunFolderError
from archrank.space import Choice
from archrank.spaces import NASBench201
from archrank.strategies import Evaluated, History, RandomSearch, RegularizedEvolution, Strategy
from archrank.study import RunFolder, Timer, search
from evaluators_for_workers import total

SPACE = NASBench201()


class Batched(RegularizedEvolution):
    """Evolution in rounds of four."""

    def __init__(self, space):
        super().__init__(space, population=6, tournament=3)
        self.batch = 4


def open_folder(path, resume=False, **config):
    return RunFolder.open(path, config, resume=resume)


def rows(result):
    return [(e.number, e.architecture, e.value, e.error, e.round, e.reason) for e in result.evaluations]


def test_it_evaluates_what_a_plain_loop_would():
    strategy = Batched(SPACE)
    result = search(SPACE, total, strategy, budget=18, seed=3)
    history = History()
    while len(history) < 18:
        n = min(4, 18 - len(history))
        for proposal in strategy.propose(history, n, np.random.default_rng([3, len(history)])):
            history.record(Evaluated(proposal.architecture, total(proposal.architecture)))
    assert [(e.architecture, e.value) for e in result.evaluations] == history.measured
    assert [e.round for e in result.evaluations] == [i // 4 for i in range(18)]
    assert [e.number for e in result.evaluations] == list(range(18))


def test_same_seed_same_result_and_another_seed_another():
    first, again, other = (search(SPACE, total, Batched(SPACE), budget=12, seed=s) for s in (1, 1, 2))
    assert rows(first) == rows(again) != rows(other)


def test_strategies_see_a_minimised_metric_turned_round(tmp_path):
    up = search(SPACE, lambda a: -total(a), Batched(SPACE), budget=16)
    down = search(SPACE, total, Batched(SPACE), budget=16, maximize=False)
    assert [e.architecture for e in up.evaluations] == [e.architecture for e in down.evaluations]
    assert down.best.value == min(total(e.architecture) for e in down.evaluations)


def test_further_values_are_recorded_and_do_not_steer():
    plain = search(SPACE, total, Batched(SPACE), budget=12, metric="val")
    seen = search(
        SPACE, lambda a: {"val": total(a), "test": -total(a)}, Batched(SPACE), budget=12, metric="val"
    )
    assert rows(plain) == rows(seen)
    assert [e.values["test"] for e in seen.evaluations] == [-e.value for e in seen.evaluations]


def test_a_failed_evaluation_is_recorded_paid_for_and_shown_without_a_score(tmp_path):
    def moody(architecture):
        match sum(architecture.choices) % 5:
            case 0:
                raise MemoryError("no room for the batch")
            case 1:
                return math.nan
            case 2:
                return -math.inf
        return total(architecture)

    shown = []

    class Watching(RandomSearch):
        def propose(self, history, n, rng):
            shown[:] = [(e.score, e.pending) for e in history]
            return super().propose(history, n, rng)

    with open_folder(tmp_path) as folder:
        result = search(SPACE, moody, Watching(SPACE), budget=30, folder=folder)
    assert len(result.evaluations) == 30
    reasons = {0: "MemoryError: no room for the batch", 1: "'value' is nan", 2: "'value' is -inf"}
    for evaluation, (score, pending) in zip(result.evaluations, shown, strict=False):
        expected = reasons.get(sum(evaluation.architecture.choices) % 5)
        assert not pending
        if expected is None:
            assert (evaluation.value, evaluation.error) == (score, None)
        else:
            assert evaluation.error.startswith(expected)
            assert evaluation.value is None
            assert score is None
    assert {bool(e.error) for e in result.evaluations} == {True, False}
    # Nothing is forgotten by resuming.
    with open_folder(tmp_path, resume=True) as folder:
        assert rows(search(SPACE, moody, Watching(SPACE), budget=30, folder=folder)) == rows(result)


def test_all_may_fail():
    result = search(SPACE, lambda a: math.nan, Batched(SPACE), budget=5)
    assert result.best is None
    assert len(result.evaluations) == 5


def test_a_used_up_space_ends_the_search():
    few = SPACE.architectures(SPACE.rows())[:7]
    result = search(SPACE, total, RandomSearch(SPACE, candidates=few), budget=20)
    assert {e.architecture for e in result.evaluations} == set(few)


def test_a_strategy_that_repeats_itself_is_not_paid_twice():
    class Stubborn(Strategy):
        space, batch = SPACE, 3

        def propose(self, history, n, rng):
            return RandomSearch(SPACE).propose(History(), n, np.random.default_rng(0))

    result = search(SPACE, total, Stubborn(), budget=9)
    assert len(result.evaluations) == len({e.architecture for e in result.evaluations}) == 3


def test_a_larger_budget_goes_on_and_a_smaller_is_refused(tmp_path):
    with open_folder(tmp_path, budget=8) as folder:
        first = search(SPACE, total, Batched(SPACE), budget=8, folder=folder)
    with open_folder(tmp_path, resume=True, budget=16) as folder:
        longer = search(SPACE, total, Batched(SPACE), budget=16, folder=folder)
    assert rows(longer)[:8] == rows(first)
    assert rows(longer) == rows(search(SPACE, total, Batched(SPACE), budget=16))
    with pytest.raises(RunFolderError, match="budget of 16, so it cannot be resumed with 10"):
        open_folder(tmp_path, resume=True, budget=10)
    with (
        RunFolder.open(tmp_path, {"budget": 16}, resume=True) as folder,
        pytest.raises(RunFolderError, match="budget of 16"),
    ):
        search(SPACE, total, Batched(SPACE), budget=10, folder=folder)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": 5}, "seed: 0 there, 5 now"),
        ({"metric": "loss"}, 'metric: "value" there, "loss" now'),
        ({"maximize": False}, "maximize: true there, false now"),
    ],
)
def test_the_study_itself_refuses_other_settings(tmp_path, change, said):
    with open_folder(tmp_path) as folder:
        search(SPACE, total, Batched(SPACE), budget=4, folder=folder)
    with open_folder(tmp_path, resume=True) as folder, pytest.raises(RunFolderError, match=said):
        search(SPACE, total, Batched(SPACE), budget=4, folder=folder, **change)


def test_the_study_refuses_another_strategy_and_a_changed_space(tmp_path):
    class Changed(NASBench201):
        choices = (*NASBench201.choices[:5], Choice("last", NASBench201.choices[5].options))

    with open_folder(tmp_path) as folder:
        search(SPACE, total, Batched(SPACE), budget=4, folder=folder)
    with open_folder(tmp_path, resume=True) as folder:
        with pytest.raises(RunFolderError, match=r'settings.class: "Batched" there, "RandomSearch" now'):
            search(SPACE, total, RandomSearch(SPACE), budget=4, folder=folder)
        with pytest.raises(RunFolderError, match="space digest"):
            search(Changed(), total, Batched(Changed()), budget=4, folder=folder)


def test_seconds_add_up_over_resumptions(tmp_path):
    with open_folder(tmp_path) as folder:
        first = search(SPACE, total, Batched(SPACE), budget=8, folder=folder)
    watch = Timer()
    with open_folder(tmp_path, resume=True) as folder:
        second = search(SPACE, total, Batched(SPACE), budget=12, folder=folder, timer=watch)
    assert set(second.seconds) == {"total", "fit", "propose", "evaluate"}
    assert second.seconds["evaluate"] >= sum(e.seconds for e in first.evaluations)
    assert second.seconds["propose"] > first.seconds["propose"] > 0
    assert watch.seconds["evaluate"] == second.seconds["evaluate"]
    assert second.seconds["total"] > second.seconds["propose"] + second.seconds["evaluate"]


def test_fitting_is_not_counted_as_proposing():
    watch = Timer()

    class Fits(RandomSearch):
        def propose(self, history, n, rng):
            watch.seconds["fit"] += 1000.0
            return super().propose(history, n, rng)

    result = search(SPACE, total, Fits(SPACE), budget=2, timer=watch)
    assert result.seconds["fit"] == 2000.0
    assert -2000.0 < result.seconds["propose"] < -1000.0  # the fits, which took no time here, are taken off


def test_progress_is_told_after_every_evaluation():
    told = []
    search(SPACE, total, Batched(SPACE), budget=6, maximize=False, on_progress=told.append)
    assert [p.done for p in told] == list(range(7))
    bests = [p.best for p in told[1:]]
    assert bests == sorted(bests, reverse=True)
    assert told[0].best is None


@pytest.mark.parametrize("wrong", [{"budget": 0}, {"budget": -4}, {"budget": 3, "workers": 0}])
def test_nothing_to_spend(wrong):
    with pytest.raises(BudgetError, match="give 1 or more"):
        search(SPACE, total, RandomSearch(SPACE), **wrong)


def test_ctrl_c_puts_back_what_was_under_way(tmp_path):
    calls = []

    def evaluate(architecture):
        calls.append(architecture)
        if len(calls) in (6, 7, 8, 9):
            signal.raise_signal(signal.SIGINT)
        return total(architecture)

    # More often than an evaluation may be interrupted by the death of its process: it is never blamed.
    for _ in range(4):
        with open_folder(tmp_path, resume=True) as folder, pytest.raises(KeyboardInterrupt):
            search(SPACE, evaluate, Batched(SPACE), budget=10, folder=folder, retries=1)
    with open_folder(tmp_path, resume=True) as folder:
        result = search(SPACE, evaluate, Batched(SPACE), budget=10, folder=folder, retries=1)
    assert rows(result) == rows(search(SPACE, total, Batched(SPACE), budget=10))
    assert len(calls) == 10 + 4
