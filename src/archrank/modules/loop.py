"""The user's own training loop as an evaluator of a space of modules."""

import gc
import inspect
import traceback
import weakref
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

import torch
from optuna import TrialPruned

from archrank.architecture import Architecture
from archrank.errors import EvaluationError
from archrank.modules.kept import Checkpoint
from archrank.modules.report import Report, seed_everything
from archrank.settings import settings_of
from archrank.system.foreign import shown
from archrank.workers.outcome import note_trained

__all__ = ["Report", "TrainedModules"]


class Builder(Protocol):
    """The part of a space of modules that training needs."""

    def build(self, architecture: Any) -> torch.nn.Module:
        """The network of an architecture."""

    def format(self, architecture: Architecture) -> str:
        """An architecture as text."""


class TrainedModules:
    """Builds the network of an architecture and gives it to the user's training loop.

    Args:
        space: The space.
        train: ``train(module)`` or ``train(module, report)``; it returns the value that is searched by, or a mapping of
            several, or nothing, where the last reported value counts. Its attributes ``metric``, ``directions`` and
            ``gives`` are those of any evaluator.

    Raises:
        EvaluationError: ``train`` cannot be called with a module.
    """

    def __init__(self, space: Builder, train: Callable[..., Any]) -> None:
        self.space = space
        self.train = train
        self._arguments = _arguments(train)
        self._full: int | None = None
        self._folder: Path | None = None

    def __getattr__(self, name: str) -> Any:
        # What the user's function declares: metric, directions, gives.
        if name.startswith("_") or "train" not in self.__dict__:
            raise AttributeError(name)
        return getattr(self.train, name)

    def __call__(self, architecture: Architecture, epochs: int | None = None, seed: int = 0) -> Any:
        """The values of one architecture, after a number of epochs or a whole training.

        Args:
            architecture: What is trained.
            epochs: After how many epochs to stop; None for never.
            seed: 0 for the first training of an architecture, and k for its k-th repeat.
        """
        text = self.space.format(architecture)
        drawn = int(sha256(f"{text}{f' {seed}' if seed else ''}".encode()).hexdigest()[:8], 16) % 2**31
        checkpoint = None
        if epochs is not None and self._folder is not None:
            checkpoint = Checkpoint(self._folder, self._fingerprint(text, seed), self._full)
            if (found := checkpoint.known(epochs)) is not None:
                note_trained(0)
                return found
        report = Report(architecture, drawn, epochs, self._full, checkpoint)
        try:
            result = self._trained(architecture, report)
        finally:
            note_trained(max(report.trained - report.begun, 0))
        # What a loop returns after it was stopped is not about the epoch that it was stopped at.
        if result is None or report.until not in (None, self._full):
            result = report.result()
        elif epochs is not None and report.values:
            report.result()
        if checkpoint is not None and epochs == self._full:
            checkpoint.finish(result)
        return result

    def _trained(self, architecture: Architecture, report: Report) -> Any:
        """What the loop returns; None where it was stopped."""
        seed_everything(report.seed)
        module = self.space.build(architecture)
        try:
            return self.train(module, report) if self._arguments == 2 else self.train(module)
        except Exception as failure:
            _let_go(failure)
            if (
                isinstance(failure, TrialPruned)
                and report.until is not None
                and report.trained >= report.until
            ):
                return None
            raise
        finally:
            report.let_go()
            left = weakref.ref(module)
            del module
            if left() is not None:  # it refers to itself
                gc.collect()
            if torch.cuda.is_available():
                torch.cuda.empty_cache()

    def _fingerprint(self, text: str, seed: int) -> dict[str, Any]:
        """What a checkpoint must agree in: the architecture, and what the loop declares of its recipe and data."""
        space = self.space
        return {
            "space": [getattr(space, "name", None), getattr(space, "digest", None)],
            "architecture": text,
            **({"repeat": seed} if seed else {}),
            **self.settings,
            **settings_of(getattr(self.train, "fingerprint", {})),
        }

    def keeping(self, folder: Path) -> "TrainedModules":
        """The same evaluator, with checkpoints in a folder."""
        kept = copy(self)
        kept._folder = folder
        return kept

    def check_fidelities(self, levels: Sequence[int]) -> None:
        """Note the last one, after which a training is whole.

        Raises:
            EvaluationError: The loop takes no report, so that it cannot be stopped.
        """
        if self._arguments < 2:
            raise EvaluationError(
                f"the training loop {shown(self.train)} cannot stop early, as fidelities={list(levels)} needs it: "
                "expected train(module, report), which calls report(epoch, value) after every epoch"
            )
        self._full = levels[-1]

    def check_objectives(self, names: Any) -> None:
        """Ask the user's function, if it wants to be asked."""
        if (check := getattr(self.train, "check_objectives", None)) is not None:
            check(names)

    @property
    def settings(self) -> Mapping[str, Any]:
        """The name of the loop, which a resumed run compares."""
        return {"train": getattr(self.train, "__qualname__", type(self.train).__qualname__)}


def _let_go(failure: BaseException | None) -> None:
    """Clear the variables of what has ended by a failure: they hold the network, and finding it costs more."""
    while failure is not None:
        traceback.clear_frames(failure.__traceback__)
        failure = failure.__context__


def _arguments(train: Any) -> int:
    """How many positional arguments it is called with: the module, and the report unless it is left out."""
    if not callable(train):
        raise EvaluationError(
            f"{shown(train)} cannot be called; expected a training loop: train(module) or train(module, report)"
        )
    if inspect.iscoroutinefunction(train):
        raise EvaluationError(
            f"{train.__name__} is an async function, which trains nothing when it is called; give a plain function"
        )
    try:
        signature = inspect.signature(train)
    except (TypeError, ValueError):
        return 2
    for count in (2, 1):
        try:
            signature.bind(*(None,) * count)
        except TypeError:
            continue
        return count
    raise EvaluationError(
        f"{getattr(train, '__name__', shown(train))}{signature} cannot be called with a module; expected "
        "train(module) or train(module, report)"
    )
