"""The text form of two-cell architectures that the field writes: ``Genotype(normal=[('sep_conv_3x3', 0), …], …)``.

Reference: Liu et al., DARTS (ICLR 2019), ``genotypes.py`` of the authors' code.
"""

import ast
import warnings
from collections.abc import Sequence
from typing import NamedTuple, NoReturn

from archrank.errors import ParseError, UnknownName

__all__ = ["INPUTS", "CellText", "Pair", "format_genotype", "parse_genotype"]

INPUTS = 2
"""Nodes 0 and 1 are what the last cell but one and the last cell give."""

CELLS = ("normal", "reduce")
FIELDS = tuple(name for cell in CELLS for name in (cell, f"{cell}_concat"))
LONGEST = 20_000
"""Characters; Python's own parser takes texts of any length and depth, at a price."""

Pair = tuple[str, int]
"""An operation, and the number of the node that it reads."""


class CellText(NamedTuple):
    """One cell of a genotype.

    Attributes:
        pairs: Two pairs a node, nodes from 2 upwards.
        concat: The nodes whose concatenation leaves the cell, ascending.
    """

    pairs: tuple[Pair, ...]
    concat: tuple[int, ...]


def format_genotype(cells: Sequence[CellText]) -> str:
    """Write the normal and the reduction cell.

    >>> cell = CellText((("skip_connect", 0), ("sep_conv_3x3", 1)), (2,))
    >>> format_genotype([cell, cell])
    "Genotype(normal=[('skip_connect', 0), ('sep_conv_3x3', 1)], normal_concat=[2],
    reduce=[('skip_connect', 0), ('sep_conv_3x3', 1)], reduce_concat=[2])"
    """
    values = [part for cell in cells for part in (list(cell.pairs), list(cell.concat))]
    return "Genotype(" + ", ".join(f"{n}={v}" for n, v in zip(FIELDS, values, strict=True)) + ")"


def parse_genotype(text: str, nodes: int, operations: Sequence[str]) -> list[CellText]:
    """Read the normal and the reduction cell. The text is parsed, and nothing in it is ever run.

    Args:
        text: ``Genotype(normal=[('op', source), …], normal_concat=[…], reduce=[…], reduce_concat=[…])``; a
            concatenation may be a ``range(2, 6)`` as well.
        nodes: How many nodes a cell has beside its two inputs.
        operations: The K operations that may be written.

    Raises:
        ParseError: Not such a text, a field missing or unknown, the wrong number of pairs, a pair that is none, an
            unknown operation, or a node that reads itself or a later one; the message names the position.
    """
    fields = _fields(text)
    found = []
    for cell in CELLS:
        pairs = _list(text, cell, fields[cell])
        if len(pairs) != INPUTS * nodes:
            raise ParseError(
                f"{cell} has {len(pairs)} pairs, expected {INPUTS * nodes}: two for each of {nodes} nodes, "
                f"in {_short(text)}"
            )
        read = tuple(_pair(cell, index, item, operations) for index, item in enumerate(pairs))
        found.append(CellText(read, _concat(text, f"{cell}_concat", fields[f"{cell}_concat"], nodes)))
    return found


def _fields(text: str) -> dict[str, ast.expr]:
    if len(text) > LONGEST:
        raise ParseError(f"{_short(text)} is {len(text):,} characters long, a genotype at most {LONGEST:,}")
    try:
        with warnings.catch_warnings(action="ignore"):  # of odd escapes in strings: they match no operation
            call = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        _refuse(text, f"{error.msg} at character {error.offset}")
    except (ValueError, RecursionError, MemoryError) as error:  # null bytes, brackets without end
        _refuse(text, str(error) or type(error).__name__)
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Genotype"):
        _refuse(text, "it is no call of Genotype")
    if call.args:
        _refuse(text, "its values must be named")
    fields: dict[str, ast.expr] = {}
    for keyword in call.keywords:
        if keyword.arg not in FIELDS:
            raise ParseError(f"{_short(text)}: {UnknownName('field', str(keyword.arg), FIELDS)}")
        fields[keyword.arg] = keyword.value
    if missing := [name for name in FIELDS if name not in fields]:
        _refuse(text, f"{missing[0]} is missing")
    return fields


def _refuse(text: str, why: str) -> NoReturn:
    raise ParseError(
        f"{_short(text)} is not a genotype: {why}; expected "
        "Genotype(normal=[('operation', source), …], normal_concat=[…], reduce=[…], reduce_concat=[…])"
    ) from None


def _short(text: str) -> str:
    return repr(text) if len(text) <= 80 else f"{text[:80]!r}…"


def _list(text: str, field: str, value: ast.expr) -> list[ast.expr]:
    if not isinstance(value, ast.List | ast.Tuple):
        raise ParseError(f"{field} is {ast.unparse(value)[:60]}, expected a list, in {_short(text)}")
    return value.elts


def _pair(cell: str, index: int, item: ast.expr, operations: Sequence[str]) -> Pair:
    node = INPUTS + index // INPUTS
    where = f"{cell}: {('first', 'second')[index % INPUTS]} pair of node {node}"
    match item:
        case ast.Tuple([ast.Constant(str(operation)), source]) | ast.List(
            [ast.Constant(str(operation)), source]
        ):
            pass
        case _:
            raise ParseError(
                f"{where} is {ast.unparse(item)[:60]}, expected ('operation', source), "
                "two values, the first a name"
            )
    if operation not in operations:
        raise ParseError(f"{where}: {UnknownName('operation', operation, operations)}")
    number = _integer(source)
    if number is None or not 0 <= number < node:
        raise ParseError(
            f"{where} reads {ast.unparse(source)[:60]}, expected 0 to {node - 1}: "
            "0 and 1 are the two cells before, and a node reads earlier nodes only"
        )
    return operation, number


def _concat(text: str, field: str, value: ast.expr, nodes: int) -> tuple[int, ...]:
    last = INPUTS + nodes - 1
    match value:
        case ast.Call(func=ast.Name("range"), args=[start, stop], keywords=[]):
            ends = _integer(start), _integer(stop)
            if ends[0] is None or ends[1] is None or not INPUTS <= ends[0] < ends[1] <= last + 1:
                raise ParseError(f"{field} is {ast.unparse(value)[:60]}, expected nodes from 2 to {last}")
            return tuple(range(ends[0], ends[1]))
    numbers = [_integer(item) for item in _list(text, field, value)]
    kept = [number for number in numbers if number is not None and INPUTS <= number <= last]
    if len(kept) != len(numbers) or len(set(kept)) != len(kept) or not kept:
        raise ParseError(
            f"{field} is {ast.unparse(value)[:60]}, expected distinct nodes from 2 to {last}, at least one"
        )
    return tuple(sorted(kept))


def _integer(value: ast.expr) -> int | None:
    """A plain non-negative integer, or None for anything else."""
    if isinstance(value, ast.Constant) and type(value.value) is int:
        return value.value
    return None
