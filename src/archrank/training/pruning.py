"""Stopping trainings that are worse than earlier ones, by Optuna's rules."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import optuna
from optuna.pruners import BasePruner, MedianPruner, SuccessiveHalvingPruner
from optuna.trial import Trial, TrialState

from archrank.errors import UnknownName
from archrank.training.curve import Epoch

__all__ = ["PRUNERS", "Pruning"]

PRUNERS = ("median", "halving")

_REDUCTION = 3
"""Successive halving keeps the best third, twice."""


class Pruning:
    """Compares a training with finished ones, epoch by epoch.

    Optuna's pruners look at a study's trials. Trainings may run in many processes, so each keeps a study of its own,
    in memory, and replays the other runs' learning curves.

    Args:
        kind: ``"median"`` stops a training below the median of at least five whole trainings at that epoch, from a
            quarter of all epochs on; ``"halving"`` continues the best third after a ninth and a third of the epochs.
        epochs: The number of epochs of a whole training.

    Raises:
        UnknownName: Another kind.

    Reference: Golovin et al., Google Vizier (KDD 2017), section 3.2 (median); Li et al., A System for Massively
    Parallel Hyperparameter Tuning (MLSys 2020) (asynchronous successive halving).

    >>> pruning = Pruning("median", epochs=4)
    >>> for place in range(5):
    ...     pruning.learn(str(place), [0.5, 0.6, 0.7, 0.8], pruned=False)
    >>> worse = pruning.begin()
    >>> worse.is_enough(1, 0.3)
    True
    """

    def __init__(self, kind: str, epochs: int) -> None:
        if kind not in PRUNERS:
            raise UnknownName("pruner", kind, PRUNERS)
        self._epochs = epochs
        self._known: set[str] = set()
        with _quiet():
            self._study = optuna.create_study(direction="maximize", pruner=_pruner(kind, epochs))

    def __contains__(self, name: str) -> bool:
        return name in self._known

    def learn(self, name: str, accuracies: Sequence[float], pruned: bool) -> None:
        """Record a finished training.

        Args:
            name: Its name; a training counts once.
            accuracies: Its validation accuracy after each epoch.
            pruned: Whether it was stopped early.
        """
        if name in self._known:
            return
        training = self.begin()
        for epoch, accuracy in enumerate(accuracies, start=1):
            training.is_enough(epoch, accuracy)
        training.end(name, accuracies[-1] if accuracies else None, pruned)

    def begin(self) -> "Watched":
        """A training that is to be compared."""
        return Watched(self._study, self._study.ask(), self._epochs, self._known)


class Watched:
    """A training that is compared with others; made by :meth:`Pruning.begin`."""

    def __init__(self, study: optuna.Study, trial: Trial, epochs: int, known: set[str]) -> None:
        self._study, self._trial, self._epochs, self._known = study, trial, epochs, known

    def is_enough(self, epoch: int, accuracy: float) -> bool:
        """Whether the training should end after this epoch.

        Args:
            epoch: Counted from 1; call it for every epoch, in order.
            accuracy: The validation accuracy after the epoch.
        """
        self._trial.report(accuracy, epoch)
        worse = self._trial.should_prune()
        return worse and epoch < self._epochs

    def stops(self, epoch: Epoch) -> bool:
        """The same, from what a training reports."""
        return self.is_enough(epoch.epoch, epoch.valid_accuracy or 0.0)

    def end(self, name: str, accuracy: float | None, pruned: bool) -> None:
        """Record its end.

        Args:
            name: The name of the training.
            accuracy: Of its last epoch; None where it failed.
            pruned: Whether it was stopped early.
        """
        self._known.add(name)
        if accuracy is None:
            self._study.tell(self._trial, state=TrialState.FAIL)
        elif pruned:
            self._study.tell(self._trial, state=TrialState.PRUNED)
        else:
            self._study.tell(self._trial, accuracy)


def _pruner(kind: str, epochs: int) -> BasePruner:
    if kind == "median":
        return MedianPruner(n_startup_trials=5, n_warmup_steps=epochs // 4)
    return SuccessiveHalvingPruner(min_resource=max(1, epochs // _REDUCTION**2), reduction_factor=_REDUCTION)


@contextmanager
def _quiet() -> Iterator[Any]:
    """Silence Optuna's message about this internal study."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
