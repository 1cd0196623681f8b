"""The driver of a search: propose, queue, hand out, record."""

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from optuna.trial import FrozenTrial

from archrank.errors import EvaluationError
from archrank.space import SearchSpace
from archrank.strategies.base import Strategy
from archrank.strategies.fidelities import Fidelities
from archrank.study.backend import Backend
from archrank.study.objectives import Objectives
from archrank.study.repeats import Repeats, to_repeat
from archrank.study.result import SearchResult
from archrank.study.run_state import Round, RunState
from archrank.study.storage import StudyStore
from archrank.study.timed import with_timer
from archrank.study.timer import Timer

__all__ = ["Progress", "SearchPlan", "drive"]


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """What makes a search the same search when it is resumed.

    Attributes:
        space: The space to search.
        strategy: What to propose.
        objectives: The objectives and constraints.
        budget: How many evaluations, or as many epochs as so many whole trainings have.
        seed: The seed of all of the strategy's randomness.
        asynchronous: Whether to propose whenever a worker is free, instead of in rounds.
        rules: What the user ruled out or prefers, as JSON values; a part of the settings.
        fidelities: After how many epochs trainings may stop; None where all are whole.
    """

    space: SearchSpace
    strategy: Strategy
    objectives: Objectives
    budget: int
    seed: int
    asynchronous: bool
    rules: Mapping[str, Any] = field(default_factory=dict)
    fidelities: Fidelities | None = None

    @property
    def fingerprint(self) -> dict[str, Any]:
        """The plan as JSON values, which a study stores."""
        return {
            "format": FORMAT,
            "space": self.space.name,
            "space digest": self.space.digest,
            "settings": {**self.strategy.settings, **self.rules},
            "seed": self.seed,
            **self.objectives.metadata,
            "asynchronous": self.asynchronous,
            "budget": self.budget,
            **({"conditional choices": True} if self.space.conditional else {}),
            **({} if self.fidelities is None else {"fidelities": list(self.fidelities.levels)}),
        }


FORMAT = 2
"""The format of what a study stores; 1 stored the strategy as text in ``strategy``, which is no longer compared."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a search is.

    Attributes:
        done: How many evaluations are finished, failed ones included; in a search with fidelities how many epochs are
            trained.
        budget: How many there will be.
        best: The best value so far of the (first) objective, in its own unit, of what meets the constraints; None where
            nothing does yet.
        unit: What is counted: ``"evaluations"`` or ``"epochs"``; before these ``"networks scored"``, where a search
            begins with zero-cost scores, and in the end ``"repeats"``, where the best are evaluated again.
    """

    done: int
    budget: int
    best: float | None
    unit: str = "evaluations"

    @property
    def words(self) -> str:
        """How much is done, of how much, and the best so far."""
        unit = "" if self.unit == "evaluations" else f" {self.unit}"
        best = "–" if self.best is None else f"{self.best:.6g}"
        return f"{self.done} of {self.budget}{unit}, best {best}"


def drive(
    plan: SearchPlan,
    store: StudyStore,
    backend: Backend,
    *,
    workers: int = 1,
    retries: int = 2,
    timer: Timer | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    begin: Callable[[], None] = lambda: None,
    repeats: Repeats | None = None,
) -> SearchResult:
    """Run a search, or what is left of it; the arguments are explained at :func:`~archrank.study.entry.search`.

    ``begin`` is called when the study agrees, before anything is proposed; ``repeats`` is what is evaluated again at
    the end, None for what the study recorded.
    """
    strategy, seed, budget = plan.strategy, plan.seed, plan.budget
    with store.driving():
        run_state = RunState(
            plan.space,
            plan.objectives,
            plan.fingerprint,
            store,
            retries,
            elsewhere=backend.is_elsewhere,
            fidelities=plan.fidelities,
        )
        again = repeats or Repeats.recorded(run_state.study.user_attrs) or Repeats(0, 1)
        begin()
        if repeats is not None:
            run_state.note(*repeats.record)
        clock = _Clock(timer or Timer(), run_state.trials)
        timed = with_timer(strategy, clock.watch)
        size = 1 if plan.asynchronous else run_state.settle("round size", max(strategy.batch, workers))
        report = _Reporter(run_state, plan.objectives, budget, on_progress)

        def propose() -> int:
            round_ = run_state.next_round(size, budget)
            if round_ is None:
                return 0
            # An interrupted round with fidelities may be smaller than what the strategy was asked for.
            n = round_.size if plan.fidelities is None else size
            return _propose(timed, run_state, round_, n, plan, clock)

        with backend.opened(run_state, lambda: clock.total) as evaluated:
            try:
                while True:
                    for outcome in evaluated(propose if plan.asynchronous else lambda: 0):
                        clock.watch.seconds["evaluate"] += outcome.seconds
                        report()
                        if outcome.mismatch and run_state.best is None:
                            raise EvaluationError(
                                f"the evaluator does not fit the search, which ends here: {outcome.error}"
                            )
                    if not propose():
                        break
                if again.best:
                    best = to_repeat(run_state.evaluations(), again, plan.objectives)
                    run_state.queue_repeats(best, again.times, clock.spent)
                    left = len(run_state.open)
                    for done, outcome in enumerate(evaluated(lambda: 0), start=1):
                        clock.watch.seconds["evaluate"] += outcome.seconds
                        report(Progress(done, left, None, "repeats"))
            except KeyboardInterrupt:
                run_state.release()
                raise
        if run_state.repaid:
            warnings.warn(
                f"{run_state.repaid} epochs were trained again, and count, because a worker did not find the "
                "checkpoint of a shorter training: let all workers share the folder of their --trainings",
                stacklevel=2,
            )
        return SearchResult(
            space=plan.space,
            objectives=plan.objectives,
            strategy=repr(strategy),
            budget=budget,
            seed=seed,
            evaluations=run_state.evaluations(),
            seconds={"total": clock.total, **clock.watch.seconds},
            study=run_state.study,
            fidelities=plan.fidelities,
            repeats=run_state.repeats() if again.best else (),
        )


def _propose(
    strategy: Strategy, run_state: RunState, round_: Round, n: int, plan: SearchPlan, clock: "_Clock"
) -> int:
    """Propose and queue a round; returns how many were new, 0 where the space or the budget is used up."""
    rng = np.random.default_rng([plan.seed, round_.start])
    history = run_state.history_before(round_)
    fit_before = clock.watch.seconds["fit"]
    with clock.watch.time("propose"):
        proposals = strategy.propose(history, n, rng)
    clock.watch.seconds["propose"] -= clock.watch.seconds["fit"] - fit_before
    return run_state.queue(proposals, round_, clock.spent, plan.budget)


class _Clock:
    """The search's total time beside its timer; both go on where an earlier part of the run stopped."""

    def __init__(self, watch: Timer, trials: Sequence[FrozenTrial]) -> None:
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
    """Tells the caller after every evaluation how far the search is."""

    def __init__(
        self,
        run_state: RunState,
        objectives: Objectives,
        budget: int,
        tell: Callable[[Progress], None] | None,
    ) -> None:
        self._run_state, self._objectives, self._tell = run_state, objectives, tell
        fidelities = run_state.fidelities
        self._budget = budget if fidelities is None else budget * fidelities.full
        self._unit = "evaluations" if fidelities is None else "epochs"
        self()

    def __call__(self, repeats: Progress | None = None) -> None:
        if self._tell is not None:
            found = self._run_state.best
            best = None if found is None else self._objectives.signs[0] * found
            search = Progress(self._run_state.done, self._budget, best, self._unit)
            self._tell(search if repeats is None else replace(repeats, best=best))
