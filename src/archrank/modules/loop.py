"""The user's own training loop as an evaluator of a space of modules."""

import gc
import inspect
import math
import random
import weakref
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, Protocol

import numpy as np
import torch

from archrank.architecture import Architecture
from archrank.errors import EvaluationError
from archrank.system.foreign import shown

__all__ = ["Report", "TrainedModules"]


class Builder(Protocol):
    """The part of a space of modules that training needs."""

    def build(self, architecture: Any) -> torch.nn.Module:
        """The network of an architecture."""

    def format(self, architecture: Architecture) -> str:
        """An architecture as text."""


class Report:
    """The second argument of a training loop: describes the architecture, and takes the values of the training.

    Call ``report(epoch, value)`` after each epoch. If the loop returns nothing, its result is the last reported value.

    Attributes:
        architecture: The architecture that is trained.
        params: Its choices by name, including those about training.
        seed: The seed of this training run, always the same for the same architecture. Python, NumPy and PyTorch are
            seeded with it before the network is built.
        values: The reported values, by epoch.
    """

    def __init__(self, architecture: Architecture, seed: int) -> None:
        self.architecture = architecture
        self.params: dict[str, Any] = dict(architecture.choices)
        self.seed = seed
        self.values: dict[int, float] = {}

    def __call__(self, epoch: int, value: float) -> None:
        """Record the value after an epoch.

        Raises:
            EvaluationError: The value is no finite number, so the training has failed.
        """
        try:
            number = float(value.detach() if isinstance(value, torch.Tensor) else value)
        except (TypeError, ValueError):
            number = math.nan
        if not math.isfinite(number):
            raise EvaluationError(
                f"the value {shown(value)} reported after epoch {epoch} is no finite number"
            )
        self.values[int(epoch)] = number


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

    def __getattr__(self, name: str) -> Any:
        # What the user's function declares: metric, directions, gives.
        if name.startswith("_") or "train" not in self.__dict__:
            raise AttributeError(name)
        return getattr(self.train, name)

    def __call__(self, architecture: Architecture) -> Any:
        """The values of one architecture."""
        seed = int(sha256(self.space.format(architecture).encode()).hexdigest()[:8], 16) % 2**31
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002 (the user's loop may use it)
        torch.manual_seed(seed)
        report = Report(architecture, seed)
        module = self.space.build(architecture)
        try:
            result = self.train(module, report) if self._arguments == 2 else self.train(module)
        finally:
            left = weakref.ref(module)
            del module
            if left() is not None:  # it refers to itself, or is in the traceback of a failure
                gc.collect()
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
        if result is not None:
            return result
        if not report.values:
            raise EvaluationError(
                f"{getattr(self.train, '__name__', 'the training loop')} returned nothing and reported nothing; return "
                "the value that is searched by, or call report(epoch, value)"
            )
        return report.values[max(report.values)]

    def check_objectives(self, names: Any) -> None:
        """Ask the user's function, if it wants to be asked."""
        if (check := getattr(self.train, "check_objectives", None)) is not None:
            check(names)

    @property
    def settings(self) -> Mapping[str, Any]:
        """The name of the loop, which a resumed run compares."""
        return {"train": getattr(self.train, "__qualname__", type(self.train).__qualname__)}


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
