"""Checks of single arguments, each at the boundary where a user gives it."""

import inspect
import operator
import os
from collections.abc import Iterable, Mapping, Set
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from archrank.errors import ArchrankError, BudgetError, FileError
from archrank.system.foreign import shown

__all__ = ["check_takes_one", "checked_flag", "checked_path", "checked_texts", "checked_whole"]


def checked_whole(
    name: str,
    value: object,
    *,
    minimum: int = 1,
    maximum: int | None = None,
    error: type[ArchrankError] = BudgetError,
) -> int:
    """A whole number in a range, as Python's own.

    Raises:
        ArchrankError: It is something else; of the class ``error``.

    >>> checked_whole("budget", np.int64(3))
    3
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise error(f"{name} is {shown(value)}, expected a whole number from {minimum}")
    whole = operator.index(value)
    if whole < minimum:
        raise error(f"{name} is {whole}; give {minimum} or more")
    if maximum is not None and whole > maximum:
        raise error(f"{name} is {shown(whole)}; give {maximum} or less")
    return whole


def checked_flag(name: str, value: object, error: type[ArchrankError] = ArchrankError) -> bool:
    """True or False, also as 0 or 1: of other values, such as the text "no", it is not clear which is meant.

    Raises:
        ArchrankError: It is something else; of the class ``error``.
    """
    if not isinstance(value, int | np.integer | np.bool_) or value not in (0, 1):
        raise error(f"{name} is {shown(value)}, expected True or False")
    return bool(value)


def checked_path(name: str, value: object, error: type[ArchrankError] = FileError) -> Path:
    """The path of a file or folder.

    Raises:
        ArchrankError: It is no path, or one that no file can have; of the class ``error``.
    """
    if not isinstance(value, str | os.PathLike) or isinstance(text := os.fspath(value), bytes):
        raise error(f"{name} is {shown(value)}, expected a path")
    if not text:
        raise error(f"{name} is empty, expected a path; '.' is the current folder")
    try:
        possible = b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        possible = False
    if not possible:
        raise error(f"{name} is {shown(text)}, which holds a character that no path can have; rename it")
    return Path(text)


def checked_texts(name: str, value: Any, example: str) -> list[str]:
    """Texts: one alone, or several in a list.

    Raises:
        ArchrankError: It is something else.
    """
    if isinstance(value, str):
        return [value]
    if isinstance(value, Iterable) and not isinstance(value, Mapping | Set | bytes):  # which have no order
        with suppress(TypeError):  # an array may be a single number
            texts = list(value)
            if all(isinstance(text, str) for text in texts):
                return texts
    raise ArchrankError(f"{name} is {shown(value)}, expected a list of texts such as [{example!r}]")


def check_takes_one(function: Any, what: str, argument: str, error: type[ArchrankError]) -> None:
    """Refuse a function that cannot be called with one argument, as far as its signature says.

    Args:
        function: What is to be called.
        what: What it is, such as "the evaluator".
        argument: What it is called with, such as "architecture".
        error: The class of the error.

    Raises:
        ArchrankError: It needs another number of arguments, or is an async function; of the class ``error``.
    """
    called = function if inspect.isroutine(function) else getattr(function, "__call__", function)  # noqa: B004
    if inspect.iscoroutinefunction(called) or inspect.isasyncgenfunction(called):
        raise error(
            f"{what} {shown(function)} is an async function, which computes nothing when it is called: give a plain "
            "function, such as one that calls asyncio.run(…)"
        )
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return  # not every callable has one
    try:
        signature.bind(None)
    except TypeError as reason:
        raise error(
            f"{what} {shown(function)} cannot be called with one {argument} ({reason}): give a function of one "
            "argument"
        ) from None
