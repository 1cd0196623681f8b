"""What a user's own training loop is told, and what it reports."""

import math
import operator
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from optuna import TrialPruned

from archrank.architecture import Architecture
from archrank.errors import EvaluationError
from archrank.modules.kept import Checkpoint
from archrank.system.foreign import shown
from archrank.workers.outcome import InvalidResult

__all__ = ["Report", "seed_everything"]


class Report:
    """The second argument of a training loop: describes the architecture, and takes the values of the training.

    Call ``report(epoch, value)`` after each epoch, counted from 0 or from 1. If the loop returns nothing, its result is
    the last reported value. In a search with fidelities ``report`` ends the loop after as many epochs as it should
    train, by raising ``optuna.TrialPruned``.

    A loop over :meth:`epochs` goes on where a shorter training of the same architecture stopped, in a search with
    ``continued=True``.

    Attributes:
        architecture: The architecture that is trained.
        params: Its choices by name, including those about training.
        seed: The seed of this training run, the same for the same architecture, but for repeats of it. Python, NumPy
            and PyTorch are seeded with it before the network is built.
        values: The reported values, by epoch.
        until: After how many epochs the training is stopped; None for never.
        begun: After how many epochs it went on from a checkpoint; 0 where it began anew.
    """

    def __init__(
        self,
        architecture: Architecture,
        seed: int,
        until: int | None = None,
        full: int | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        self.architecture = architecture
        self.params: dict[str, Any] = dict(architecture.choices)
        self.seed = seed
        self.values: dict[int, float] = {}
        self.until = until
        self.begun = 0
        self._full = full
        self._checkpoint = checkpoint
        self._parts: tuple[Any, ...] | None = None

    def epochs(self, count: int, *parts: Any) -> Iterator[int]:
        """The numbers of the epochs that are to be trained, from 1 to ``count`` at most.

        Every epoch begins with random states of its own. So a training that was continued equals one that was not, as
        far as all that changes is in ``parts``.

        Args:
            count: The epochs of a whole training.
            parts: What changes in an epoch: the network, the optimizer, a schedule; all that has ``state_dict`` and
                ``load_state_dict``. They are restored before the first epoch.

        Raises:
            EvaluationError: The search's last fidelity is another number of epochs, or a part cannot be saved.
        """
        if self._full is not None and count != self._full:
            raise InvalidResult(
                f"the loop trains for {count} epochs, and the last of the fidelities is {self._full}: give the same "
                "number"
            )
        for part in parts:
            if not (hasattr(part, "state_dict") and hasattr(part, "load_state_dict")):
                raise InvalidResult(
                    f"{shown(part)} was given to report.epochs, expected what has state_dict and load_state_dict, such "
                    "as a network or an optimizer"
                )
        self._parts = parts
        if self._checkpoint is not None:
            self.begun = self._checkpoint.restore(parts, self.values)
        for epoch in range(self.begun + 1, (count if self.until is None else min(count, self.until)) + 1):
            seed_everything((self.seed + epoch) % 2**31)
            yield epoch

    def __call__(self, epoch: int, value: float) -> None:
        """Record the value after an epoch.

        Raises:
            EvaluationError: The value is NaN or infinite, so the training has failed; or, which ends a search that has
                measured nothing yet, it is no number, the epoch is none, or in a search with fidelities out of order.
            optuna.TrialPruned: The training should stop.
        """
        epoch = _epoch(epoch)
        number = _number(value, epoch)
        if not math.isfinite(number):
            raise EvaluationError(
                f"the value {shown(value)} reported after epoch {epoch} is no finite number"
            )
        if self.until is not None:
            self._check_order(epoch)
        self.values[epoch] = number
        if self._checkpoint is not None and self._parts is not None:
            self._checkpoint.save(self._parts, self.values)
        if self.until is not None and self.trained >= self.until and self.until != self._full:
            raise TrialPruned(f"stopped after {self.trained} epochs")

    def let_go(self) -> None:
        """Forget the network and the optimizer, when the loop has ended."""
        self._parts = None

    @property
    def trained(self) -> int:
        """How many epochs were reported to be over: loops count from 0 or from 1."""
        return max(self.values) + (0 in self.values) if self.values else 0

    def result(self) -> float:
        """The value after as many epochs as were wanted, or the last one.

        Raises:
            EvaluationError: It was not reported.
        """
        if not self.values:
            raise InvalidResult(
                "the training loop returned nothing and reported nothing; return the value that is searched by, or "
                "call report(epoch, value)"
                if self.until is None
                else "the training loop reported nothing, so it cannot be stopped after some epochs; call "
                "report(epoch, value) after every epoch"
            )
        if self.until is not None and self.trained != self.until:
            raise InvalidResult(
                f"the training loop reported the value after {self.trained} epochs, and not the one after "
                f"{self.until}, which is one of the fidelities: call report(epoch, value) after every epoch, and end "
                "the fidelities with the epochs of the loop"
            )
        return self.values[max(self.values)]

    def _check_order(self, epoch: int) -> None:
        if self.values and epoch <= max(self.values):
            raise InvalidResult(
                f"epoch {epoch} was reported after epoch {max(self.values)}: report every epoch once, in order"
            )
        begins = 0 in self.values or epoch == 0
        if self.until is not None and epoch + begins > self.until:
            raise InvalidResult(
                f"epoch {epoch} was reported, and the training should stop after {self.until} epochs: report every "
                "epoch, and end the fidelities with the epochs of the loop"
            )


def _epoch(epoch: Any) -> int:
    """The number of an epoch, as it was reported."""
    try:
        number = operator.index(int(epoch) if isinstance(epoch, float) and epoch.is_integer() else epoch)
    except TypeError:
        number = -1
    if number < 0 or isinstance(epoch, bool):
        raise InvalidResult(
            f"report was called with the epoch {shown(epoch)}, expected a whole number, counted from 0 or from 1"
        )
    return number


def _number(value: Any, epoch: int) -> float:
    """A value that was reported, as a number."""
    try:
        if isinstance(value, str | bytes | bool):
            raise TypeError
        return float(value.detach() if isinstance(value, torch.Tensor) else value)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        raise InvalidResult(
            f"the value {shown(value)} reported after epoch {epoch} is no number: report one, such as an accuracy"
        ) from None


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and PyTorch."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 (the user's loop may use it)
    torch.manual_seed(seed)
