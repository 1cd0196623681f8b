"""A strategy as an Optuna sampler, for people who call ``study.optimize`` themselves."""

import threading
import warnings
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from archrank.architecture import Architecture
from archrank.errors import InvalidArchitecture
from archrank.predictors.base import Predictor
from archrank.predictors.hints import check_hints
from archrank.space import SearchSpace
from archrank.strategies.base import Evaluated, History, Strategy
from archrank.strategies.scalarized import Scalarized
from archrank.study.checks import checked_space, checked_strategy
from archrank.study.likely import prior_of
from archrank.study.parameters import distributions, from_parameters, to_parameters
from archrank.study.rules import Rules
from archrank.study.win_rates import win_rates

__all__ = ["ArchrankSampler"]


class ArchrankSampler(BaseSampler):
    """Lets a strategy choose the architecture of each trial of an Optuna study.

    The strategy proposes ``batch`` architectures at a time. So a study that runs one trial at a time evaluates the
    same architectures as :func:`archrank.search` with the same seed.

    The objective gets its architecture by ``space.suggest(trial)``. No architecture is suggested twice, not even to
    several threads (``n_jobs``). When the space is exhausted the study is stopped, and trials that have begun
    get random repeats. Other parameters, such as a learning rate, are sampled at random.

    The strategy learns from pruned trials too: if there are any, the score of a trial is the share of the other trials
    that it beats at the last step that both reached (:func:`~archrank.study.win_rates.win_rates`). A trial that
    failed, or was pruned before it reported a value, counts as a failure of its architecture.

    A study with several directions, or whose objective calls ``trial.set_constraint``, is shown to the strategy through
    :class:`~archrank.strategies.Scalarized`, unless it has ``multi_objective``.

    Earlier measurements are added by ``study.add_trial``, and architectures to evaluate first, or again, by
    ``study.enqueue_trial``; no other one is asked for then. Of an architecture with several trials the strategy sees
    the means of their values.

    Args:
        space: The space, or the name of a built-in one.
        strategy: What to propose, or its name; guided search with its defaults for None.
        seed: The seed of all randomness.
        fix: Values of choices by name, as for :func:`archrank.search`, as are the next two.
        forbid: Combinations of values.
        likely: Options that are likely good.
        hints: Predictors that are fitted to measurements of something else of the space, such as another data set; see
            the hints of :func:`archrank.search`.

    Raises:
        ArchrankError: An argument cannot be used, or the strategy has no use for it.

    >>> import optuna
    >>> from archrank.spaces import NASBench201
    >>> from archrank.strategies import RandomSearch
    >>> space = NASBench201()
    >>> optuna.logging.set_verbosity(optuna.logging.WARNING)
    >>> study = optuna.create_study(sampler=ArchrankSampler(space, RandomSearch(space), seed=0))
    >>> study.optimize(lambda trial: sum(space.suggest(trial).choices), n_trials=3)
    >>> len(study.trials)
    3
    """

    def __init__(
        self,
        space: SearchSpace | str,
        strategy: Strategy | str | None = None,
        seed: int = 0,
        *,
        fix: Mapping[str, Any] | None = None,
        forbid: Sequence[Mapping[str, Any]] | None = None,
        likely: Mapping[str, Mapping[Any, float]] | None = None,
        hints: Sequence[Predictor] = (),
    ) -> None:
        self._space = checked_space(space)
        self._strategy = checked_strategy(strategy, self._space, None)
        self._rules = Rules(self._space, fix, forbid)
        if self._rules:
            self._strategy = self._strategy.within(self._rules.violation)
        if (prior := prior_of(self._space, likely)) is not None:
            self._strategy = self._strategy.preferring(prior)
        check_hints(hints)
        if hints:
            self._strategy = self._strategy.listening(hints)
        self._seed = seed
        self._others = RandomSampler(seed=seed)
        self._lock = threading.Lock()
        # A pick is stored by Optuna only after the lock is released, so it is remembered here.
        self._given: dict[int, Architecture] = {}
        self._ended: dict[int, Architecture | None] = {}  # read from the trials once they are finished
        self._picked: dict[int, Architecture] = {}  # what Optuna has yet to ask for
        # What the strategy proposed with one fit and no trial has got yet, in its order.
        self._batch: deque[Architecture] = deque()
        self._study_name: str | None = None  # which both are about

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Warn of an enqueued architecture that breaks a rule; Optuna asks for nothing else of such a trial."""
        enqueued = self._parsed(_enqueued(trial)) if self._rules else None
        if enqueued is not None and (broken := self._rules.broken(enqueued)) is not None:
            warnings.warn(
                f"trial {trial.number} was enqueued and is evaluated, though it breaks {broken}", stacklevel=2
            )

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """The active choices of the strategy's next architecture, which Optuna then asks for."""
        return distributions(self._space, self._pick(study, trial))

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """The strategy's next architecture, as parameters."""
        with self._lock:
            architecture = self._picked.pop(trial.number, None)
        return to_parameters(self._space, architecture or self._pick(study, trial))

    def _pick(self, study: Study, trial: FrozenTrial) -> Architecture:
        rng = np.random.default_rng([self._seed, trial.number])
        if (enqueued := self._parsed(_enqueued(trial))) is not None:
            with self._lock:
                self._given[trial.number] = self._picked[trial.number] = enqueued
            return enqueued
        with self._lock:
            if study.study_name != self._study_name:
                self._study_name = study.study_name
                self._given.clear()
                self._ended.clear()
                self._picked.clear()
                self._batch.clear()
            history = self._history(study, trial)
            architecture = self._next(study, history, rng)
            if architecture is not None:
                self._given[trial.number] = architecture
        if architecture is None:
            # Raising here would leave the trial running for ever.
            architecture = self._space.sample(1, rng)[0]
            with suppress(RuntimeError):  # asked for outside of optimize, where there is nothing to stop
                study.stop()
        with self._lock:
            self._picked[trial.number] = architecture
        return architecture

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """A random value, for a parameter that is not the space's."""
        return self._others.sample_independent(study, trial, param_name, param_distribution)

    def _next(self, study: Study, history: History, rng: np.random.Generator) -> Architecture | None:
        """The next of the strategy's batch, or the first of a new one; None where the space is used up."""
        while self._batch:
            if (architecture := self._batch.popleft()) not in history:
                return architecture
        strategy = self._choosing(study, history)
        self._batch.extend(p.architecture for p in strategy.propose(history, strategy.batch, rng))
        return self._batch.popleft() if self._batch else None

    def _history(self, study: Study, asking: FrozenTrial) -> History:
        signs = [1.0 if direction == StudyDirection.MAXIMIZE else -1.0 for direction in study.directions]
        trials = [trial for trial in study.get_trials(deepcopy=False) if trial.number != asking.number]
        scores = _scores(trials, signs)
        history = History()
        several: dict[Architecture, list[tuple[tuple[float, ...], tuple[float, ...]]]] = {}
        for trial in trials:
            architecture = self._architecture(trial)
            if architecture is None:
                continue
            if trial.number in scores:
                measured = several.setdefault(architecture, [])
                measured.append((scores[trial.number], tuple(_excesses(trial))))
                score, *others = _mean([values for values, _ in measured])
                excesses = _mean([each for _, each in measured])
                history.record(Evaluated(architecture, score, others=tuple(others), excesses=excesses))
            elif architecture not in several:
                history.record(Evaluated(architecture, None, pending=not trial.state.is_finished()))
        return history

    def _architecture(self, trial: FrozenTrial) -> Architecture | None:
        """What a trial evaluates: what it was given, unless some of its parameters were enqueued."""
        if not trial.state.is_finished():
            return self._given.get(trial.number) or self._parsed(trial.params)
        if trial.number not in self._ended:
            self._ended[trial.number] = self._parsed(trial.params)
        return self._ended[trial.number]

    def _choosing(self, study: Study, history: History) -> Strategy:
        """The strategy, or what shows it several objectives and constraints."""
        plain = len(study.directions) == 1 and not any(entry.violation for entry in history)
        return self._strategy if plain or self._strategy.multi_objective else Scalarized(self._strategy)

    def _parsed(self, parameters: Mapping[str, Any]) -> Architecture | None:
        """The architecture that parameters denote; None where they denote none."""
        try:
            return from_parameters(self._space, parameters)
        except (KeyError, ValueError, InvalidArchitecture):
            return None


