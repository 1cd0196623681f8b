"""The conformance suite of a search space: run :func:`check_space` over your own."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from archrank.architecture import Architecture
from archrank.arrays import CellArrays
from archrank.errors import InvalidArchitecture, ParseError, SpaceError
from archrank.graph import Cell, Graph, Site
from archrank.open_space import OpenSpace
from archrank.space import SearchSpace
from archrank.testing.known_values import check_known_values
from archrank.testing.open_spaces import check_open_space
from archrank.testing.require import require

__all__ = ["check_space"]

LISTED = 200_000
"""Spaces with more encodings than this are checked on samples only."""

GARBAGE = ("", " ", "garbage", "{", "{}", "[]", "null", "-1", '{"no such choice": "none"}', "|none~0|", "∅")


def check_space(space: SearchSpace, *, samples: int = 60, seed: int = 0) -> None:
    """Check that a search space keeps what the rest of archrank relies on.

    One whose choices are learned by building is checked by :func:`~archrank.testing.check_open_space`.

    Args:
        space: The space to check.
        samples: The number of architectures to check closely.
        seed: The seed of the random choices.

    Raises:
        AssertionError: A law does not hold; the message names it and the example.

    >>> from archrank.spaces import NASBench201
    >>> check_space(NASBench201())
    """
    if isinstance(space, OpenSpace):
        check_open_space(space, samples=samples, seed=seed)
        return
    _check_declaration(space)
    listed = space.encodings <= LISTED
    if listed:
        _check_rows(space)
    drawn = _check_sampling(space, samples, np.random.default_rng([seed, 0]), listed)
    _check_refusals(space, drawn[0])
    for architecture in drawn:
        _check_graph(space, architecture)
        _check_text(space, architecture)
        check_known_values(space, architecture)
        _check_suggest(space, architecture)
    for architecture in drawn[: samples // 4]:
        _check_moves(space, architecture, np.random.default_rng([seed, 1]))
    _check_raw_rows(space, samples, np.random.default_rng([seed, 2]))
    _check_identities(space, drawn)
    _check_arrays(space, drawn)


def _check_arrays(space: SearchSpace, drawn: Sequence[Architecture]) -> None:
    arrays = space.arrays(np.array([a.choices for a in drawn], dtype=np.int16))
    for place, architecture in enumerate(drawn):
        cells = tuple(_cell(cell, place, space.operations) for cell in arrays)
        require(
            Graph(cells).key == space.graph(architecture).key,
            f"{space.name}: arrays() and graph() differ for {space.format(architecture)}",
        )


def _cell(arrays: CellArrays, place: int, operations: Sequence[str]) -> Cell:
    """One graph's cell from arrays, its junctions renumbered without the missing ones."""
    there = np.flatnonzero(arrays.present[place]).tolist()
    number = {junction: i for i, junction in enumerate(there)}
    targets = np.broadcast_to(arrays.target, arrays.operation.shape)[place]
    sites = tuple(
        Site(operations[kind], tuple(number[j] for j in sources if j >= 0), number[target])
        for kind, target, sources in zip(
            arrays.operation[place].tolist(), targets.tolist(), arrays.sources[place].tolist(), strict=True
        )
        if kind >= 0
    )
    outputs = tuple(number[j] for j in arrays.outputs[place].tolist() if j >= 0)
    return Cell(arrays.inputs, len(there), sites, outputs)


def _check_declaration(space: SearchSpace) -> None:
    require(isinstance(space.name, str) and bool(space.name), f"{space!r} has no name")
    require(len(space.choices) > 0, f"{space.name} has no choices")
    for what, names in (
        ("choices", [choice.name for choice in space.choices]),
        ("operations", list(space.operations)),
        *((f"options of {choice.name!r}", list(choice.options)) for choice in space.choices),
    ):
        require(len(names) > 0, f"{space.name}: the {what} are empty")
        require(all(isinstance(n, str) and n for n in names), f"{space.name}: the {what} {names} need names")
        repeated = [name for name, count in Counter(names).items() if count > 1]
        require(not repeated, f"{space.name}: among the {what}, {repeated} come more than once")
    require(
        len(space.digest) == 12 and space.digest == space.digest,
        f"{space.name}: the digest {space.digest!r} must be twelve digits that stay the same",
    )


def _check_rows(space: SearchSpace) -> None:
    rows = space.rows()
    require(
        rows.ndim == 2 and rows.shape[1] == len(space.choices),
        f"{space.name}: rows() has shape {rows.shape}, expected (M, {len(space.choices)})",
    )
    for what, size in (("len()", len(space)), ("size", space.size)):
        require(size == len(rows), f"{space.name}: {what} is {size}, but rows() lists {len(rows)}")
    plain = [tuple(row) for row in rows.tolist()]
    require(plain == sorted(set(plain)), f"{space.name}: rows() must be sorted and distinct")
    for row in plain:
        _check_member(space, Architecture(space.name, row), "rows()")


def _check_member(space: SearchSpace, architecture: Architecture, where: str) -> None:
    row = architecture.choices
    what = f"{space.name}: {where} gave {row}"
    require(architecture.space == space.name, f"{what} of the space {architecture.space!r}")
    require(
        isinstance(row, tuple) and all(type(i) is int for i in row), f"{what}, not a tuple of plain integers"
    )
    require(len(row) == len(space.choices), f"{what}, not {len(space.choices)} choices")
    fits = all(0 <= i < len(choice.options) for i, choice in zip(row, space.choices, strict=True))
    require(fits, f"{what}, where an index stands for no option")
    require(space.is_valid(row), f"{what}, which is_valid refuses")
    require(space.canonical(row) == row, f"{what}, which canonical() would write {space.canonical(row)}")


