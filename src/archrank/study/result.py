"""What a search found."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.benchmarks.table import Table
from archrank.errors import ArchrankError
from archrank.space import SearchSpace
from archrank.strategies.fidelities import Fidelities
from archrank.study.evaluations import Evaluation, HintUse, Known
from archrank.study.objectives import Objectives
from archrank.study.pareto import pareto_front
from archrank.study.repeats import Repeated, repeated
from archrank.system.frames import data_frame

if TYPE_CHECKING:
    import optuna
    import pandas

__all__ = ["SearchResult"]


@dataclass(frozen=True, slots=True, repr=False)
class SearchResult:
    """What a search found.

    Attributes:
        space: The space that was searched.
        objectives: The objectives and constraints of the search.
        strategy: The strategy and its settings.
        budget: How many evaluations were allowed, failed ones included; with fidelities the epochs of as many whole
            trainings.
        seed: The seed.
        evaluations: All evaluations, by number.
        seconds: Seconds in all, and by ``fit``, ``propose`` and ``evaluate``, over all resumed parts. With
            several workers ``evaluate`` adds up their time.
        study: The Optuna study that records the search.
        table: The table that was searched; None where the evaluations were real.
        folder: The run folder; None for a search in memory.
        known: What was evaluated before the search; it is in none of the counts, and never the best.
        fidelities: After how many epochs trainings could stop; None where all were whole. Then an evaluation is one
            training of an architecture, and an architecture may have several.
        repeats: The evaluations of the best again, with other seeds; they are in none of the counts.
        hints: How the hints agree with what was measured, and whether they are used.
    """

    space: SearchSpace
    objectives: Objectives
    strategy: str
    budget: int
    seed: int
    evaluations: tuple[Evaluation, ...]
    seconds: Mapping[str, float]
    study: "optuna.Study | None" = field(default=None, repr=False, compare=False)
    table: Table | None = field(default=None, repr=False, compare=False)
    folder: Path | None = None
    known: tuple[Known, ...] = ()
    fidelities: Fidelities | None = None
    repeats: tuple[Evaluation, ...] = ()
    hints: tuple[HintUse, ...] = ()

    @property
    def epochs(self) -> int | None:
        """The epochs of all trainings, failed ones included; None where they were not counted."""
        return None if self.fidelities is None else sum(e.epochs or 0 for e in self.evaluations)

    @property
    def best_known(self) -> Known | None:
        """The best known before that meets the constraints, by the first objective; None where there is none."""
        objectives = self.objectives
        counted = [
            k for k in self.known if objectives.metric in k.values and not objectives.violation(k.values)
        ]
        sign = objectives.signs[0]
        return max(counted, key=lambda known: sign * known.values[objectives.metric], default=None)

    @property
    def metric(self) -> str:
        """Name of the value that the search went by; of several, the first."""
        return self.objectives.metric

    @property
    def maximize(self) -> bool:
        """The direction of ``metric``."""
        return self.objectives.maximize

    @property
    def best(self) -> Evaluation | None:
        """The first of the front: with one objective the best, the earliest of equals; None where there is none.

        Where the best were evaluated again, it is the first evaluation of the one with the best mean.
        """
        if not self.repeats:
            return next(iter(self.front), None)
        again = self.repeated
        if again and again[0].counts:
            return again[0].evaluation
        out = {each.evaluation.number for each in again if each.violation}
        return next((e for e in self._ranked() if e.number not in out), None)

    @property
    def best_value(self) -> float | None:
        """The value of :attr:`best`, in the metric's unit; None where nothing was measured.

        It is the mean of all its evaluations, where the best were evaluated again.
        """
        best = self.best
        mean = self.best_repeated
        return mean.values[self.metric] if mean is not None else None if best is None else best.value

    @property
    def repeated(self) -> tuple[Repeated, ...]:
        """What was evaluated again, the best mean first."""
        return repeated(self.evaluations, self.repeats, self.objectives)

    @property
    def best_repeated(self) -> Repeated | None:
        """All evaluations of :attr:`best`; None where it was evaluated once."""
        again = self.repeated
        return again[0] if again and again[0].counts else None

    @property
    def best_architecture(self) -> Architecture | None:
        """The architecture of :attr:`best`; None where nothing was measured."""
        return None if self.best is None else self.best.architecture

    def build_best(self) -> Any:
        """The network of :attr:`best_architecture`, with new weights; only a space of modules can build it.

        Raises:
            ArchrankError: Nothing was measured, or the space builds no networks.
        """
        if self.best_architecture is None:
            raise ArchrankError("nothing was measured, so there is no best network")
        build = getattr(self.space, "build", None)
        if build is None:
            raise ArchrankError(
                f"the space {self.space.name} builds no networks; build it from best_architecture yourself, or with "
                "archrank train where there is a skeleton for the space"
            )
        return build(self.best_architecture)

    @property
    def front(self) -> tuple[Evaluation, ...]:
        """What meets the constraints and no other one dominates, the best by the first objective first."""
        scores = self.scores()
        front = np.flatnonzero(pareto_front(scores))
        return tuple(self.evaluations[i] for i in front[np.argsort(-scores[front, 0], kind="stable")])

    @property
    def infeasible(self) -> int:
        """How many were measured and break a constraint."""
        return sum(evaluation.violation > 0 for evaluation in self.evaluations)

    def __repr__(self) -> str:
        """The best value, and after how many evaluations."""
        failed = sum(evaluation.state == "failed" for evaluation in self.evaluations)
        counted = f"{len(self.evaluations)} evaluations" + (f", {failed} failed" if failed else "")
        if self.fidelities is not None:
            counted += f", {self.epochs:,} epochs of {self.budget * self.fidelities.full:,}"
        if len(self.objectives.directions) > 1:
            found = f"{len(self.front)} on the Pareto front of {', '.join(self.objectives.directions)}"
        elif self.best_value is None:
            found = f"no {self.metric}"
            errors = Counter(evaluation.error for evaluation in self.evaluations if evaluation.error)
            if errors:
                counted += f", mostly by {errors.most_common(1)[0][0]}"
        else:
            found = f"best {self.metric} {self.best_value:.6g}"
            if (again := self.best_repeated) is not None:
                found += f" (mean of {again.count})"
        counted += f" and {len(self.repeats)} repeats" if self.repeats else ""
        if (before := self.best_known) is not None:
            counted += f", {len(self.known)} known before with {before.values[self.metric]:.6g} at best"
        return f"<SearchResult of {self.space.name}: {found} after {counted}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: the summary and the best five evaluations."""
        rows = "".join(
            f"<tr><td>{e.number}</td><td>{e.value:.6g}</td><td><code>{escape(self.space.format(e.architecture))}</code>"
            f"</td><td>{e.reason}</td></tr>"
            for e in self._ranked()[:5]
        )
        heading = (
            f"<tr><th>evaluation</th><th>{escape(self.metric)}</th><th>architecture</th><th>reason</th></tr>"
        )
        return f"<p>{escape(repr(self)[1:-1])}</p><table>{heading}{rows}</table>"

    def _ranked(self) -> list[Evaluation]:
        """What was measured and meets the constraints, the best by the first objective first."""
        scores = self.scores()[:, 0]
        return [self.evaluations[i] for i in np.argsort(-scores, kind="stable") if not np.isnan(scores[i])]

    def to_pandas(self) -> "pandas.DataFrame":
        """A row for each evaluation: number, architecture as text, all values, and how it was proposed and ended.

        With fidelities a row is one training, which stopped after ``fidelity`` epochs and cost ``epochs``.

        Raises:
            ArchrankError: pandas is not installed.
        """
        rows = [
            {
                "number": e.number,
                "architecture": self.space.format(e.architecture),
                **{name: e.values.get(name) for name in self.objectives.needed},
                **e.values,
                "state": e.state,
                **({} if e.fidelity is None else {"fidelity": e.fidelity, "epochs": e.epochs}),
                "round": e.round,
                "reason": e.reason,
                "predicted": e.predicted,
                "seconds": e.seconds,
                "error": e.error,
            }
            for e in self.evaluations
        ]
        return data_frame(rows)

    def scores(self) -> npt.NDArray[np.float64]:
        """The K scores of the n evaluations, higher is better: (n, K).

        They are NaN where it failed, breaks a constraint, or was not a whole training.
        """
        signs = self.objectives.signs
        scores = np.full((len(self.evaluations), len(signs)), np.nan)
        for i, evaluation in enumerate(self.evaluations):
            if evaluation.value is not None and not evaluation.violation and evaluation.whole:
                scores[i] = np.multiply(signs, self.objectives.objective_values(evaluation.values))
        return scores
