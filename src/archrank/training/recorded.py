"""Values of a record that may come from anywhere: each is checked, and refused by its name."""

from collections.abc import Mapping
from typing import Any

from archrank.system.foreign import shown

__all__ = ["flag", "member", "number", "refusal", "rows", "text", "whole"]

_LARGEST = 1e100
"""Computations with larger numbers could overflow."""


def refusal(what: str, value: object, expected: str) -> ValueError:
    """The error of a value that is not as expected.

    >>> refusal("skeleton.cells", -1, "a whole number")
    ValueError('skeleton.cells is -1, expected a whole number')
    """
    return ValueError(f"{what} is {shown(value)}, expected {expected}")


def member(record: object, what: str, name: str) -> Any:
    """A value of a record.

    Args:
        record: The record.
        what: What the record is called.
        name: The name of the value.

    Raises:
        ValueError: The record is none, or has no such value.
    """
    if not isinstance(record, Mapping):
        raise refusal(what, record, f"values by name, among them {name}")
    if name not in record:
        raise ValueError(f"{what} has no {name}")
    return record[name]


def whole(value: object, what: str, least: int, most: int) -> int:
    """A whole number within bounds, or ValueError."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise refusal(what, value, f"a whole number from {least} to {most}")
    return value


def number(value: object, what: str) -> float:
    """A finite number, or ValueError."""
    right = isinstance(value, int | float) and not isinstance(value, bool)
    if not right or not -_LARGEST <= value <= _LARGEST:  # type: ignore[operator]  # not of NaN either
        raise refusal(what, value, "a number")
    return value  # type: ignore[return-value]


def flag(value: object, what: str) -> bool:
    """True or False, or ValueError."""
    if not isinstance(value, bool):
        raise refusal(what, value, "true or false")
    return value


def text(value: object, what: str) -> str:
    """A text, or ValueError."""
    if not isinstance(value, str):
        raise refusal(what, value, "a text")
    return value


def rows(value: object, what: str) -> list[Any]:
    """A list, or ValueError."""
    if not isinstance(value, list):
        raise refusal(what, value, "a list")
    return value
