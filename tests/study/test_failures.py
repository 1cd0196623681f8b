"""What a search records of failures, and learns from them after it was resumed."""

import errno

from archrank.predictors import GaussianProcess
from archrank.spaces import NASBench201
from archrank.strategies import GuidedSearch
from archrank.strategies.base import Proposal
from archrank.study import result_record, search
from archrank.study.objectives import Objectives
from archrank.study.run_state import RunState
from archrank.study.storage import MemoryStore
from archrank.workers.outcome import Outcome

SPACE = NASBench201()


def evaluate(architecture):
    if architecture.choices.count(3) >= 2:
        raise RuntimeError("out of memory")
    if architecture.choices[0] == 4:
        raise OSError(errno.ENOSPC, "No space left on device")
    return float(architecture.choices.count(3) + 0.1 * architecture.choices.count(1))


def find(budget, folder=None, **more):
    strategy = GuidedSearch(SPACE, GaussianProcess(SPACE), initial=5)
    return search(SPACE, evaluate, strategy, budget=budget, seed=3, folder=folder, **more)


def summary(result):
    return [(e.architecture, e.value, e.failure, e.unrelated) for e in result.evaluations]


def test_each_failure_is_recorded_with_its_kind():
    result = find(25)
    for evaluation in result.evaluations:
        large, first = evaluation.architecture.choices.count(3) >= 2, evaluation.architecture.choices[0]
        expected = ("RuntimeError", False) if large else ("OSError", True) if first == 4 else (None, False)
        assert (evaluation.failure, evaluation.unrelated) == expected
    assert {e.failure for e in result.evaluations} == {"RuntimeError", "OSError", None}
    for kept, evaluation in zip(result_record(result)["evaluations"], result.evaluations, strict=True):
        assert kept.get("failure") == evaluation.failure
        assert kept.get("unrelated", False) == evaluation.unrelated


def test_a_resumed_search_proposes_the_same(tmp_path):
    whole = find(25)
    find(10, tmp_path)  # whole rounds
    resumed = find(25, tmp_path, resume=True)
    assert summary(resumed) == summary(whole)


def test_failures_whose_kind_is_unknown_teach_nothing():
    """Release 0.1 recorded the reason only."""
    state = RunState(SPACE, Objectives.of({"value": "maximize"}), {}, MemoryStore())
    proposal = Proposal(SPACE.architecture((3,) * 6), "random")
    state.queue([proposal], state.next_round(1, 1), {"total": 0.0, "fit": 0.0, "propose": 0.0}, 1)
    task = next(state.tasks())
    state.finish(task, Outcome(error="RuntimeError: out of memory"), 0.0)
    assert [(entry.failed, entry.unrelated) for entry in state.history] == [(True, True)]