def _scores(trials: Sequence[FrozenTrial], signs: Sequence[float]) -> dict[int, tuple[float, ...]]:
    """The scores of the trials that have some, by number: higher is better."""
    ended = [
        t
        for t in trials
        if (t.state == TrialState.COMPLETE and np.isfinite(t.values).all())  # an infinite value is a failure
        or (t.state == TrialState.PRUNED and t.intermediate_values)
    ]
    if len(signs) > 1 or all(trial.state == TrialState.COMPLETE for trial in ended):
        complete = [trial for trial in ended if trial.state == TrialState.COMPLETE]
        return {t.number: tuple(np.multiply(signs, t.values).tolist()) for t in complete}
    (sign,) = signs
    curves = [{step: sign * value for step, value in trial.intermediate_values.items()} for trial in ended]
    finals = [sign * t.values[0] if t.state == TrialState.COMPLETE else None for t in ended]
    rates = win_rates(curves, finals).tolist()
    return {trial.number: (rate,) for trial, rate in zip(ended, rates, strict=True)}


def _mean(rows: Sequence[tuple[float, ...]]) -> tuple[float, ...]:
    """The mean of several measurements; the last one where these have different numbers of values."""
    if len({len(row) for row in rows}) > 1:
        return rows[-1]
    return rows[0] if len(rows) == 1 else tuple(np.mean(rows, axis=0).tolist())


def _enqueued(trial: FrozenTrial) -> Mapping[str, Any]:
    """The parameters that a trial was enqueued with; none where it was not."""
    found: Mapping[str, Any] = getattr(trial, "system_attrs", {}).get("fixed_params") or {}
    return found


def _excesses(trial: FrozenTrial) -> Collection[float]:
    """How far each constraint is broken; Optuna 4 has no constraints of an objective's own."""
    constraints: dict[str, float] = getattr(trial, "constraints", {})
    return constraints.values()
