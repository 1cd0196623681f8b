"""What a strategy is: a pure function from history to the next architectures."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

import numpy as np
import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.errors import ArchrankError
from archrank.settings import parameters_of
from archrank.space import SearchSpace
from archrank.strategies.prior import Prior

if TYPE_CHECKING:
    from archrank.predictors.base import Predictor

__all__ = ["Evaluated", "History", "Proposal", "Strategy", "UniqueBy"]

UniqueBy = Literal["encoding", "function"]
Reason = Literal["random", "evolved", "predicted", "explored", "given", "zero-cost", "promoted", "repeated"]
REASONS: tuple[Reason, ...] = get_args(Reason)


@dataclass(frozen=True, slots=True)
class Proposal:
    """An architecture that a strategy wants evaluated next.

    Attributes:
        architecture: What to evaluate.
        reason: Why it was picked.
        score: What a predictor gave it, higher is better; None where none was asked.
        fidelity: How many epochs it is to be trained; None in a search whose trainings are all whole.
    """

    architecture: Architecture
    reason: Reason
    score: float | None = None
    fidelity: int | None = None


@dataclass(frozen=True, slots=True)
class Evaluated:
    """One entry of a history.

    Attributes:
        architecture: What was proposed.
        score: What was measured, turned so that higher is better; None while it is pending or when it failed.
        pending: Whether the evaluation is still under way.
        others: The scores by the second and further objectives, where a search has several.
        excesses: For each constraint how far it is broken, 0 or less where it is met, NaN where its value is not known;
            empty where there are none, or where no value is known. What was given up because of some has no score.
        unrelated: Whether it failed for a reason that has nothing to do with the architecture, such as a full disk.
        fidelity: After how many epochs it was measured; None for a whole training.
    """

    architecture: Architecture
    score: float | None
    pending: bool = False
    others: tuple[float, ...] = ()
    excesses: tuple[float, ...] = ()
    unrelated: bool = False
    fidelity: int | None = None

    @property
    def violation(self) -> float:
        """How far it breaks the constraints together; 0 where it meets them, or where there are none."""
        return sum(excess for excess in self.excesses if excess > 0)

    @property
    def failed(self) -> bool:
        """Whether it was evaluated and gave no score."""
        return self.score is None and not self.pending


class History:
    """Everything proposed so far, in the order of proposing; only the driver writes it.

    An architecture has one entry, or one for each fidelity at which it was proposed.

    Attributes:
        fingerprints: Those of the spaces that made the architectures, see :attr:`~archrank.Architecture.fingerprint`.

    >>> a, b = Architecture("s", (0,)), Architecture("s", (1,))
    >>> history = History([Evaluated(a, None, pending=True), Evaluated(b, 0.5)])
    >>> history.record(Evaluated(a, 0.9))
    >>> [score for _, score in history.measured], a in history
    ([0.9, 0.5], True)
    """

    def __init__(self, entries: Iterable[Evaluated] = ()) -> None:
        self._entries: list[Evaluated] = []
        self._place: dict[tuple[Architecture, int | None], int] = {}
        self._architectures: set[Architecture] = set()
        self.fingerprints: set[str | None] = set()
        self._failed = 0
        for entry in entries:
            self.record(entry)

    def record(self, entry: Evaluated) -> None:
        """Add an entry, or replace the one of the same architecture and fidelity (pending, then measured)."""
        place = self._place.setdefault((entry.architecture, entry.fidelity), len(self._entries))
        if place == len(self._entries):
            self._entries.append(entry)
            self._architectures.add(entry.architecture)
            self.fingerprints.add(entry.architecture.fingerprint)
        else:
            self._failed -= self._entries[place].failed
            self._entries[place] = entry
        self._failed += entry.failed

    @property
    def measured(self) -> list[tuple[Architecture, float]]:
        """The finished evaluations, oldest first: architecture and score."""
        return [(e.architecture, e.score) for e in self._entries if e.score is not None]

    @property
    def failed(self) -> int:
        """How many evaluations gave no score."""
        return self._failed

    def latest(self, k: int) -> list[tuple[Architecture, float]]:
        """The ``k`` finished evaluations that were proposed last, newest first."""
        found: list[tuple[Architecture, float]] = []
        for entry in reversed(self._entries):
            if len(found) == k:
                break
            if entry.score is not None:
                found.append((entry.architecture, entry.score))
        return found

    def holds(self, proposal: Proposal) -> bool:
        """Whether the architecture was proposed before at the same fidelity."""
        return (proposal.architecture, proposal.fidelity) in self._place

    def __contains__(self, architecture: object) -> bool:
        return architecture in self._architectures

    def __iter__(self) -> Iterator[Evaluated]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


class Strategy(ABC):
    """A way to choose what to evaluate next.

    A strategy does no input or output, reads no clock and keeps nothing that changes its answers between
    calls: the same history and the same generator state give the same proposals. So a search can be killed
    and resumed, and simulated in memory.
    """

    space: SearchSpace
    batch: int
    """How many proposals it likes to be asked for at once; a driver with more workers may ask for more."""
    unique_by: UniqueBy = "encoding"
    """What never comes twice: a row of choices, or a function (:meth:`~archrank.space.SearchSpace.function`)."""
    multi_objective: bool = False
    """Whether it uses ``others`` and ``excesses`` itself; for any other strategy a driver combines them into one score
    (:class:`~archrank.strategies.Scalarized`)."""
    handles_constraints: bool = False
    """Whether it uses ``excesses`` itself, though not ``others``; another one sees what breaks a constraint as worse
    than all that meets them."""

    @abstractmethod
    def propose(self, history: History, n: int, rng: np.random.Generator) -> list[Proposal]:
        """Choose the next architectures.

        Args:
            history: All that was proposed so far, pending evaluations included.
            n: How many are wanted, at least 1.
            rng: The only source of randomness.

        Returns:
            ``n`` distinct architectures that ``history`` does not hold; fewer only where the space has no
            more. With ``unique_by = "function"`` their functions are distinct and new as well.
        """

    def predicted(
        self, history: History, architectures: Sequence[Architecture], rng: np.random.Generator
    ) -> npt.NDArray[np.float64] | None:
        """The scores that it expects of architectures, measured ones or not, on any scale; None where it expects none.

        Args:
            history: All that was proposed so far.
            architectures: B architectures.
            rng: The only source of randomness; in the same state as for :meth:`propose`, it asks the same model.

        Returns:
            Scores, higher is better: (B,).
        """
        return None

    def within(self, violation: Callable[[Architecture], float]) -> Self:
        """The same strategy, proposing only what meets bounds that are known before an evaluation.

        Here it is the strategy itself: one that proposes without a :class:`~archrank.strategies.Domain` learns of these
        bounds only through evaluations, as of other constraints.

        Args:
            violation: How far an architecture breaks the bounds; 0 where it may be proposed.
        """
        return self

    def preferring(self, prior: Prior) -> Self:
        """The same strategy, led by what a person believes of options; only guided search can be.

        Args:
            prior: How likely architectures are to be good.

        Raises:
            ArchrankError: It has no use for it.
        """
        raise ArchrankError(
            f"likely (--likely) weighs the acquisition of guided search, and {type(self).__name__} has none: leave it "
            "out, or choose the strategy 'guided'"
        )

    def listening(self, hints: "Sequence[Predictor]") -> Self:
        """The same strategy with hints: fitted predictors of something else of the space; only guided search uses some.

        Raises:
            ArchrankError: It has no use for them.
        """
        raise ArchrankError(
            f"hints (--hints) are for the predictor of guided search, and {type(self).__name__} has none: leave them "
            "out, or choose the strategy 'guided'"
        )

    @property
    def settings(self) -> dict[str, Any]:
        """The class and its parameters, as JSON values: a run is resumed only with the same ones."""
        return parameters_of(self)

    def __repr__(self) -> str:
        """The class and its plain settings."""
        plain = {
            k: v for k, v in vars(self).items() if isinstance(v, int | float | str) and not k.startswith("_")
        }
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in sorted(plain.items()))})"
