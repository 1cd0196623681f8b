"""What workers do with every task, and how it gets into other processes."""

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import cloudpickle

from archrank.errors import EvaluationError
from archrank.system.foreign import in_one_line, message
from archrank.workers.outcome import Outcome

__all__ = ["Job", "Numbered", "SentJob", "T"]


class Numbered(Protocol):
    """A task of any kind."""

    @property
    def number(self) -> int:
        """Tells it from the other tasks of its runner."""


T = TypeVar("T", bound=Numbered)
"""The tasks of a runner."""


@dataclass(frozen=True, slots=True)
class Job(Generic[T]):
    """What is done with every task.

    Attributes:
        do: Does a task; a failure is an outcome, not an exception.
        name: What it is called in messages, such as ``"evaluator"``.
        call: What the user calls to have it done, such as ``"search"``.
        one_thread: Whether PyTorch and linear algebra use one thread in it, wherever it is done.
    """

    do: Callable[[T], Outcome]
    name: str = "evaluator"
    call: str = "search"
    one_thread: bool = False

    def sent(
        self, dumps: Callable[[object], bytes] = cloudpickle.dumps, to: str = "worker processes"
    ) -> "SentJob[T]":
        """The job as other processes get it.

        Args:
            dumps: Pickles it. The default sends functions that no module holds, such as lambdas and those of a
                notebook, with their code; ``pickle.dumps`` cannot.
            to: The receivers, for the message.

        Raises:
            EvaluationError: It cannot be sent.
        """
        try:
            payload = dumps(self.do)
        except Exception as error:
            # Pickling runs code of the user's, which may raise anything.
            raise EvaluationError(
                f"the {self.name} cannot be sent to {to} ({message(error)}): make it of functions and classes at the "
                "top level of a module that hold no open files, locks or connections, or use one worker"
            ) from None
        return SentJob(payload, self.name, self.one_thread)


@dataclass(frozen=True, slots=True)
class SentJob(Generic[T]):
    """A job on its way into another process.

    Attributes:
        payload: The pickled function.
        name: As for :class:`Job`.
        one_thread: As for :class:`Job`.
    """

    payload: bytes
    name: str
    one_thread: bool

    def load(self) -> Callable[[T], Outcome]:
        """The function that does a task.

        Raises:
            EvaluationError: It cannot be loaded in this process.
        """
        if self.one_thread:  # before the function loads PyTorch
            from archrank.system.threads import use_one_thread

            use_one_thread()
        try:
            do: Callable[[T], Outcome] = pickle.loads(self.payload)  # noqa: S301, sent by the process that started this one
        except BaseException as error:  # its module may raise anything
            raise EvaluationError(f"the {self.name} cannot be loaded there ({in_one_line(error)})") from None
        return do
