"""The text forms of two-cell architectures: ``Genotype(normal=[('sep_conv_3x3', 0), …], …)``, and its relatives.

Reference: Liu et al., DARTS (ICLR 2019), ``genotypes.py`` of the authors' code.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

from archrank.errors import ParseError, UnknownName
from archrank.system.foreign import shown
from archrank.system.literals import Call, read_printed

__all__ = ["INPUTS", "CellText", "Pair", "format_genotype", "parse_genotype", "plain_genotype"]

INPUTS = 2
"""Nodes 0 and 1 are what the last cell but one and the last cell give."""

CELLS = ("normal", "reduce")
FIELDS = tuple(name for cell in CELLS for name in (cell, f"{cell}_concat"))
NONE = "none"

Pair = tuple[str, int]
"""An operation, and the number of the node that it reads."""


class CellText(NamedTuple):
    """One cell of a genotype.

    Attributes:
        pairs: Two pairs a node, nodes from 2 upwards.
        concat: The nodes whose concatenation leaves the cell, ascending; None where the text does not say.
    """

    pairs: tuple[Pair, ...]
    concat: tuple[int, ...] | None


def format_genotype(cells: Sequence[CellText]) -> str:
    """Write the normal and the reduction cell.

    >>> cell = CellText((("skip_connect", 0), ("sep_conv_3x3", 1)), (2,))
    >>> format_genotype([cell, cell])
    "Genotype(normal=[('skip_connect', 0), ('sep_conv_3x3', 1)], normal_concat=[2],
    reduce=[('skip_connect', 0), ('sep_conv_3x3', 1)], reduce_concat=[2])"
    """
    values = [part for cell in cells for part in (list(cell.pairs), list(cell.concat or ()))]
    return "Genotype(" + ", ".join(f"{n}={v}" for n, v in zip(FIELDS, values, strict=True)) + ")"


def parse_genotype(
    text: str, nodes: int, operations: Sequence[str], numbered: Sequence[str] = ()
) -> list[CellText]:
    """Read the normal and the reduction cell. The text is parsed, and nothing in it is ever run.

    Args:
        text: ``Genotype(normal=[('op', source), …], normal_concat=[…], reduce=[…], reduce_concat=[…])``, as Python,
            JSON or a log write it (see :func:`~archrank.system.literals.read_printed`). The pairs of a node may be a
            list of their own. A concatenation may be missing or None, and so may be any further field. Pairs of the
            operation ``none`` add nothing: they are left out where the text says which pairs are a node's, by lists
            of their own or by a pair for each node that it could read, and two others are left. Without names, two
            lists of pairs ``(source, number)``, the normal cell first, are NASLib's compact form.
        nodes: How many nodes a cell has beside its two inputs.
        operations: The K operations that may be written.
        numbered: The operations that the numbers of the compact form mean; none if it is not read.

    Raises:
        ParseError: Not such a text, a field missing or unknown, the wrong number of pairs, a pair that is none, an
            unknown operation, or a node that reads itself or a later one; the message names the position.
    """
    fields = _fields(text, numbered)
    found = []
    for cell in CELLS:
        pairs = [
            _pair(cell, INPUTS + node, place, item, operations)
            for node, two in enumerate(_by_node(text, cell, fields[cell], nodes))
            for place, item in enumerate(two)
        ]
        concat = fields[f"{cell}_concat"]
        found.append(
            CellText(tuple(pairs), None if concat is None else _concat(f"{cell}_concat", concat, nodes))
        )
    return found


def plain_genotype(nodes: int) -> re.Pattern[str]:
    """The layout that archrank writes, and most logs: a group for the two pairs of each node, all concatenated.

    >>> cell = "=[('skip_connect', 0), ('sep_conv_3x3', 1)]"
    >>> text = f"Genotype(normal{cell}, normal_concat=[2], reduce{cell}, reduce_concat=range(2, 3))"
    >>> plain_genotype(1).fullmatch(text)[1]
    "('skip_connect', 0), ('sep_conv_3x3', 1)"
    """
    pair = r"\('\w+', \d+\)"
    pairs = ", ".join([f"({pair}, {pair})"] * nodes)
    every = ", ".join(map(str, range(INPUTS, INPUTS + nodes)))
    concat = rf"(?:\[{every}\]|range\(2, {INPUTS + nodes}\))"
    cells = ", ".join(rf"{cell}=\[{pairs}\], {cell}_concat={concat}" for cell in CELLS)
    return re.compile(rf"Genotype\({cells}\)")


def _fields(text: str, numbered: Sequence[str]) -> dict[str, Any]:
    """The value of each field; None for a concatenation that is not told."""
    try:
        value = read_printed(text, "Genotype", keys=FIELDS)
    except ParseError as error:
        _refuse(text, str(error))
    given: Mapping[str, Any]
    if isinstance(value, Call):
        if len(value.args) > len(FIELDS):
            _refuse(text, f"{len(value.args)} values without a name")
        given = dict(zip(FIELDS, value.args, strict=False))
        for name, field in value.named.items():
            if name in given:
                _refuse(text, f"{name} is there twice")
            given[name] = field
    elif isinstance(value, dict):
        given = value
    elif isinstance(value, list | tuple) and len(value) == len(CELLS):
        given = dict(zip(CELLS, (_compact(text, cell, numbered) for cell in value), strict=True))
    else:
        _refuse(text, "it is no call of Genotype")
    for name, field in given.items():
        if name not in FIELDS and field is not None:
            raise ParseError(f"{shown(text)}: {UnknownName('field', name, FIELDS)}")
    for cell, other in zip(CELLS, reversed(CELLS), strict=True):
        if given.get(cell) is None:
            _refuse(
                text,
                f"{cell} is missing, and could be the same cell as {other} or none at all: repeat {other} as {cell} if "
                "the same is meant",
            )
    return {name: given.get(name) for name in FIELDS}


def _compact(text: str, cell: Any, numbered: Sequence[str]) -> list[Any]:
    """The pairs of a cell of NASLib's compact form, in the order of a genotype's."""
    if not numbered:
        _refuse(text, "pairs of numbers do not say which operations are meant")
    pairs: list[Any] = []
    for item in cell if isinstance(cell, list | tuple) else [cell]:
        match item:
            case [int(source), int(number)] if 0 <= number < len(numbered):
                pairs.append((numbered[number], source))
            case [str(), int()] | [int(), str()]:
                pairs.append(item)
            case _:
                _refuse(
                    text, f"{shown(item, 60)} is no pair (source, operation from 0 to {len(numbered) - 1})"
                )
    return pairs


def _refuse(text: str, why: str) -> NoReturn:
    raise ParseError(
        f"{shown(text, 80)} is not a genotype: {why}; expected "
        "Genotype(normal=[('operation', source), …], normal_concat=[…], reduce=[…], reduce_concat=[…])"
    ) from None


def _by_node(text: str, cell: str, value: Any, nodes: int) -> list[list[Any]]:
    """The two pairs of each node."""
    if not isinstance(value, list | tuple):
        raise ParseError(f"{cell} is {shown(value, 60)}, expected a list, in {shown(text, 80)}")
    items = list(value)
    every = [INPUTS + node for node in range(nodes)]  # a pair for each node that a node could read
    if items and all(isinstance(i, list | tuple) and i and isinstance(i[0], list | tuple) for i in items):
        lists = [list(item) for item in items]
        if len(lists) != nodes:
            raise ParseError(
                f"{cell} has {len(lists)} lists of pairs, expected {nodes}, one for each node, in {shown(text, 80)}"
            )
    elif len(items) != INPUTS * nodes and len(items) == sum(every):
        starts = [sum(every[:node]) for node in range(nodes)]
        lists = [items[start : start + count] for start, count in zip(starts, every, strict=True)]
    else:
        if len(items) != INPUTS * nodes:
            raise ParseError(
                f"{cell} has {len(items)} pairs, expected {INPUTS * nodes}: two for each of {nodes} nodes, "
                f"in {shown(text, 80)}"
            )
        return [items[2 * node : 2 * node + 2] for node in range(nodes)]
    kept = [
        [pair for pair in pairs if not (isinstance(pair, list | tuple) and NONE in pair)] for pairs in lists
    ]
    for node, pairs in enumerate(kept, start=INPUTS):
        if len(pairs) != INPUTS:
            raise ParseError(
                f"{cell}: node {node} has {len(pairs)} pairs with an operation other than {NONE!r}, expected two, "
                f"in {shown(text, 80)}"
            )
    return kept


def _pair(cell: str, node: int, place: int, item: Any, operations: Sequence[str]) -> Pair:
    where = f"{cell}: {('first', 'second')[place]} pair of node {node}"
    match item:
        case [str(operation), number] | [number, str(operation)]:
            pass
        case _:
            raise ParseError(
                f"{where} is {shown(item, 60)}, expected ('operation', source), two values, the first a name"
            )
    if operation == NONE and NONE not in operations:
        raise ParseError(
            f"{where}: unknown operation {NONE!r}: such a pair adds nothing, but a node adds two operations here; "
            f"Allowed: {', '.join(operations)}"
        )
    if operation not in operations:
        raise ParseError(f"{where}: {UnknownName('operation', operation, operations)}")
    if type(number) is not int or not 0 <= number < node:
        raise ParseError(
            f"{where} reads {shown(number, 60)}, expected 0 to {node - 1}: "
            "0 and 1 are the two cells before, and a node reads earlier nodes only"
        )
    return operation, number


def _concat(field: str, value: Any, nodes: int) -> tuple[int, ...]:
    last = INPUTS + nodes - 1
    if not isinstance(value, list | tuple):
        raise ParseError(f"{field} is {shown(value, 60)}, expected a list")
    kept = [number for number in value if type(number) is int and INPUTS <= number <= last]
    if len(kept) != len(value) or len(set(kept)) != len(kept) or not kept:
        raise ParseError(
            f"{field} is {shown(value, 60)}, expected distinct nodes from 2 to {last}, at least one"
        )
    return tuple(sorted(kept))
