"""Searches replayed in memory on a table: the strategy code of real studies, with its rounds and random numbers."""

import heapq
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from archrank.benchmarks.table import Table
from archrank.strategies.base import Evaluated, History, Proposal, Strategy

__all__ = ["Replay", "best_so_far", "replay", "simulate"]

Floats = npt.NDArray[np.float64]


@dataclass(slots=True)
class Replay:
    """The evaluations of a search, in the order of proposing.

    Attributes:
        indices: The architectures, as row indices of the table.
        scores: The measured scores, higher is better, NaN where the table has no value.
        reasons: Why each was proposed.
        proposing: Seconds that proposing it took; those of a round are shared evenly.
        begun: Simulated seconds at which its evaluation began.
        ended: Simulated seconds at which it ended.
    """

    indices: list[int] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    proposing: list[float] = field(default_factory=list)
    begun: list[float] = field(default_factory=list)
    ended: list[float] = field(default_factory=list)


def replay(
    table: Table,
    metric: str,
    strategy: Strategy,
    budget: int,
    seed: int,
    *,
    seconds: Floats | None = None,
    parallel: int = 1,
    asynchronous: bool = False,
    enough: float = math.inf,
) -> Replay:
    """Run a strategy against a table.

    As in :func:`archrank.study.search`, a round is as large as the strategy's batch, or the number of workers where
    that is larger, and is waited for; an asynchronous search proposes one architecture whenever a worker is free, and
    the strategy sees those under way as pending. An evaluation without a value in the table counts as failed.

    Args:
        table: Where the measurements come from.
        metric: The metric that the strategy sees.
        strategy: Any strategy over the table's architectures.
        budget: How many architectures to evaluate.
        seed: Seed of the run.
        seconds: The simulated seconds that each of the table's M architectures takes, 0 for None: (M,).
        parallel: How many workers evaluate at the same time, in simulated time.
        asynchronous: Propose whenever a worker is free, instead of in rounds.
        enough: Stop proposing once a score this high was measured.

    Returns:
        ``budget`` evaluations; fewer only if the strategy had nothing more to propose, or a score of ``enough`` was
        measured.
    """
    loop = _Loop(table, table.scores(metric), strategy, budget, seed, seconds, enough)
    (loop.run_asynchronously if asynchronous else loop.run_in_rounds)(parallel)
    return loop.result


class _Loop:
    """The state of one replay."""

    def __init__(
        self,
        table: Table,
        scores: Floats,
        strategy: Strategy,
        budget: int,
        seed: int,
        seconds: Floats | None,
        enough: float,
    ) -> None:
        self._table, self._scores, self._seconds, self._enough = table, scores, seconds, enough
        self._strategy, self._budget, self._seed = strategy, budget, seed
        self._history = History()
        self._proposals: list[Proposal] = []
        self._best = -math.inf
        self.result = Replay()

    def run_in_rounds(self, parallel: int) -> None:
        size = max(self._strategy.batch, parallel)
        now = 0.0
        while (wanted := min(size, self._budget - len(self._proposals))) > 0:
            asked = self._ask(wanted)
            free = [now] * parallel
            for number in asked:
                heapq.heapreplace(free, self._begin(number, free[0]))
            for number in asked:
                self._tell(number)
            now = max(free)
            if len(asked) < wanted:
                break

    def run_asynchronously(self, parallel: int) -> None:
        running: list[tuple[float, int]] = []
        now = 0.0
        while True:
            room = len(running) < parallel and len(self._proposals) < self._budget
            if room and (asked := self._ask(1)):
                heapq.heappush(running, (self._begin(asked[0], now), asked[0]))
            elif running:
                now, number = heapq.heappop(running)
                self._tell(number)
            else:
                break

    def _ask(self, n: int) -> list[int]:
        """Propose ``n`` and record them as pending; returns their numbers, none once ``enough`` was reached."""
        if self._best >= self._enough:
            return []
        first = len(self._proposals)
        rng = np.random.default_rng([self._seed, first])
        clock = time.perf_counter()
        proposals = self._strategy.propose(self._history, n, rng)
        spent = time.perf_counter() - clock
        for proposal in proposals:
            if len(self._proposals) < first + n and proposal.architecture not in self._history:
                self._history.record(Evaluated(proposal.architecture, None, pending=True))
                self._proposals.append(proposal)
        numbers = list(range(first, len(self._proposals)))
        self.result.proposing += [spent / len(numbers)] * len(numbers) if numbers else []
        return numbers

    def _begin(self, number: int, now: float) -> float:
        """Record the start of an evaluation; returns its simulated end."""
        proposal, found = self._proposals[number], self.result
        index = self._table.index(proposal.architecture)
        found.indices.append(index)
        found.scores.append(float(self._scores[index]))
        found.reasons.append(proposal.reason)
        found.begun.append(now)
        found.ended.append(now + (0.0 if self._seconds is None else float(self._seconds[index])))
        return found.ended[number]

    def _tell(self, number: int) -> None:
        score = self.result.scores[number]
        self._best = max(self._best, score)  # which a NaN leaves as it is
        self._history.record(
            Evaluated(self._proposals[number].architecture, None if np.isnan(score) else score)
        )


def simulate(table: Table, metric: str, strategy: Strategy, budget: int, seed: int) -> Floats:
    """The scores that a strategy finds on a table, as for :func:`replay` with one worker.

    Returns:
        Scores in the order of proposing, higher is better, NaN where the table has no value: (budget,), shorter
        only where the strategy had nothing more to propose.
    """
    return np.array(replay(table, metric, strategy, budget, seed).scores, dtype=np.float64)


def best_so_far(scores: Sequence[float] | Floats) -> Floats:
    """The best score up to each evaluation, NaN until the first finished one: (n,).

    >>> best_so_far([1.0, float("nan"), 3.0, 2.0]).tolist()
    [1.0, 1.0, 3.0, 3.0]
    """
    return np.fmax.accumulate(np.asarray(scores, dtype=np.float64))
