"""Cells as JSON values, with the cells in their nodes."""

from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields
from typing import Any

from archrank.graph import Cell, Node, Site

__all__ = ["cell_record", "recorded_cell"]

_DEFAULTS = {field.name: field.default for field in fields(Node) if field.default is not MISSING}


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


def recorded_cell(record: Mapping[str, Any]) -> Cell:
    """The cell of a record.

    Raises:
        AttributeError: The record is none; so the next four.
        LookupError: A value is missing.
        TypeError: A value is of another type.
        ValueError: A value is not valid.
        SpaceError: The values are no cell.
    """
    sites = tuple(map(_recorded_site, record["sites"]))
    inside = bool(record.get("ordered", False)), int(record.get("weights", 0))
    return Cell(record["inputs"], record["junctions"], sites, tuple(record["outputs"]), *inside)


def _recorded_site(record: Mapping[str, Any]) -> Site:
    if not isinstance(record["operation"], str):
        raise TypeError(f"{str(record['operation'])[:200]} was found, expected a name")
    values = {name: _tuples(value) for name, value in record.items() if name not in ("node", "inner")}
    if not record.get("node", False):
        return Site(**values)
    inner = record.get("inner")
    return Node(**values, inner=None if inner is None else recorded_cell(inner))


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
