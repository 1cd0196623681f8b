"""Search spaces: named categorical choices, a validity rule, and a function from choices to a graph."""

import hashlib
import itertools
import json
import math
import operator
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from types import MappingProxyType
from typing import Any, ClassVar, Protocol, Self

import numpy as np
import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.arrays import CellArrays, stack
from archrank.errors import InvalidArchitecture, ParseError, SpaceError, UnknownName
from archrank.fingerprints import check_made_by, fingerprint_of, refuses_others
from archrank.graph import Graph
from archrank.system.arguments import checked_whole
from archrank.system.foreign import in_one_line, shown
from archrank.system.mapping_texts import parse_json_object

__all__ = ["Choice", "Rows", "SearchSpace"]

Rows = npt.NDArray[np.int16]
"""Option indices, one architecture a row: (B, number of choices)."""

ENUMERABLE = 20_000_000
"""Spaces with more encodings than this are sampled, never listed."""

_SAMPLING_TRIES, _LARGE_TRIES = 200, 20_000
"""Random rows before a space is listed instead, and before valid ones count as too rare in a space too large for that:
where one in a thousand is valid, all of 20,000 fail once in 500 million draws."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One categorical choice of a space.

    Attributes:
        name: What is chosen, e.g. ``"0→1"``.
        options: The names of the options.
    """

    name: str
    options: tuple[str, ...]


class Suggests(Protocol):
    """The part of an Optuna trial that a space needs."""

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """Return one of ``choices`` for the parameter ``name``."""


