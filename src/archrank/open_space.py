"""Spaces whose choices are learned by building architectures: choices may depend on each other."""

import json
import math
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.chooser import Answers, Chooser, Drawn, Given, Record
from archrank.domains import Domain, Options, Value
from archrank.errors import InvalidArchitecture, ParseError, SpaceError, UnknownName
from archrank.network_features import network_features
from archrank.space import SearchSpace, Suggests
from archrank.system.foreign import bounded, in_one_line, shown
from archrank.system.mapping_texts import parse_json_object

__all__ = ["OpenSpace", "Suggested"]

_TRIES, _DRAWS = 200, 5_000
"""Changes before others are tried, and draws before valid architectures count as too rare: where one in 128 is valid,
all fail once in 10¹⁷ draws."""

_KEPT = 50_000
"""Architectures whose choices are remembered."""

_LISTED = 20_000
"""Spaces with up to this many architectures can be listed."""


class OpenSpace(SearchSpace):
    """A search space whose architectures are ordered mappings of their active choices to values.

    Its choices are the calls of a chooser while an architecture is built: options, integers or numbers, and only those
    that are reached. So there is no fixed row of option indices: :attr:`Architecture.choices` holds pairs of name and
    value, and :meth:`~archrank.SearchSpace.pack` returns an array of architectures.

    Sampling draws every choice uniformly when it is reached, which is not uniform over architectures. A mutation
    changes one active choice, keeps the values of all others that are still active, and draws the newly active
    ones.

    A subclass sets ``name`` and implements :meth:`construct`, :meth:`graph` and ``source``.
    """

    choices = ()
    operations: tuple[str, ...] = ()
    conditional = True
    identifiers: ClassVar[frozenset[str]] = frozenset()
    """Choices that only name an architecture, which predictors do not look at."""
    canonicalized: frozenset[str] = frozenset()
    """Choices of which several values may denote the same, so that one step may change several of them."""
    by_function = True
    has_choices: ClassVar[bool] = True
    """Whether an architecture without a choice is a mistake."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._domains: dict[str, Domain] = {}  # of all choices met so far: no part of the space's identity
        self._records: dict[Architecture, Record] = {}
        self._listed: npt.NDArray[Any] | None = None

    @abstractmethod
    def construct(self, choose: Chooser) -> Any:
        """Build one architecture, and call the chooser for its choices.

        The same values of the choices must lead to the same architecture and the same calls.

        Raises:
            InvalidArchitecture: What was chosen does not fit together.
        """

    @property
    @abstractmethod
    def source(self) -> str:
        """The text that defines the space, such as code: part of its identity."""

    def check(self, architecture: Architecture, built: Any) -> None:
        """Check what was built.

        Raises:
            InvalidArchitecture: It cannot be used.
        """

    # Architectures.

    def built(self, answers: Answers) -> tuple[Architecture, Any]:
        """Build an architecture by given answers.

        Returns:
            It, and what :meth:`construct` returned.

        Raises:
            InvalidArchitecture: What was chosen does not fit together.
            SpaceError: A choice that is asked in two ways.
        """
        record = Record(answers)
        result = self.construct(Chooser(record))
        record.open = False
        if not record.asked and self.has_choices:
            raise SpaceError(
                f"the space {self.name} asks for no choice while an architecture is built, so it has a single one; "
                "a network asks for its choices in its constructor, not in forward"
            )
        for name, (domain, _) in record.asked.items():
            if self._domains.setdefault(name, domain) != domain:
                raise SpaceError(
                    f"the choice {name!r} has different options in different architectures: {self._domains[name]} and "
                    f"{domain}; give them different names"
                )
        architecture = Architecture(self.name, tuple((n, v) for n, (_, v) in record.asked.items()))
        if len(self._records) >= _KEPT:
            self._records.clear()
        self._records[architecture] = record
        return architecture, result

    def domains(self, architecture: Architecture) -> dict[str, Domain]:
        """The possible values of every active choice, by name."""
        return {name: domain for name, (domain, _) in self._record(architecture).asked.items()}

    def options(self, architecture: Architecture) -> dict[str, Any]:
        """The value of every active choice, by name, in the order in which they are asked."""
        return dict(architecture.choices)

    def from_options(self, options: Mapping[Any, Any]) -> Architecture:
        """The architecture with given values; values of choices that are not active are not looked at.

        Raises:
            ParseError: A choice without a value, or with one that it cannot take.
            InvalidArchitecture: What was chosen does not fit together.
        """
        if not isinstance(options, Mapping):
            raise ParseError(
                f"{shown(options)} is a {type(options).__name__}, expected a mapping of the choices of the space "
                f"{self.name} to their values"
            )
        return self._read(options)

    def architecture(self, choices: Any) -> Architecture:
        """The architecture with the given choices: a mapping of names to values, or pairs of them."""
        try:
            values = dict(choices)
        except (TypeError, ValueError):
            raise InvalidArchitecture(
                f"{bounded(repr(choices), 200)}: the space {self.name} has no rows of option indices; give the values "
                "of its choices by name"
            ) from None
        return self._read(values)

    def format(self, architecture: Architecture) -> str:
        """The choices as a JSON object."""
        return json.dumps(dict(architecture.choices), ensure_ascii=False)

    def parse(self, text: str) -> Architecture:
        """Read an architecture from a JSON object of its choices; see :meth:`SearchSpace.parse`."""
        record = parse_json_object(text, self.name)
        architecture = self._read(record)
        active = self.options(architecture)
        for name in record:
            if name not in active:
                raise ParseError(
                    f"{bounded(text, 200)!r}: {UnknownName('choice', bounded(name, 200), active)} (choices that are "
                    "active with the values of the others)"
                )
        return architecture

    def architectures(self, rows: Iterable[Any]) -> list[Architecture]:
        """The architectures of an array of :meth:`pack`."""
        return list(rows)

    def pack(self, architectures: Sequence[Architecture]) -> npt.NDArray[Any]:
        """Architectures as an array of objects: (B,)."""
        packed = np.empty(len(architectures), dtype=object)
        packed[:] = architectures
        return packed

    # What a search needs.

    def sample(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        """Draw ``n`` architectures, every choice uniformly when it is reached: not uniform over architectures.

        Raises:
            SpaceError: Hardly anything that is drawn is valid.
        """
        return [self._drawn(rng) for _ in range(n)]

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """Change one active choice, keep every other value that is still possible, draw what is newly active.

        Raises:
            SpaceError: The space has no other architecture.
        """
        values = dict(architecture.choices)
        free = [(name, domain) for name, domain in self.domains(architecture).items() if domain.size != 1]
        for _ in range(_TRIES if free else 0):
            name, domain = free[int(rng.integers(len(free)))]
            changed = values | {name: domain.mutated(values[name], rng)}
            try:
                other, _ = self._checked(Given(changed, rng))
            except InvalidArchitecture:
                continue
            if other != architecture:
                return other
        for _ in range(_TRIES):
            (other,) = self.sample(1, rng)
            if other != architecture:
                return other
        raise SpaceError(f"the space {self.name} has a single valid architecture: nothing to mutate to")

    def neighbors(self, architecture: Architecture) -> list[Architecture]:
        """The valid architectures with one choice changed, in a fixed order.

        Newly active choices take their first value. Of a number, the values a tenth of its range below and above.
        """
        values = dict(architecture.choices)
        found: dict[Architecture, None] = {}
        for name, domain in self.domains(architecture).items():
            for other in domain.others(values[name]):
                try:
                    changed, _ = self._checked(Given(values | {name: other}, first=True))
                except InvalidArchitecture:
                    continue
                found[changed] = None
        found.pop(architecture, None)
        return list(found)

    def function_key(self, architecture: Architecture) -> Any:
        """Equal for architectures with equal graphs whose choices about training are equal too."""
        return self.function(architecture).key, self._about(architecture, training=True)

    def network_key(self, architecture: Architecture) -> Any:
        """Equal for architectures whose choices differ in those about training only: they have one network."""
        return self._about(architecture, training=False)

    def _about(self, architecture: Architecture, training: bool) -> tuple[tuple[str, Value], ...]:
        """The choices that are about training only, or the others."""
        silent = self._record(architecture).training
        return tuple((name, value) for name, value in architecture.choices if (name in silent) == training)

    def features(self, architecture: Architecture) -> dict[str, float]:
        """What predictors see of an architecture: its active choices and its network, as numbers by name.

        A choice whose options are in order, or a number, is one feature; another one has a feature for each option.
        """
        found: dict[str, float] = {}
        domains = self.domains(architecture)
        for name, value in architecture.choices:
            if name in self.identifiers:
                continue
            found[f"{name} is active"] = 1.0
            numbers = zip(domains[name].feature_names(), domains[name].features(value), strict=True)
            found |= {f"{name}{suffix}": number for suffix, number in numbers}
        return found | network_features(self.function(architecture))

    def prepare(self, architectures: Sequence[Architecture]) -> None:
        """Work out what :meth:`features` will give for many, where that is faster than one at a time."""

    def suggest(self, trial: Suggests) -> Architecture:
        """Ask an Optuna trial for every choice that is reached."""
        if not callable(getattr(trial, "suggest_categorical", None)):
            raise SpaceError(f"{shown(trial)} is no Optuna trial; call suggest inside of an objective")
        return self._checked(Suggested(trial))[0]

    # How large it is.

    @property
    def encodings(self) -> Any:
        """Infinity: unknown until they are listed."""
        return math.inf

    @property
    def size(self) -> Any:
        """None: unknown until they are listed."""
        return None

    def __len__(self) -> int:
        """How many architectures there are.

        Raises:
            SpaceError: Too many to list.
        """
        return len(self.rows())

    def rows(self) -> Any:
        """All valid architectures, by trying all values of all choices: (M,).

        Raises:
            SpaceError: There are too many to list.
        """
        if self._listed is None:
            found: list[Architecture] = []
            for count, architecture in enumerate(self._walk()):
                if count >= _LISTED:
                    raise SpaceError(
                        f"the space {self.name} has more than {_LISTED} architectures, too many to list; sample it, "
                        "or give candidates"
                    )
                if architecture is not None:
                    found.append(architecture)
            self._listed = self.pack(list(dict.fromkeys(found)))
        return self._listed

    def all_encodings(self) -> Iterator[Any]:
        """The choices of every architecture, see :meth:`rows`."""
        return (architecture.choices for architecture in self.rows())

    @property
    def definition(self) -> list[str]:
        """The lines of the source."""
        return self.source.splitlines()

    @property
    def fingerprint(self) -> str | None:
        """None: architectures hold the names of choices and their values."""
        return None

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that change when the source does."""
        return sha256(json.dumps([self.name, self.source]).encode()).hexdigest()[:12]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

    def __getstate__(self) -> dict[str, Any]:
        """What defines the space, without what was found out about it."""
        return self.__dict__ | {"_domains": {}, "_records": {}, "_listed": None}

    # Inside.

    def _record(self, architecture: Architecture) -> Record:
        """The choices that were asked for an architecture."""
        if architecture not in self._records:
            again, _ = self.built(Given(dict(architecture.choices)))
            if again != architecture:
                raise SpaceError(
                    f"the space {self.name} asks for other choices than before: {self.format(again)} instead of "
                    f"{self.format(architecture)}; the code that builds an architecture must not be random"
                )
        return self._records[architecture]

    def _checked(self, answers: Answers) -> tuple[Architecture, Any]:
        architecture, result = self.built(answers)
        self.check(architecture, result)
        return architecture, result

    def _drawn(self, rng: np.random.Generator) -> Architecture:
        reason = ""
        for _ in range(_DRAWS):
            try:
                return self._checked(Drawn(rng))[0]
            except InvalidArchitecture as error:
                reason = str(error)
        raise SpaceError(
            f"none of {_DRAWS:,} architectures drawn from the space {self.name} is valid, the last one because: "
            f"{reason}"
        )

    def _read(self, values: Mapping[Any, Any]) -> Architecture:
        try:
            return self._checked(Given(values))[0]
        except SpaceError as error:
            raise ParseError(
                f"{bounded(repr(dict(values)), 200)} is no architecture of {self.name}: {error}"
            ) from None

    def _walk(self) -> Iterator[Architecture | None]:
        """Every combination of values of the choices in turn, None for those that are not valid."""
        path: list[int] = []
        while True:
            walk = _Walk(path)
            try:
                yield self._checked(walk)[0]
            except InvalidArchitecture:
                yield None
            # The last choice that has another value takes it; those after it begin anew.
            while walk.path and walk.path[-1] + 1 == walk.sizes[len(walk.path) - 1]:
                walk.path.pop()
            if not walk.path:
                return
            walk.path[-1] += 1
            path = walk.path


