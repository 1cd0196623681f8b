"""The text forms of NAS-Bench-101's cells: official records, and what papers, logs and programs print."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from archrank.errors import ParseError, UnknownName
from archrank.system.foreign import shown
from archrank.system.literals import LONGEST, Call, read_printed
from archrank.system.mapping_texts import parse_json_object

__all__ = ["KEYS", "OPERATIONS", "checked_labels", "checked_sources", "hash_in", "matrix_and_operations"]

OPERATIONS = ("conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3")
"""In the order of the benchmark's own labels."""

KEYS = ("module_adjacency", "module_operations")
ALIASES = {"matrix": KEYS[0], "adjacency": KEYS[0], "ops": KEYS[1], "operations": KEYS[1]}
"""What programs call the same."""

BESIDE = ("trainable_parameters", "data_format")
"""What the official records, or a ModelSpec, hold beside the cell."""

CONSTANTS = {
    "INPUT": "input",
    "OUTPUT": "output",
    "CONV3X3": OPERATIONS[0],
    "CONV1X1": OPERATIONS[1],
    "MAXPOOL3X3": OPERATIONS[2],
}
"""The names by which the authors' example writes the operations."""

_HASH = re.compile(r"""[\s'"\[]*([0-9a-f]{32})[\s'"\]]*""")


def hash_in(text: str) -> str | None:
    """The official hash of a cell that is all that a text holds, or None."""
    found = _HASH.fullmatch(text)
    return None if found is None else found[1]


def matrix_and_operations(text: str, space: str) -> tuple[Any, Any]:
    """The adjacency matrix and the operations of a text, neither checked yet.

    Args:
        text: An official record, or what :meth:`~archrank.spaces.NASBench101.parse` takes beside it.
        space: The space's name, for messages.

    Raises:
        ParseError: The text holds no such two, or something else beside them.
    """
    fields: dict[str, Any] = {}
    for key, value in _record(text, space).items():
        name = ALIASES.get(key, key)
        if name in fields:
            raise ParseError(f"{shown(text)}: {name!r} is there twice, as {key!r} too")
        fields[name] = value
        if name not in (*KEYS, *BESIDE) and value is not None:
            raise ParseError(f"{shown(text)}: {UnknownName('key', key, KEYS)}")
    if missing := [key for key in KEYS if key not in fields]:
        raise ParseError(f"{shown(text)}: {missing[0]!r} is missing")
    return fields[KEYS[0]], fields[KEYS[1]]


def _record(text: str, space: str) -> Mapping[str, Any]:
    if text.startswith("{") and '"' in text:
        with suppress(ParseError):  # the quickest way to read what most tables hold
            return parse_json_object(text[: LONGEST + 1], space)
    try:
        value = read_printed(text, "ModelSpec", CONSTANTS, (*KEYS, *ALIASES))
    except ParseError as error:
        raise ParseError(f"{shown(text)} is not an architecture of {space}: {error}") from None
    if isinstance(value, Call):
        if len(value.args) <= len(KEYS) and not {*KEYS[: len(value.args)]} & {*value.named}:
            return {**dict(zip(KEYS, value.args, strict=False)), **value.named}
    elif isinstance(value, dict):
        return value
    elif isinstance(value, list | tuple) and len(value) == len(KEYS):
        return dict(zip(KEYS, value, strict=True))
    raise ParseError(
        f"{shown(text)} is not an architecture of {space}: expected a JSON object in braces, with "
        f"{' and '.join(map(repr, KEYS))}"
    )


def checked_sources(adjacency: Any) -> list[int]:
    """For each vertex of an adjacency matrix the bit mask of those that it reads."""
    adjacency = _plain(adjacency)
    if not isinstance(adjacency, Sequence) or isinstance(adjacency, str) or len(adjacency) < 2:
        raise ParseError(f"{KEYS[0]} is {shown(adjacency)}, expected V lists of V numbers, V at least 2")
    size = len(adjacency)
    sources = [0] * size
    for source, line in enumerate(adjacency):
        if not isinstance(line, Sequence) or isinstance(line, str) or len(line) != size:
            raise ParseError(
                f"{KEYS[0]}: row {source} is {shown(line)}, expected {size} numbers as there are rows"
            )
        for target, entry in enumerate(line):
            if not isinstance(entry, int | float) or entry not in (0, 1):
                raise ParseError(
                    f"{KEYS[0]}: row {source}, column {target} is {shown(entry, 60)}, expected 0 or 1"
                )
            if entry and target <= source:
                raise ParseError(
                    f"{KEYS[0]}: row {source}, column {target} is an edge from vertex {source} to vertex {target}; "
                    "edges must lead to later vertices, or there could be a cycle: number the vertices "
                    "in topological order"
                )
            sources[target] |= bool(entry) << source
    return sources


def checked_labels(operations: Any, size: int) -> list[int]:
    """The label of each inner vertex."""
    operations = _plain(operations)
    if not isinstance(operations, Sequence) or isinstance(operations, str) or len(operations) != size:
        raise ParseError(
            f"{KEYS[1]} is {shown(operations)}, expected {size} names, one for each row of {KEYS[0]}"
        )
    for vertex, role in ((0, "input"), (size - 1, "output")):
        if operations[vertex] != role:
            raise ParseError(
                f"{KEYS[1]}: vertex {vertex} is {shown(operations[vertex], 60)}, expected {role!r}: it has no operation"
            )
    labels = []
    for vertex, name in enumerate(operations[1:-1], start=1):
        if name not in OPERATIONS:
            raise ParseError(
                f"{KEYS[1]}: {UnknownName(f'operation of vertex {vertex}', str(name), OPERATIONS)}"
            )
        labels.append(OPERATIONS.index(name))
    return labels


def _plain(values: Any) -> Any:
    """An array as lists; anything else as it is."""
    return values.tolist() if hasattr(values, "tolist") else values
