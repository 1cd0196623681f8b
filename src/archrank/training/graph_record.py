"""Cells as JSON values, with the cells in their nodes."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict, fields
from typing import Any

from archrank.errors import SpaceError
from archrank.graph import Cell, Node, Site
from archrank.system.foreign import bounded, message
from archrank.training.recorded import flag, member, number, refusal, rows, text, whole

__all__ = ["cell_record", "recorded_cell"]

_DEFAULTS = {field.name: field.default for field in fields(Node) if field.default is not MISSING}

_DEEPEST = 100
"""Cells within cells, no deeper than this."""

_SPARE = 10_000
"""The most junctions that come into a cell, and the most that nothing writes to."""

_LARGEST = 2**63 - 1


def cell_record(cell: Cell) -> dict[str, Any]:
    """A cell; of its nodes, what differs from the defaults.

    >>> cell_record(Cell(1, 2, (Node("conv", (0,), 1),), (1,)))["sites"]
    [{'operation': 'conv', 'sources': (0,), 'target': 1, 'node': True}]
    """
    plain = {field.name: getattr(cell, field.name) for field in fields(cell)}
    return {**plain, "sites": [_site_record(site) for site in cell.sites]}


def _site_record(site: Site) -> dict[str, Any]:
    if not isinstance(site, Node):
        return asdict(site)
    values = {field.name: getattr(site, field.name) for field in fields(site)}
    told = {name: v for name, v in values.items() if name not in _DEFAULTS or v != _DEFAULTS[name]}
    if site.inner is not None:
        told["inner"] = cell_record(site.inner)
    return {**told, "node": True}


def recorded_cell(record: object, what: str = "cell", depth: int = 0) -> Cell:
    """The cell of a record.

    Args:
        record: The record.
        what: What it is called.
        depth: How many cells it is inside of.

    Raises:
        ValueError: A value is missing, or is not valid; the message names it.
    """
    if depth > _DEEPEST:
        raise ValueError(f"{bounded(what, 100)} is within {depth} other cells, expected at most {_DEEPEST}")
    inputs = whole(member(record, what, "inputs"), f"{what}.inputs", 0, _SPARE)
    listed = rows(member(record, what, "sites"), f"{what}.sites")
    sites = tuple(_recorded_site(site, f"{what}.sites[{i}]", depth) for i, site in enumerate(listed))
    # A junction that no site writes to is zero: few are.
    most = inputs + sum(len(getattr(site, "targets", (site.target,))) for site in sites) + _SPARE
    values: dict[str, Any] = dict(record)  # type: ignore[call-overload]
    junctions = whole(member(record, what, "junctions"), f"{what}.junctions", 1, most)
    outputs = _wholes(member(record, what, "outputs"), f"{what}.outputs")
    ordered = flag(values.get("ordered", False), f"{what}.ordered")
    weights = whole(values.get("weights", 0), f"{what}.weights", 0, _LARGEST)
    try:
        return Cell(inputs, junctions, sites, outputs, ordered, weights)
    except SpaceError as error:
        raise ValueError(f"{bounded(what, 100)}: {message(error, 400)}") from None


def _recorded_site(record: object, what: str, depth: int) -> Site:
    values: dict[str, Any] = {
        name: _KINDS[name](member(record, what, name), f"{what}.{name}")
        for name in ("operation", "sources", "target")
    }
    others = {name: value for name, value in dict(record).items() if name not in values}  # type: ignore[call-overload]
    if not flag(others.pop("node", False), f"{what}.node"):
        if others:
            raise refusal(what, others, "operation, sources and target only")
        return Site(**values)
    inner = others.pop("inner", None)
    for name, value in others.items():
        if name not in _KINDS:
            raise refusal(what, {name: value}, "values of a node")
        values[name] = _KINDS[name](value, f"{what}.{name}")
    return Node(**values, inner=None if inner is None else recorded_cell(inner, f"{what}.inner", depth + 1))


def _wholes(value: object, what: str) -> tuple[int, ...]:
    return tuple(whole(item, f"{what}[{i}]", 0, _LARGEST) for i, item in enumerate(rows(value, what)))


def _texts(value: object, what: str) -> tuple[str, ...]:
    return tuple(text(item, f"{what}[{i}]") for i, item in enumerate(rows(value, what)))


def _pairs(value: object, what: str) -> tuple[tuple[str, float], ...]:
    listed = rows(value, what)
    if not all(isinstance(pair, list) and len(pair) == 2 for pair in listed):
        raise refusal(what, value, "pairs of a name and a number")
    return tuple((text(name, what), number(given, what)) for name, given in listed)


def _count(value: object, what: str) -> int:
    return whole(value, what, 0, _LARGEST)


_KINDS: Mapping[str, Callable[[object, str], Any]] = {
    "operation": text,
    "sources": _wholes,
    "target": _count,
    "attributes": _pairs,
    "ordered": flag,
    "more_targets": _wholes,
    "weights": _wholes,
    "path": _texts,
    "classes": _texts,
    "shape": _wholes,
    "parameters": _count,
    "multiply_adds": _count,
}
"""How each value of a site is checked, except for an inner cell."""