class _Walk:
    """Answers with the values at given places, then with first ones, and remembers where it went."""

    def __init__(self, path: list[int]) -> None:
        self.path = path
        self.sizes: list[int] = []

    def answer(self, name: str, domain: Domain) -> Value:
        if domain.size is None:
            raise SpaceError(
                f"the choice {name!r} is continuous, so the architectures cannot be listed; sample the space, or give "
                "candidates"
            )
        at = len(self.sizes)
        self.sizes.append(domain.size)
        if at == len(self.path):
            self.path.append(0)
        return (
            domain.values[self.path[at]] if isinstance(domain, Options) else int(domain.low) + self.path[at]
        )


class Suggested:
    """Answers with what an Optuna trial suggests."""

    def __init__(self, trial: Suggests) -> None:
        self._trial: Any = trial

    def answer(self, name: str, domain: Domain) -> Value:
        """The suggested value.

        Raises:
            SpaceError: The study has the choice with other values.
        """
        try:
            return self._suggested(name, domain)
        except ValueError as reason:  # of Optuna, about the distributions of earlier trials
            raise SpaceError(
                f"the study has the choice {name!r} with other values than {domain}: the space was edited since the "
                f"study began, so begin a new study ({in_one_line(reason)})"
            ) from None

    def _suggested(self, name: str, domain: Domain) -> Value:
        if isinstance(domain, Options):
            found: Value = self._trial.suggest_categorical(name, domain.values)
        elif domain.integer:
            found = int(self._trial.suggest_int(name, int(domain.low), int(domain.high), log=domain.log))
        else:
            found = float(self._trial.suggest_float(name, domain.low, domain.high, log=domain.log))
        return found