class SearchSpace(ABC):
    """A search space: a subclass names the choices and defines their graph, and everything else works.

    A subclass sets ``name``, ``choices`` and ``operations`` and implements :meth:`graph`. It may refuse some rows
    (:meth:`is_valid`), choose one of several rows that denote the same architecture (:meth:`canonical`), define
    semantic rules (:meth:`function`), and have a text form of its own (:meth:`format`, :meth:`parse`).

    Every architecture that a space returns is valid and canonical.
    """

    name: str
    """The space's name, as on the command line."""
    choices: tuple[Choice, ...]
    """The categorical choices, in the order of an architecture's row."""
    operations: tuple[str, ...]
    """The K operation kinds that may stand on a site of this space's graphs."""
    attributes: Mapping[str, Mapping[str, float]] = MappingProxyType({})
    """Numbers that describe operations, by operation and name, such as ``{"e6 k5 se": {"expansion": 6, "kernel": 5,
    "se": 1}}``, so that predictors see what operations have in common; none need be given."""
    cell_names: tuple[str, ...] = ()
    """What the C cells of a graph are called in drawings, where there are several."""
    summary: ClassVar[str] = ""
    """One line for lists."""
    conditional: ClassVar[bool] = False
    """Whether choices depend on each other, so that an architecture has only some of them; see ``OpenSpace``."""
    by_function: ClassVar[bool] = False
    """Whether architectures with equal function keys are one architecture, so that a search evaluates one of them."""

    def __init_subclass__(cls, **keywords: Any) -> None:
        """Let what a subclass defines refuse architectures of an earlier version of the space."""
        super().__init_subclass__(**keywords)
        for name in ("graph", "function", "format", "known_values"):
            if name in cls.__dict__:
                setattr(cls, name, refuses_others(cls.__dict__[name]))

    @abstractmethod
    def graph(self, architecture: Architecture) -> Graph:
        """Lower an architecture to the graph that it computes.

        Args:
            architecture: An architecture of this space, canonical or not.
        """

    def arrays(self, rows: Rows) -> tuple[CellArrays, ...]:
        """Lower many architectures at once; a large space overrides it with something quicker than graph by graph.

        Args:
            rows: Option indices, canonical: (B, number of choices).

        Returns:
            The same graphs as :meth:`graph` gives, as arrays: one set for each of the C cells.
        """
        return stack([self.graph(a) for a in self.architectures(rows)], self.operations)

    def function(self, architecture: Architecture) -> Graph:
        """The graph after the space's semantic rules: equal keys mean that the same function is computed."""
        return self.graph(architecture)

    def function_arrays(self, rows: Rows) -> tuple[CellArrays, ...]:
        """Lower many architectures to their functions at once.

        Args:
            rows: Option indices, canonical: (B, number of choices).

        Returns:
            The same graphs as :meth:`function` gives, as arrays: one set for each of the C cells.
        """
        if type(self).function is SearchSpace.function:
            return self.arrays(rows)
        return stack([self.function(a) for a in self.architectures(rows)], self.operations)

    def known_values(self, architecture: Architecture) -> Mapping[str, float]:
        """What is known of an architecture without evaluating it, by name, such as ``parameters``; here nothing.

        A search with bounds on these values proposes only architectures that satisfy them. The names are the same for
        every architecture.
        """
        return {}

    measured_names: ClassVar[frozenset[str]] = frozenset()
    """The names of values that the space measures itself when a search needs them, such as ``latency_ms``."""

    def measure(self, architecture: Architecture) -> Mapping[str, float]:
        """Measure the values of :attr:`measured_names`, which is too slow for what is not evaluated; here nothing.

        A search that needs one measures it before an evaluation, and skips the evaluation if a bound is violated.
        """
        return {}

    def is_valid(self, choices: tuple[int, ...]) -> bool:
        """Whether a row of option indices is an architecture of the space."""
        return True

    def canonical(self, choices: tuple[int, ...]) -> tuple[int, ...]:
        """The one row that represents all rows that denote the same architecture as this one."""
        return choices

    def format(self, architecture: Architecture) -> str:
        """The text form of an architecture; :meth:`parse` reads it back."""
        return json.dumps(self.options(architecture), ensure_ascii=False)

    def parse(self, text: str) -> Architecture:
        """Read an architecture from its text form.

        Raises:
            ParseError: The text is not an architecture of this space; the message says where and why.
        """
        record = parse_json_object(text, self.name)
        expected = [choice.name for choice in self.choices]
        if missing := [name for name in expected if name not in record]:
            raise ParseError(
                f"{shown(text)}: no value for the choice {missing[0]!r} of the space {self.name}"
            )
        for name in record:
            if name not in expected:
                raise ParseError(f"{shown(text)}: {UnknownName('choice', name, expected)}")
        return self.from_options(record)

    # What follows works for every space.

    def renamed(self, text: str, names: Mapping[str, str]) -> str:
        """The text of an option, or of an architecture, of an earlier version of the space, with the present names.

        Args:
            text: The text.
            names: Present names by earlier ones.
        """
        return names.get(text, text)

    @cached_property
    def known_names(self) -> frozenset[str]:
        """The names of the :meth:`known_values`."""
        if type(self).known_values is SearchSpace.known_values:
            return frozenset()
        (some,) = self.sample(1, np.random.default_rng(0))
        return frozenset(self.known_values(some))

    def option_index(self, place: int, option: object) -> int:
        """The index of an option of the choice at ``place``; raises ParseError with the closest match."""
        choice = self.choices[place]
        if option not in choice.options:
            raise ParseError(str(UnknownName(f"option for {choice.name!r}", str(option), choice.options)))
        return choice.options.index(str(option))

    def options(self, architecture: Architecture) -> dict[str, str]:
        """The chosen option of every choice, by name."""
        check_made_by(self, (architecture,))
        try:
            return {c.name: c.options[i] for c, i in zip(self.choices, architecture.choices, strict=True)}
        except (IndexError, ValueError, TypeError):
            self.architecture(architecture.choices)  # names the choice
            raise

    def architecture(self, choices: Sequence[int]) -> Architecture:
        """The architecture that a row of option indices denotes, with its canonical row.

        Raises:
            InvalidArchitecture: The wrong number of choices, an index that no option has, or a row that the space's
                validity rule refuses.
        """
        try:
            row = tuple(map(operator.index, choices))
        except TypeError:
            raise InvalidArchitecture(
                f"{shown(choices)} is not a row of option indices; expected {len(self.choices)} whole numbers for the "
                f"space {self.name}; from_options takes options by name, and parse a text"
            ) from None
        if len(row) != len(self.choices):
            raise InvalidArchitecture(
                f"{row}: {len(row)} choices given, but the space {self.name} has {len(self.choices)}"
            )
        for index, choice in zip(row, self.choices, strict=True):
            if not 0 <= index < len(choice.options):
                raise InvalidArchitecture(
                    f"{row}: option {index} of {choice.name!r} does not exist; "
                    f"0 to {len(choice.options) - 1} stand for {', '.join(choice.options)}"
                )
        if not self.is_valid(row):
            raise InvalidArchitecture(f"{row} is not a valid architecture of the space {self.name}")
        return Architecture(self.name, self.canonical(row), self.fingerprint)

    def from_options(self, options: Mapping[Any, Any]) -> Architecture:
        """The architecture with the given options by the names of the choices; other names are ignored.

        Raises:
            ParseError: A choice without an option, or with one that it does not have.
            InvalidArchitecture: A row that the space's validity rule refuses.
        """
        if not isinstance(options, Mapping):
            raise ParseError(
                f"{shown(options)} is a {type(options).__name__}, expected a mapping of the choices of the space "
                f"{self.name} to their options"
            )
        if missing := [choice.name for choice in self.choices if choice.name not in options]:
            raise ParseError(
                f"{shown(dict(options))}: no option for the choice {missing[0]!r} of the space {self.name}"
            )
        return self.architecture([self.option_index(i, options[c.name]) for i, c in enumerate(self.choices)])

    def pack(self, architectures: Sequence[Architecture]) -> Rows:
        """The rows of architectures, as one array: (B, number of choices)."""
        try:
            check_made_by(self, architectures)
            rows = np.array([a.choices for a in architectures], dtype=np.int16)
        except (AttributeError, TypeError):
            raise InvalidArchitecture(
                f"{shown(architectures)}: expected a list of architectures of the space {self.name}"
            ) from None
        return rows.reshape(len(architectures), len(self.choices))

    def architectures(self, rows: Iterable[Sequence[int]] | Rows) -> list[Architecture]:
        """Wrap rows that are already valid, as they stand, such as those of :meth:`rows`."""
        plain = rows.tolist() if isinstance(rows, np.ndarray) else rows
        name, fingerprint = self.name, self.fingerprint
        try:
            return [Architecture(name, tuple(row), fingerprint) for row in plain]
        except TypeError:
            raise InvalidArchitecture(
                f"{shown(rows)}: expected rows of option indices, (B, {len(self.choices)})"
            ) from None

    @property
    def encodings(self) -> int:
        """How many rows of option indices there are, valid or not."""
        return math.prod(len(choice.options) for choice in self.choices)

    def rows(self) -> Rows:
        """All architectures of the space, a row each, sorted: (M, number of choices).

        Raises:
            SpaceError: The space has too many encodings to list.
        """
        return self._rows

    @cached_property
    def _rows(self) -> Rows:
        if self.encodings > ENUMERABLE:
            raise SpaceError(
                f"the space {self.name} has {self.encodings:.3g} encodings, too many to list; "
                f"sample it, or give candidates"
            )
        kept = [row for row in self.all_encodings() if self.is_valid(row) and self.canonical(row) == row]
        if not kept:
            raise SpaceError(f"the space {self.name} has no valid architecture")
        rows = np.array(kept, dtype=np.int16).reshape(len(kept), len(self.choices))
        rows.setflags(write=False)
        return rows

    def all_encodings(self) -> Iterator[tuple[int, ...]]:
        """Every row of option indices, valid or not, in sorted order."""
        return itertools.product(*(range(len(choice.options)) for choice in self.choices))

    def __len__(self) -> int:
        """How many architectures the space has.

        Raises:
            SpaceError: The space has too many encodings to list.
        """
        return len(self._rows)

    def __bool__(self) -> bool:
        """True: a space that is too large to count is a space."""
        return True

    @property
    def size(self) -> int:
        """How many architectures the space has, also where that is more than ``len`` can say."""
        return len(self)

    def sample(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        """Draw ``n`` architectures independently and uniformly, so the same one may come twice.

        Raises:
            SpaceError: Valid architectures are too rare to be hit by chance, and the space is too large to be
                listed; such a space overrides this method. Or what is given is no number or no generator.
        """
        if not isinstance(rng, np.random.Generator):
            raise SpaceError(f"rng is {shown(rng)}, expected numpy.random.default_rng(seed)")
        n = checked_whole("n", n, minimum=0, error=SpaceError)
        return [self._sample_one(rng) for _ in range(n)]

    def _sample_one(self, rng: np.random.Generator) -> Architecture:
        sizes = [len(choice.options) for choice in self.choices]
        tries = _SAMPLING_TRIES if self.encodings <= ENUMERABLE else _LARGE_TRIES
        for _ in range(tries):
            row = tuple(rng.integers(sizes).tolist())
            if self.is_valid(row) and self.canonical(row) == row:
                return Architecture(self.name, row, self.fingerprint)
        if self.encodings > ENUMERABLE:
            raise SpaceError(
                f"none of {tries:,} random rows of the space {self.name} is a valid architecture, and with "
                f"{self.encodings:.3g} encodings it has too many to list: override sample(n, rng) in "
                f"{type(self).__name__} with a method that draws valid architectures, and mutate(architecture, rng) "
                "where a change of one choice rarely gives one"
            )
        rows = self._rows
        return Architecture(self.name, tuple(rows[rng.integers(len(rows))].tolist()), self.fingerprint)

    def neighbors(self, architecture: Architecture) -> list[Architecture]:
        """The other architectures that a change of one choice leads to, each once, in a fixed order."""
        check_made_by(self, (architecture,))
        row = architecture.choices
        found: dict[tuple[int, ...], None] = {}
        for place, choice in enumerate(self.choices):
            for index in range(len(choice.options)):
                changed = (*row[:place], index, *row[place + 1 :])
                if changed != row and self.is_valid(changed):
                    found[self.canonical(changed)] = None
        found.pop(row, None)
        return [Architecture(self.name, other, self.fingerprint) for other in found]

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """A random neighbor; where there is none, a random other architecture.

        It tries the neighbors in random order, so it always ends.

        Raises:
            SpaceError: The space has no other architecture.
        """
        check_made_by(self, (architecture,))
        row = architecture.choices
        # A change is numbered by its choice, then by its option among those that differ from the present one.
        ends = self._ends_of_changes
        for change in rng.permutation(ends[-1] if ends else 0).tolist():
            place = bisect_right(ends, change)
            index = len(self.choices[place].options) - 1 - (ends[place] - change)
            index += index >= row[place]
            changed = (*row[:place], index, *row[place + 1 :])
            if self.is_valid(changed) and (other := self.canonical(changed)) != row:
                return Architecture(self.name, other, self.fingerprint)
        return self._any_other(architecture, rng)

    @cached_property
    def _ends_of_changes(self) -> list[int]:
        """How many changes there are of each choice and those before it: (number of choices,)."""
        return list(itertools.accumulate(len(choice.options) - 1 for choice in self.choices))

    def _any_other(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        for _ in range(_SAMPLING_TRIES):
            (other,) = self.sample(1, rng)
            if other != architecture:
                return other
        rows = self._rows
        others = rows[(rows != np.array(architecture.choices)).any(axis=1)]
        if len(others) == 0:
            raise SpaceError(f"the space {self.name} has a single architecture: nothing to mutate to")
        return Architecture(self.name, tuple(others[rng.integers(len(others))].tolist()), self.fingerprint)

    def evaluator(self, function: Any, builder: Any = None) -> Any:
        """What a search calls with an architecture, from the function that its user gives: the function itself.

        A space of modules builds the network and calls the function with it.

        Args:
            function: The user's function.
            builder: Builds the networks instead of this space, where it is a part of another space.
        """
        return function

    joint: ClassVar[Callable[["SearchSpace", Any], "SearchSpace"] | None] = None
    """What ``&`` makes of a space and hyper-parameters; the module that defines it and their domains sets it."""

    def __and__(self, choices: Any) -> "SearchSpace":
        """The space joined with hyper-parameters, see :class:`archrank.JointSpace`.

        >>> import archrank as ar
        >>> ar.load_benchmark("analog-nasbench").space & {"lr": ar.log(1e-4, 1e-1)}
        <JointSpace 'nas-bench-201 & lr'>
        """
        if SearchSpace.joint is None:  # only what is used was imported
            import_module("archrank.joint_space")
        assert SearchSpace.joint is not None
        return SearchSpace.joint(self, choices)

    def function_key(self, architecture: Architecture) -> Hashable:
        """Equal for architectures that compute the same function by the space's semantic rules."""
        return self.function(architecture).key

    def suggest(self, trial: Suggests) -> Architecture:
        """Ask an Optuna trial for every choice.

        Args:
            trial: An ``optuna.Trial``, or anything with its ``suggest_categorical``.

        Raises:
            InvalidArchitecture: The trial's sampler does not know the space's validity rule and violated it.
        """
        if not callable(getattr(trial, "suggest_categorical", None)):
            raise SpaceError(f"{shown(trial)} is no Optuna trial; call suggest inside of an objective")
        try:
            suggested = {c.name: trial.suggest_categorical(c.name, c.options) for c in self.choices}
        except ValueError as reason:  # of Optuna, about the distributions of earlier trials
            raise SpaceError(
                f"the study has choices of {self.name} with other options: the space was edited since the study began, "
                f"so begin a new study ({in_one_line(reason)})"
            ) from None
        return self.architecture([c.options.index(suggested[c.name]) for c in self.choices])

    @property
    def definition(self) -> list[str]:
        """What defines the space, as lines; if a run is resumed with an edited space, they show what changed."""
        return [
            *(f"{choice.name}: {', '.join(choice.options)}" for choice in self.choices),
            f"operations: {', '.join(self.operations)}",
        ]

    @property
    def fingerprint(self) -> str | None:
        """What architectures of the space carry: it changes when a choice or an option does; see :meth:`digest`.

        None where architectures hold names and values, which mean the same in every version of the space.
        """
        known: tuple[Any, str] | None = self.__dict__.get("_fingerprint")
        if known is None or known[0] is not self.choices:
            choices = self.choices
            known = self.__dict__["_fingerprint"] = (choices, fingerprint_of(choices))
        return known[1]

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that change when a choice, an option or an operation does."""
        text = json.dumps([self.name, [[c.name, *c.options] for c in self.choices], self.operations])
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """The space itself: spaces do not change, and a copy of a predictor should not copy lists and tables."""
        return self

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}: {len(self.choices)} choices>"
