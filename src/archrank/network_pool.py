"""A pool of given networks as a space: nothing but its members, each with its graph."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.chooser import Chooser
from archrank.domains import Domain, Options, Range, Value
from archrank.errors import ParseError, SpaceError, UnknownName
from archrank.graph import Graph
from archrank.open_space import OpenSpace
from archrank.space import Suggests
from archrank.system.foreign import bounded, shown

__all__ = ["NetworkPool"]

_NETWORK = "network"

_WIDE = 100.0
"""From this ratio of the largest to the smallest on, positive numbers are looked at as logarithms."""


class NetworkPool(OpenSpace):
    """Networks without a space around them, by name; what predictors see are their graphs and further inputs.

    Args:
        graphs: The networks' graphs by name.
        inputs: Further values of each network by column, such as a training recipe or a learning rate: texts or
            numbers, one for each network in the order of ``graphs``. None stands for a missing one.
        name: The space's name.

    Raises:
        SpaceError: No network, or inputs that do not fit.

    >>> from archrank.graph import Cell, Node
    >>> chains = [Graph((Cell(1, 2, (Node(kind, (0,), 1),), (1,)),)) for kind in ("conv", "pool")]
    >>> pool = NetworkPool({"a": chains[0], "b": chains[1]}, {"epochs": [10, 20]})
    >>> pool.options(pool.parse("b"))
    {'network': 'b', 'epochs': 20.0}
    """

    identifiers = frozenset((_NETWORK,))
    by_function = False

    def __init__(
        self,
        graphs: Mapping[str, Graph],
        inputs: Mapping[str, Sequence[Any]] | None = None,
        name: str = "networks",
    ) -> None:
        super().__init__(name)
        if not graphs:
            raise SpaceError("no network was given")
        self._members = dict(graphs)
        self._options = Options(tuple(graphs))
        columns = {column: _column(column, values, len(graphs)) for column, values in (inputs or {}).items()}
        self._inputs = {column: domain for column, (domain, _) in columns.items()}
        self._values: dict[str, dict[str, Value]] = {
            member: {c: values[i] for c, (_, values) in columns.items() if values[i] is not None}
            for i, member in enumerate(graphs)
        }

    @property
    def source(self) -> str:
        """The names of the networks."""
        return "\n".join([*self._members, *self._inputs])

    def member(self, name: str) -> Architecture:
        """The network of a name."""
        if name not in self._members:
            raise ParseError(str(UnknownName("network", bounded(name, 200), self._members)))
        return Architecture(self.name, ((_NETWORK, name), *self._values[name].items()))

    def graph(self, architecture: Architecture) -> Graph:
        """The graph of a network."""
        return self._members[architecture.choices[0][1]]

    def function_key(self, architecture: Architecture) -> Any:
        """Equal for networks with equal graphs and equal further inputs."""
        return self.graph(architecture).key, architecture.choices[1:]

    def construct(self, choose: Chooser) -> Any:
        """Refused: its networks are given."""
        raise SpaceError(f"the pool {self.name} builds no networks: it holds those that were given")

    def domains(self, architecture: Architecture) -> dict[str, Domain]:
        """The names of all networks, and the values of the inputs."""
        every: dict[str, Domain] = {_NETWORK: self._options, **self._inputs}
        return {name: every[name] for name, _ in architecture.choices}

    def parse(self, text: str) -> Architecture:
        """A network by its name."""
        return self.member(text)

    def format(self, architecture: Architecture) -> str:
        """The name of a network."""
        return str(architecture.choices[0][1])

    def suggest(self, trial: Suggests) -> Architecture:
        """Ask an Optuna trial for the name of a network."""
        return self.member(str(trial.suggest_categorical(_NETWORK, self._options.values)))

    def _read(self, values: Mapping[Any, Any]) -> Architecture:
        return self.member(str(values.get(_NETWORK)))

    def rows(self) -> npt.NDArray[Any]:
        """All networks: (M,)."""
        return self.pack([self.member(name) for name in self._members])

    @property
    def encodings(self) -> int:
        """How many networks there are."""
        return len(self._members)

    @property
    def size(self) -> int:
        """How many networks there are."""
        return len(self._members)

    def sample(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        """Draw ``n`` networks, uniformly."""
        names = list(self._members)
        return [self.member(names[i]) for i in rng.integers(len(names), size=n)]

    def neighbors(self, architecture: Architecture) -> list[Architecture]:
        """All others."""
        return [other for other in self.rows() if other != architecture]

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """Any other.

        Raises:
            SpaceError: There is no other.
        """
        others = self.neighbors(architecture)
        if not others:
            raise SpaceError(f"the pool {self.name} has a single network: nothing to mutate to")
        return others[int(rng.integers(len(others)))]


def _column(name: str, values: Sequence[Any], count: int) -> tuple[Domain, list[Value]]:
    """The values of an input, and what it may be."""
    found = [None if _is_missing(value) else value for value in values]
    if len(found) != count:
        raise SpaceError(f"the input {name!r} has {len(found)} values for {count} networks")
    given = [value for value in found if value is not None]
    if not given:
        raise SpaceError(f"the input {name!r} has no value at all: leave it out")
    if all(isinstance(value, int | float | np.number) and not isinstance(value, bool) for value in given):
        numbers = [None if value is None else float(value) for value in found]
        some = [number for number in numbers if number is not None]
        if not all(map(math.isfinite, some)):
            raise SpaceError(f"the input {name!r} holds a number that is not finite")
        low, high = min(some), max(some)
        return Range(low, high, log=low > 0 and high / low >= _WIDE), [*numbers]
    if not all(isinstance(value, str | bool) for value in given):
        odd = next(value for value in given if not isinstance(value, str | bool))
        raise SpaceError(f"the input {name!r} holds {shown(odd)} beside texts; give all texts or all numbers")
    return Options(tuple(dict.fromkeys(map(str, given)))), [None if v is None else str(v) for v in found]


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))