def _check_sampling(
    space: SearchSpace, samples: int, rng: np.random.Generator, listed: bool
) -> list[Architecture]:
    require(space.sample(0, rng) == [], f"{space.name}: sample(0) must be an empty list")
    many = space.sample(1000 if listed else samples, rng)
    for architecture in many:
        _check_member(space, architecture, "sample()")
    again = space.sample(5, np.random.default_rng(7)), space.sample(5, np.random.default_rng(7))
    require(again[0] == again[1], f"{space.name}: sample() must depend on its generator only")
    if listed:
        # A sampler that favours some architectures draws the same one twice more often than chance does.
        equal = sum(count * (count - 1) // 2 for count in Counter(many).values())
        expected = len(many) * (len(many) - 1) / 2 / len(space)
        require(
            equal <= expected + 6 * expected**0.5 + 6,
            f"{space.name}: sample() is not uniform: {equal} equal pairs in {len(many)} draws, "
            f"{expected:.0f} by chance",
        )
    return list(dict.fromkeys(many))[:samples]


def _check_refusals(space: SearchSpace, member: Architecture) -> None:
    row = member.choices
    for bad in (row[:-1], (*row, 0), (-1, *row[1:]), (len(space.choices[0].options), *row[1:])):
        try:
            space.architecture(bad)
        except InvalidArchitecture:
            continue
        raise AssertionError(f"{space.name}: architecture({bad}) must raise InvalidArchitecture")
    for text in GARBAGE:
        try:
            parsed = space.parse(text)
        except ParseError:
            continue
        except Exception as error:
            raise AssertionError(
                f"{space.name}: parse({text!r}) must raise ParseError, not {type(error).__name__}"
            ) from error
        raise AssertionError(f"{space.name}: parse({text!r}) must raise ParseError, but it read {parsed}")


def _check_graph(space: SearchSpace, architecture: Architecture) -> None:
    for method in (space.graph, space.function):
        what = f"{space.name}: {method.__name__}({architecture.choices})"
        graph = method(architecture)
        require(
            isinstance(graph, Graph) and len(graph.cells) > 0, f"{what} must be a Graph of at least one cell"
        )
        require(graph == method(architecture), f"{what} must give the same graph every time")
        require(
            len(space.cell_names) in (0, len(graph.cells)),
            f"{what} has {len(graph.cells)} cells, but cell_names are {space.cell_names}",
        )
        for cell in graph.cells:
            for site in cell.sites:
                require(
                    site.operation in space.operations,
                    f"{what} uses {site.operation!r}, which is not among the operations {space.operations}",
                )


def _check_text(space: SearchSpace, architecture: Architecture) -> None:
    text = space.format(architecture)
    parsed = space.parse(text)
    require(
        parsed == architecture,
        f"{space.name}: format wrote {architecture.choices} as {text!r}, "
        f"and parse read that as {parsed.choices}",
    )


class _FixedTrial:
    """Stands in for an Optuna trial whose sampler suggests one architecture's options."""

    def __init__(self, options: dict[str, str]) -> None:
        self._options = options

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        if self._options[name] not in choices:
            raise AssertionError(f"the option {self._options[name]!r} of {name!r} was not offered: {choices}")
        return self._options[name]


def _check_suggest(space: SearchSpace, architecture: Architecture) -> None:
    suggested = space.suggest(_FixedTrial(space.options(architecture)))
    require(suggested == architecture, f"{space.name}: suggest() made {suggested} of {architecture}")


def _check_moves(space: SearchSpace, architecture: Architecture, rng: np.random.Generator) -> None:
    neighbors = space.neighbors(architecture)
    what = f"{space.name}: neighbors({architecture.choices})"
    require(architecture not in neighbors, f"{what} has the architecture itself")
    require(len(set(neighbors)) == len(neighbors), f"{what} has one twice")
    require(neighbors == space.neighbors(architecture), f"{what} must come in a fixed order")
    for neighbor in neighbors:
        _check_member(space, neighbor, "neighbors()")
    try:
        mutated = [space.mutate(architecture, rng) for _ in range(10)]
    except SpaceError:
        require(len(space) == 1, f"{space.name}: mutate({architecture.choices}) found nothing")
        return
    for other in mutated:
        _check_member(space, other, "mutate()")
        require(other != architecture, f"{space.name}: mutate({architecture.choices}) changed nothing")
        require(
            not neighbors or other in neighbors,
            f"{space.name}: mutate({architecture.choices}) gave {other.choices}, which is no neighbor",
        )


def _check_raw_rows(space: SearchSpace, samples: int, rng: np.random.Generator) -> None:
    """Valid rows that may not be canonical have a graph too, and compute what their canonical row does."""
    sizes = [len(choice.options) for choice in space.choices]
    for _ in range(samples):
        row = tuple(rng.integers(sizes).tolist())
        if not space.is_valid(row):
            continue
        architecture = space.architecture(row)
        _check_member(space, architecture, f"architecture({row})")
        raw = Architecture(space.name, row)
        _check_graph(space, raw)
        require(
            space.function_key(raw) == space.function_key(architecture),
            f"{space.name}: canonical({row}) is {architecture.choices}, which computes another function",
        )


def _check_identities(space: SearchSpace, drawn: list[Architecture]) -> None:
    """Graphs that are equal after relabelling compute the same function."""
    functions: dict[Any, Any] = {}
    for architecture in drawn + [n for a in drawn[:5] for n in space.neighbors(a)]:
        function = space.function_key(architecture)
        first = functions.setdefault(space.graph(architecture).key, function)
        require(
            first == function,
            f"{space.name}: {space.format(architecture)} has the graph of another architecture, "
            "but another function key",
        )
