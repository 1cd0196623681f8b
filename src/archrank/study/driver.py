"""The driver of a search: propose, queue, hand out, record."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from optuna.trial import FrozenTrial

from archrank.errors import BudgetError
from archrank.space import SearchSpace
from archrank.strategies.base import Strategy
from archrank.strategies.scalarized import Scalarized
from archrank.study.database import Database
from archrank.study.folder import RunFolder
from archrank.study.goal import Direction, Goal
from archrank.study.ledger import Ledger, Round
from archrank.study.outcome import Evaluator
from archrank.study.ray_cluster import RayCluster
from archrank.study.result import SearchResult
from archrank.study.stopwatch import Stopwatch
from archrank.study.storage import JournalStore, MemoryStore
from archrank.study.timed import with_timer
from archrank.study.workplace import Workplace

__all__ = ["Progress", "search"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a search is.

    Attributes:
        done: How many evaluations are finished, failed ones included.
        budget: How many there will be.
        best: The best value so far of the (first) objective, in its own unit, of what meets the constraints; None where
            nothing does yet.
    """

    done: int
    budget: int
    best: float | None


def search(
    space: SearchSpace,
    evaluate: Evaluator | None,
    strategy: Strategy,
    *,
    budget: int,
    seed: int = 0,
    metric: str = "value",
    maximize: bool = True,
    objectives: Mapping[str, Direction] | None = None,
    where: Sequence[str] = (),
    folder: RunFolder | None = None,
    database: Database | None = None,
    workers: int = 1,
    executor: Executor | RayCluster | None = None,
    asynchronous: bool = False,
    timeout: float | None = None,
    retries: int = 2,
    stopwatch: Stopwatch | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> SearchResult:
    """Search a space: the strategy proposes in rounds, the evaluator measures, an Optuna study records.

    Every round is waited for before the next is proposed, and a round is as large as the strategy's batch, or
    the number of workers where that is larger. So the same seed gives the same evaluations, also after a kill
    and a resumption, and also when the number of workers is another one then: the first start sets the size
    of the rounds.

    An ``asynchronous`` search proposes one architecture as soon as a worker is free, while others are under way; the
    strategy sees those as pending. No worker ever waits, but what is proposed depends on what happens to end first.

    A failed evaluation (an exception, NaN, infinity, text, a missing value, too long a time, or a worker that it
    killed again and again) is recorded with its reason and counts against the budget, for it was paid for.

    Args:
        space: The space to search.
        evaluate: Called with an architecture; returns the metric's value, or a mapping that holds it under
            the name ``metric``. Further values are recorded and never shown to the strategy. None where
            ``database`` says that workers elsewhere evaluate.
        strategy: What to propose.
        budget: How many evaluations, those of an earlier part of a resumed run included.
        seed: The seed of all of the strategy's randomness.
        metric: Name of the value to search by.
        maximize: Whether a larger value is better.
        objectives: Search by several values instead of ``metric``: for each name ``"maximize"`` or ``"minimize"``. The
            evaluator returns them in this order, or in a mapping. The strategy sees them through
            :class:`~archrank.strategies.Scalarized`, unless it has ``sees_all``.
        where: Constraints such as ``"latency_ms < 20"``, on values that the evaluator gives. What breaks one is
            recorded, and counts against the budget, but is never the best; strategies see it below all that meets them.
        folder: Where the study is kept; None keeps it in memory. A folder opened with ``resume=True`` goes on
            with the run that it holds.
        database: Keep the study in this database instead, which the caller closes, and leave the evaluations to
            workers that take them there (:func:`serve`, or ``archrank worker``); goes on with the study of that name,
            if there is one.
        workers: How many processes evaluate; 1 evaluates in this process. With an executor or a database: how many
            evaluations are to be under way at least.
        executor: Where to evaluate instead: a Ray cluster, or any executor of one's own.
        asynchronous: Propose whenever a worker is free, instead of in rounds.
        timeout: Seconds that one evaluation may take; then it is ended, with all that it started, and has failed.
        retries: How often an evaluation is started again after its process died.
        stopwatch: Where the seconds are added up; give one to read it, or to let a predictor add its own.
        on_progress: Called after every evaluation.

    Raises:
        BudgetError: A budget or a number of workers below 1.
        RunFolderError: The folder or the database holds another run under that name, or cannot be written.
        ArchrankError: A constraint that cannot be read, or a direction that is none.
        EvaluationError: The evaluator cannot be sent to the workers, they do not start, the executor broke, or a
            timeout is given where nothing can be ended.

    >>> from archrank.spaces import NASBench201
    >>> from archrank.strategies import RandomSearch
    >>> space = NASBench201()
    >>> result = search(space, lambda a: float(sum(a.choices)), RandomSearch(space), budget=5)
    >>> len(result.evaluations)
    5
    """
    if budget < 1:
        raise BudgetError(f"a budget of {budget} evaluations cannot be spent; give 1 or more")
    goal = Goal.of(objectives or {metric: "maximize" if maximize else "minimize"}, where)
    if not (goal.is_plain or strategy.sees_all):
        strategy = Scalarized(strategy)
    workplace = Workplace(evaluate, goal.needed, workers, executor, database, asynchronous, timeout, retries)
    facts = {
        "space": space.name,
        "space digest": space.digest,
        "strategy": repr(strategy),
        "seed": seed,
        **goal.facts,
        "asynchronous": asynchronous,
        "budget": budget,
    }
    store = database or (MemoryStore() if folder is None else JournalStore(folder))
    with store.driving():
        ledger = Ledger(space, goal, facts, store, retries, elsewhere=database is not None)
        clock = _Clock(stopwatch or Stopwatch(), ledger.trials)
        timed = with_timer(strategy, clock.watch)
        size = 1 if asynchronous else ledger.settle("round size", max(strategy.batch, workers))
        report = _Reporter(ledger, goal, budget, on_progress)

        def propose() -> int:
            round_ = ledger.next_round(size, budget)
            return 0 if round_ is None else _propose(timed, ledger, round_, seed, clock)

        with workplace.opened(ledger, lambda: clock.total) as evaluated:
            try:
                while True:
                    for outcome in evaluated(propose if asynchronous else lambda: 0):
                        clock.watch.seconds["evaluate"] += outcome.seconds
                        report(outcome.values)
                    if not propose():
                        break
            except KeyboardInterrupt:
                ledger.release()
                raise
    return SearchResult(
        space=space,
        goal=goal,
        strategy=repr(strategy),
        budget=budget,
        seed=seed,
        evaluations=ledger.evaluations(),
        seconds={"total": clock.total, **clock.watch.seconds},
    )


def _propose(strategy: Strategy, ledger: Ledger, round_: Round, seed: int, clock: "_Clock") -> int:
    """Propose and queue a round; returns how many were new, 0 where the space is used up."""
    rng = np.random.default_rng([seed, round_.start])
    history = ledger.history_before(round_)
    fit_before = clock.watch.seconds["fit"]
    with clock.watch.time("propose"):
        proposals = strategy.propose(history, round_.size, rng)
    clock.watch.seconds["propose"] -= clock.watch.seconds["fit"] - fit_before
    return ledger.queue(proposals, round_, clock.spent)


class _Clock:
    """The search's total time beside its stopwatch; both go on where an earlier part of the run stopped."""

    def __init__(self, watch: Stopwatch, trials: Sequence[FrozenTrial]) -> None:
        results = [trial.user_attrs["result"] for trial in trials if "result" in trial.user_attrs]
        spent = [trial.user_attrs["spent"] for trial in trials]
        self.watch = watch
        for name in ("fit", "propose"):
            watch.seconds[name] += max((s[name] for s in spent), default=0.0)
        watch.seconds["evaluate"] += sum(result["seconds"] for result in results)
        before = max([s["total"] for s in spent] + [r.get("elapsed", 0.0) for r in results], default=0.0)
        self._began = time.perf_counter() - before

    @property
    def total(self) -> float:
        """Seconds of the whole search so far."""
        return time.perf_counter() - self._began

    @property
    def spent(self) -> dict[str, float]:
        """What a resumed run cannot add up from its results."""
        return {
            "total": self.total,
            "fit": self.watch.seconds["fit"],
            "propose": self.watch.seconds["propose"],
        }


class _Reporter:
    """Keeps the best value and tells the caller after every evaluation."""

    def __init__(
        self, ledger: Ledger, goal: Goal, budget: int, tell: Callable[[Progress], None] | None
    ) -> None:
        self._goal = goal
        self._budget = budget
        self._tell = tell
        self._done = sum(not entry.pending for entry in ledger.history)
        feasible = (e.score for e in ledger.history if e.score is not None and not e.violation)
        self._best = max(feasible, default=None)
        self._report()

    def __call__(self, values: Mapping[str, float | None]) -> None:
        self._done += 1
        if values and not self._goal.violation(values):
            score = self._goal.signs[0] * self._goal.objective_values(values)[0]
            self._best = score if self._best is None else max(self._best, score)
        self._report()

    def _report(self) -> None:
        if self._tell is not None:
            best = None if self._best is None else self._goal.signs[0] * self._best
            self._tell(Progress(self._done, self._budget, best))
