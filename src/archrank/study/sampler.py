"""A strategy as an Optuna sampler, for people who call ``study.optimize`` themselves."""

import threading
from collections import deque
from collections.abc import Collection
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
from archrank.space import SearchSpace
from archrank.strategies.base import Evaluated, History, Strategy
from archrank.strategies.scalarized import Scalarized
from archrank.study.checks import checked_space, checked_strategy
from archrank.study.parameters import distributions, from_parameters, to_parameters

__all__ = ["ArchrankSampler"]


class ArchrankSampler(BaseSampler):
    """Lets a strategy choose the architecture of each trial of an Optuna study.

    The strategy proposes as many at once as its ``batch`` says. So a study that runs one trial at a time evaluates what
    :func:`archrank.search` evaluates with the same seed.

    The objective asks for it with ``space.suggest(trial)``. No architecture is given twice, also where
    several threads ask (``n_jobs``); when the space is used up the study is stopped, and trials already begun
    get random repeats. Parameters that are not the space's, such as a learning rate, are drawn at random.

    A study with several directions, or whose objective calls ``trial.set_constraint``, is shown to the strategy through
    :class:`~archrank.strategies.Scalarized`, unless it has ``multi_objective``.

    Args:
        space: The space.
        strategy: What to propose; guided search with its defaults for None.
        seed: The seed of all randomness.

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

    def __init__(self, space: SearchSpace, strategy: Strategy | None = None, seed: int = 0) -> None:
        self._space = checked_space(space)
        self._strategy = checked_strategy(strategy, space, None)
        self._seed = seed
        self._others = RandomSampler(seed=seed)
        self._lock = threading.Lock()
        # A pick is stored by Optuna only after the lock is released, so it is remembered here.
        self._given: dict[int, Architecture] = {}
        self._picked: dict[int, Architecture] = {}  # what Optuna has yet to ask for
        # What the strategy proposed with one fit and no trial has got yet, in its order.
        self._batch: deque[Architecture] = deque()
        self._study_name: str | None = None  # which both are about

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
        with self._lock:
            if study.study_name != self._study_name:
                self._study_name = study.study_name
                self._given.clear()
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
        history = History()
        for trial in study.get_trials(deepcopy=False):
            if trial.number == asking.number:
                continue
            architecture = self._given.get(trial.number) or self._read(trial)
            if architecture is None:
                continue
            if trial.state == TrialState.COMPLETE:
                score, *others = (sign * value for sign, value in zip(signs, trial.values, strict=True))
                violation = sum(excess for excess in _excesses(trial) if excess > 0)
                history.record(Evaluated(architecture, score, others=tuple(others), violation=violation))
            else:
                history.record(Evaluated(architecture, None, pending=not trial.state.is_finished()))
        return history

    def _choosing(self, study: Study, history: History) -> Strategy:
        """The strategy, or what shows it several objectives and constraints."""
        plain = len(study.directions) == 1 and not any(entry.violation for entry in history)
        return self._strategy if plain or self._strategy.multi_objective else Scalarized(self._strategy)

    def _read(self, trial: FrozenTrial) -> Architecture | None:
        """The architecture that a trial's stored parameters say; None where they say none."""
        try:
            return from_parameters(self._space, trial.params)
        except (KeyError, ValueError, InvalidArchitecture):
            return None


def _excesses(trial: FrozenTrial) -> Collection[float]:
    """How far each constraint is broken; Optuna 4 has no constraints of an objective's own."""
    constraints: dict[str, float] = getattr(trial, "constraints", {})
    return constraints.values()
