"""Groups of features: what predictors weigh against each other, and what an explanation is about."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from archrank.arrays import CellArrays
from archrank.attribute_features import Placed, attribute_matrix, place_sums
from archrank.predictors.choice_columns import choice_columns, seen_choices
from archrank.space import Rows, SearchSpace

__all__ = ["Further", "Group", "Grouped", "grouped"]

Floats = npt.NDArray[np.float64]

_OF_GRAPHS = ("graph", "depth")
"""The groups that the Gaussian process has one length for; it learns weights of the others."""

_APART = ("choices", "attributes")

_SHALLOW = 6
"""Features of depth tell this many places apart."""


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Some of the features of architectures.

    Attributes:
        name: What they describe, such as ``"choices"``.
        columns: Their indices: (J,).
        apart: Whether the Gaussian process learns a scale for each of them, rather than one for all.
    """

    name: str
    columns: npt.NDArray[np.intp]
    apart: bool = False


def grouped(names: Sequence[str]) -> tuple[Group, ...]:
    """The groups of features, from the name of the group of each: (F,)."""
    every = np.array(names, dtype=object)
    return tuple(Group(name, np.flatnonzero(every == name), name in _APART) for name in dict.fromkeys(names))


class Grouped:
    """Features in groups.

    Attributes:
        names: The names of the F features.
        groups: Their groups.
    """

    names: tuple[str, ...]
    groups: tuple[Group, ...]

    @property
    def deep(self) -> npt.NDArray[np.bool_]:
        """Which features describe the depth of operations: (F,)."""
        return self._among(group for group in self.groups if group.name == "depth")

    @property
    def beside(self) -> npt.NDArray[np.bool_]:
        """Which features describe something else than graphs: (F,)."""
        return self._among(group for group in self.groups if group.name not in _OF_GRAPHS)

    @property
    def further(self) -> tuple[Group, ...]:
        """The groups of something else than graphs, with the indices of their features among :attr:`beside`."""
        place = np.cumsum(self.beside) - 1
        return tuple(
            Group(group.name, place[group.columns], group.apart)
            for group in self.groups
            if group.name not in _OF_GRAPHS
        )

    def _among(self, groups: Iterable[Group]) -> npt.NDArray[np.bool_]:
        found = np.zeros(len(self.names), dtype=bool)
        for group in groups:
            found[group.columns] = True
        return found


class Further:
    """Features beside those of graphs: choices, attributes of operations, and where on the longest path these are.

    Args:
        space: The space.
        rows: A sample of it: (B, number of choices).
        cells: The functions of the sample.

    Attributes:
        names: The names of the E features.
        groups: The group of each of them: (E,).
        whole: Whether they tell all architectures of different functions apart, because all choices are among them.
    """

    def __init__(self, space: SearchSpace, rows: Rows, cells: Sequence[CellArrays]) -> None:
        self._space = space
        self._seen, self.whole = seen_choices(space)
        self._attributes, self._values = attribute_matrix(space.operations, space.attributes)
        placed = [Placed(cell) for cell in cells]
        self._places = [int(each.place.max()) + 1 if each.place.size else 0 for each in placed]
        self._placed_kinds = not self._attributes and max(self._places, default=0) > _SHALLOW
        self.names, self.groups, _ = self._parts(rows, placed)

    def __call__(self, rows: Rows, cells: Sequence[CellArrays]) -> Floats:
        """The features of B architectures, whose functions are given too: (B, E)."""
        looked_at = cells if self._attributes or self._placed_kinds else ()
        return self._parts(rows, [Placed(cell) for cell in looked_at])[2]

    def _parts(self, rows: Rows, placed: Sequence[Placed]) -> tuple[tuple[str, ...], tuple[str, ...], Floats]:
        names: list[str] = []
        groups: list[str] = []
        parts = [np.empty((len(rows), 0))]
        for index in self._seen:
            choice = self._space.choices[index]
            titles, columns = choice_columns(choice, rows[:, index])
            names += titles
            groups += ["choices"] * len(titles)
            parts.append(columns)
        kinds = self._space.operations
        own = (*self._attributes, "operations") if self._attributes else kinds
        values = np.insert(self._values, len(self._attributes), 1.0, axis=1)
        if self._placed_kinds:
            values = np.eye(len(kinds))
        for number, (each, places) in enumerate(zip(placed, self._places, strict=False)):
            if not (self._attributes or self._placed_kinds):
                break
            cell = f"cell {number}: " if len(self._places) > 1 else ""
            sums = place_sums(each, values, places)
            if self._attributes:
                names += [f"{cell}sum of {name}" for name in own]
                groups += ["attributes"] * len(own)
                parts.append(sums.sum(axis=2))
            names += [f"{cell}{name} at {place}" for name in own for place in range(places)]
            of_all = ["place of operations"] * len(own)
            by_name = [f"place of {name}" for name in own] if self._attributes else of_all
            groups += [group for group in by_name for _ in range(places)]
            parts.append(sums.reshape(len(rows), -1))
        return tuple(names), tuple(groups), np.concatenate(parts, axis=1)
