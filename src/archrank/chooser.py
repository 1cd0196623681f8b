"""What code that builds an architecture asks for its choices."""

from collections.abc import Iterable, Mapping, Set
from typing import Any, Protocol, TypeVar, overload

import numpy as np

from archrank.domains import Domain, Options, Range, Value
from archrank.errors import SpaceError
from archrank.system.foreign import shown

__all__ = ["Answers", "Asked", "Chooser", "Drawn", "Given", "Record"]

T = TypeVar("T")

Asked = dict[str, tuple[Domain, Value]]
"""The choices of one architecture by name, in the order in which they were asked: what was possible, what was taken."""


_MOST = 20_000
"""How many choices one architecture may have."""


class Answers(Protocol):
    """Decides choices."""

    def answer(self, name: str, domain: Domain) -> Value:
        """The value of a choice that was not asked before."""


class Record:
    """The choices that were asked while one architecture was built.

    Args:
        answers: Decides them.

    Attributes:
        asked: The choices so far.
        training: The names of those that are about training only.
        open: Whether more may be asked; the space closes it when the architecture is built.
    """

    def __init__(self, answers: Answers) -> None:
        self.asked: Asked = {}
        self.training: set[str] = set()
        self.open = True
        self._answers = answers
        self._before: Asked = {}

    def again(self, kept: frozenset[str]) -> None:
        """Forget all choices but some, because the rest is built anew; the same questions get the same answers."""
        for name in self.asked.keys() - kept:
            self._before[name] = self.asked.pop(name)
            self.training.discard(name)

    def ask(self, name: str, domain: Domain, training: bool) -> Value:
        """The value of a choice; the same one where it was asked before."""
        if not self.open:
            raise SpaceError(
                f"the choice {name!r} is asked after the network was built; choices belong into the code that builds "
                "it, such as the constructor, not into forward"
            )
        if name in self.asked:
            other, value = self.asked[name]
            if other != domain:
                spelled = str if str(other) != str(domain) else repr
                raise SpaceError(
                    f"the choice {name!r} is asked twice with different options, first {spelled(other)}, then "
                    f"{spelled(domain)}; give the second choice another name, such as with choose.within(…)"
                )
            return value
        if len(self.asked) >= _MOST:
            raise SpaceError(
                f"an architecture asks for more than {_MOST:,} choices, the last one {name!r}: does the code that "
                "builds it ever end?"
            )
        known = self._before.get(name)
        value = self._answers.answer(name, domain) if known is None or known[0] != domain else known[1]
        self.asked[name] = (domain, value)
        if training:
            self.training.add(name)
        return value


class _TrainingRecord(Record):
    """Writes to another record what is about training only.

    Args:
        record: The record.
    """

    def __init__(self, record: Record) -> None:
        super().__init__(record._answers)
        self.asked, self.training = record.asked, record.training
        self._record, self._taken = record, frozenset(record.asked)

    def ask(self, name: str, domain: Domain, training: bool) -> Value:
        """The value of a hyper-parameter."""
        if name in self._taken:
            raise SpaceError(
                f"the hyper-parameter {name!r} has the name of a choice of the architecture; give it another name"
            )
        return self._record.ask(name, domain, training=True)


