"""Which choices of a space predictors may see beside its graphs, and as which numbers.

A choice that changes no graph, such as a learning rate, is seen in every space. The others are seen where the space
does not encode one function in several ways. Cells whose junctions may be renumbered are such encodings, and choices
would tell equal architectures apart. Rows that give the same graph, number by number, are not: what they differ in is
not in the graph, so it may matter, such as the stage that a block of a chain belongs to.
"""

from collections.abc import Hashable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from archrank.graph import Graph
from archrank.space import Choice, SearchSpace

__all__ = ["choice_columns", "seen_choices"]

Floats = npt.NDArray[np.float64]
Row = tuple[int, ...]

_DRAWN = 24
"""Random architectures that are looked at."""

_MAX_PROBES = 600

_MAX_CHOICES = 200
"""Of spaces with more choices predictors see the graphs only: trying each choice would take too long."""

_WIDE = 10.0
"""Positive numbers enter as logarithms where the largest is at least this many times the smallest."""


def seen_choices(space: SearchSpace) -> tuple[tuple[int, ...], bool]:
    """Indices of the choices that predictors see, and whether these are all of them.

    Whether two rows encode one function is tried on random architectures, on those that differ from these in one choice
    or in the exchange of two, and on rows that take the same option nearly everywhere, which are most often equal.
    """
    places = range(len(space.choices))
    if len(places) > _MAX_CHOICES:
        return (), False
    silent = [place for place in places if _is_silent(space, place)]
    others = [place for place in places if place not in silent]
    if others and _several_encodings(space, others):
        return tuple(silent), False
    return tuple(places), True


def choice_columns(choice: Choice, indices: npt.NDArray[np.int16]) -> tuple[tuple[str, ...], Floats]:
    """A choice as numbers: one column of numbers or of two options, else a column for each option.

    Args:
        choice: A choice of a space.
        indices: The options of B architectures: (B,).

    Returns:
        The names of the columns, and their values: (B, columns).

    >>> choice_columns(Choice("kernel", ("3", "5", "7")), np.array([0, 2], dtype=np.int16))
    (('kernel',), array([[3.],
           [7.]]))
    """
    numbers = _numbers(choice.options)
    if numbers is not None:
        return (choice.name,), numbers[indices][:, None]
    if len(choice.options) == 2:
        return (f"{choice.name}={choice.options[1]}",), indices[:, None].astype(np.float64)
    names = tuple(f"{choice.name}={option}" for option in choice.options)
    return names, (indices[:, None] == np.arange(len(names))).astype(np.float64)


def _numbers(options: Sequence[str]) -> Floats | None:
    """The numbers that options are; None where one of them is none."""
    try:
        values = np.array([float(option) for option in options])
    except ValueError:
        return None
    if not np.isfinite(values).all():
        return None
    wide = values.min() > 0 and values.max() / values.min() >= _WIDE
    return np.log(values) if wide else values


def _is_silent(space: SearchSpace, place: int) -> bool:
    """Whether a choice of two or more options changes no function of those that are tried."""
    options = len(space.choices[place].options)
    rng = np.random.default_rng(place)
    tried = 0
    for architecture in space.sample(_DRAWN, rng) if options > 1 else ():
        row = architecture.choices
        index = (row[place] + 1 + int(rng.integers(options - 1))) % options
        other = (*row[:place], index, *row[place + 1 :])
        if not space.is_valid(other) or space.canonical(other) != other:
            continue
        if _key(space, row) != _key(space, other):
            return False
        tried += 1
    return tried > 0


def _several_encodings(space: SearchSpace, places: Sequence[int]) -> bool:
    """Whether different graphs of rows that differ at some places are one function, as far as the probes tell."""
    if type(space).canonical is not SearchSpace.canonical:
        return True
    seen: dict[Hashable, tuple[Row, Row]] = {}
    count = 0
    for row in _probes(space, places, np.random.default_rng(0)):
        if count >= _MAX_PROBES:
            break
        if not space.is_valid(row):
            continue
        count += 1
        part = tuple(row[place] for place in places)
        known, at = seen.setdefault(_key(space, row), (part, row))
        if known != part and _graph(space, row) != _graph(space, at):
            return True
    return False


def _probes(space: SearchSpace, places: Sequence[int], rng: np.random.Generator) -> Iterator[Row]:
    drawn = [architecture.choices for architecture in space.sample(_DRAWN, rng)]
    sizes = [len(choice.options) for choice in space.choices]
    for option in range(max(sizes)):
        plain = tuple(option % size for size in sizes)
        yield plain
        for place in rng.permutation(places)[:_DRAWN].tolist():
            yield _changed(plain, place, int(rng.integers(sizes[place])))
            first = _changed(plain, place, int(rng.integers(sizes[place])))
            other = places[int(rng.integers(len(places)))]
            yield _changed(first, other, int(rng.integers(sizes[other])))
    for row in drawn:
        yield row
        for _ in range(_DRAWN):
            place, other = rng.choice(places, 2).tolist()
            if space.choices[place].options == space.choices[other].options:
                yield _changed(_changed(row, place, row[other]), other, row[place])
            yield _changed(row, place, int(rng.integers(sizes[place])))


def _changed(row: Row, place: int, index: int) -> Row:
    return (*row[:place], index, *row[place + 1 :])


def _graph(space: SearchSpace, row: Row) -> Graph:
    (architecture,) = space.architectures([row])
    return space.graph(architecture)


def _key(space: SearchSpace, row: Row) -> Hashable:
    (architecture,) = space.architectures([row])
    return space.function_key(architecture)
