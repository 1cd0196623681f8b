"""What a search writes down about its study, read again: it may have been edited in the meantime."""

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any

from archrank.errors import RunFolderError

__all__ = ["checked_metadata"]

_QUOTED = 200


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_NEEDED = ("space", "space digest", "metric")

_RIGHT: dict[str, tuple[Callable[[Any], bool], str]] = {
    "space": (_is_text, "a name"),
    "space digest": (_is_text, "a digest"),
    "metric": (_is_text, "a name"),
    "maximize": (lambda value: isinstance(value, bool), "true or false"),
    "objectives": (
        lambda value: (
            isinstance(value, dict) and bool(value) and set(value.values()) <= {"maximize", "minimize"}
        ),
        "directions by name",
    ),
    "constraints": (lambda value: isinstance(value, list) and all(map(_is_text, value)), "a list of texts"),
    "seed": (lambda value: _is_number(value) and isinstance(value, int) and value >= 0, "a number from 0"),
    "fidelities": (
        lambda value: isinstance(value, list) and bool(value) and all(type(each) is int for each in value),
        "numbers of epochs",
    ),
    "patience": (lambda value: _is_number(value) and isfinite(value) and value > 0, "seconds above 0"),
}
"""For each fact whether a value can be it, and in words what is expected."""


def checked_metadata(metadata: Mapping[str, Any], where: str, instead: str) -> dict[str, Any]:
    """The metadata of a study, each of a kind that can be.

    Args:
        metadata: The study's user attributes.
        where: Where it is, in words.
        instead: What to do where it is another study.

    Raises:
        RunFolderError: No search made it, or a fact was edited to something that cannot be.
    """
    if not set(_NEEDED) <= set(metadata):
        raise RunFolderError(f"the study in {where}, was not made by a search: {instead}")
    for name, (is_right, expected) in _RIGHT.items():
        try:
            right = name not in metadata or is_right(metadata[name])
        except (TypeError, OverflowError):
            right = False
        if not right:
            raise RunFolderError(
                f"the study in {where}, says {name} is {repr(metadata[name])[:_QUOTED]}, expected {expected}: it was "
                f"changed by something else than a search; {instead}"
            )
    return dict(metadata)