class Chooser:
    """Asks for the choices of an architecture while it is built, inside ordinary Python.

    Choices that are not reached do not exist in that architecture, so loops, conditions and helper functions
    make conditional choices. A name means the same choice wherever it is asked; :meth:`within` puts the names of a part
    under a path of its own.

    >>> choose = Chooser(Record(Given({"depth": 2, "stage 0/kernel": 3, "stage 1/kernel": 5})))
    >>> [choose.within(f"stage {i}")("kernel", [3, 5]) for i in range(choose.integer("depth", 1, 3))]
    [3, 5]
    """

    def __init__(self, record: Record, prefix: str = "") -> None:
        self._record = record
        self._prefix = prefix

    @overload
    def __call__(
        self, name: str, options: Mapping[str, T], *, ordered: bool | None = None, training: bool = False
    ) -> T: ...

    @overload
    def __call__(
        self, name: str, options: Iterable[T], *, ordered: bool | None = None, training: bool = False
    ) -> T: ...

    def __call__(
        self, name: str, options: Any, *, ordered: bool | None = None, training: bool = False
    ) -> Any:
        """Choose one of several options.

        Args:
            name: The choice's name.
            options: The options: texts, numbers, True, False or None; or a mapping of names to anything, such as
                classes, of which the name is remembered.
            ordered: Whether options next to each other are alike; for None, numbers in order are.
            training: Whether the choice is about training only, such as a batch size, so that networks that differ in
                nothing else are nevertheless two architectures.

        Raises:
            SpaceError: Options that cannot be told apart, or other ones than before under the same name.
        """
        if isinstance(options, str | bytes) or not isinstance(options, Iterable):
            raise SpaceError(
                f"the options of the choice {name!r} are {shown(options)}; expected a list or a mapping"
            )
        if isinstance(options, Set) and not isinstance(options, Mapping):
            raise SpaceError(
                f"the options of the choice {name!r} are a set, which has no order, so a search could not be repeated; "
                "give a list"
            )
        domain = self._domain(name, lambda: Options.of(options, ordered))
        value = self._record.ask(self._named(name), domain, training)
        return options[value] if isinstance(options, Mapping) else value

    def integer(self, name: str, low: int, high: int, *, log: bool = False, training: bool = False) -> int:
        """Choose an integer from ``low`` to ``high``, both included; with ``log``, ratios matter."""
        domain = self._domain(name, lambda: Range(low, high, log, integer=True))
        value = self._record.ask(self._named(name), domain, training)
        return int(value)  # type: ignore[arg-type] # a number

    def number(
        self, name: str, low: float, high: float, *, log: bool = False, training: bool = False
    ) -> float:
        """Choose a number from ``low`` to ``high``; with ``log``, ratios matter."""
        domain = self._domain(name, lambda: Range(low, high, log))
        value = self._record.ask(self._named(name), domain, training)
        return float(value)  # type: ignore[arg-type] # a number

    def of(self, name: str, domain: Domain, *, training: bool = False) -> Value:
        """Choose a value of a domain."""
        return self._record.ask(self._named(name), domain, training)

    def for_training(self) -> "Chooser":
        """A chooser of hyper-parameters: its choices are about training only, and their names must be new."""
        return Chooser(_TrainingRecord(self._record), self._prefix)

    def again(self, kept: frozenset[str]) -> None:
        """Forget all choices but some, because the rest is built anew; the same questions get the same answers."""
        self._record.again(kept)

    @property
    def asked(self) -> frozenset[str]:
        """The full names of all choices that were asked so far."""
        return frozenset(self._record.asked)

    def within(self, part: str) -> "Chooser":
        """A chooser whose names stand under ``part``: ``kernel`` becomes ``part/kernel``."""
        return Chooser(self._record, f"{self._named(part)}/")

    def _named(self, name: object) -> str:
        if not isinstance(name, str) or not name.strip():
            raise SpaceError(f"a choice or part is named {shown(name)}; expected a text that is not empty")
        return self._prefix + name

    @staticmethod
    def _domain(name: str, make: Any) -> Domain:
        try:
            domain: Domain = make()
        except SpaceError as error:
            raise SpaceError(f"the choice {name!r}: {error}") from None
        return domain


class Given:
    """Answers with given values.

    Args:
        values: Values by the names of choices; further ones are not looked at.
        rng: Draws the values of choices that have none or an impossible one.
        first: Whether such choices take their first value. With neither, they are refused.
    """

    def __init__(
        self, values: Mapping[str, object], rng: np.random.Generator | None = None, *, first: bool = False
    ) -> None:
        self._values = values
        self._rng = rng
        self._first = first

    def answer(self, name: str, domain: Domain) -> Value:
        """The given value.

        Raises:
            SpaceError: None is given, or one that is not possible.
        """
        replaced = self._rng is not None or self._first
        if name in self._values:
            try:
                return domain.read(self._values[name])
            except SpaceError as error:
                if not replaced:
                    raise SpaceError(f"the choice {name!r}: {error}") from None
        elif not replaced:
            raise SpaceError(f"no value for the choice {name!r}; it takes {domain}")
        if self._rng is not None:
            return domain.draw(self._rng)
        return domain.values[0] if isinstance(domain, Options) else domain.read(domain.low)


class Drawn:
    """Answers with values drawn uniformly, each choice when it is asked."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def answer(self, name: str, domain: Domain) -> Value:
        """A drawn value."""
        return domain.draw(self._rng)
