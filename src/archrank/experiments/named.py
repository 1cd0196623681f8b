"""What is compared, by name: names and specifications from a text or a list, or objects that were given."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from archrank.errors import ArchrankError, UnknownName

__all__ = ["count", "known_by_name", "listed", "objects_by_name"]

T = TypeVar("T")


def listed(given: Any) -> list[Any]:
    """What commas separate in a text, the entries of a list, or a single thing.

    >>> listed("gates, gcn,")
    ['gates', 'gcn']
    """
    if isinstance(given, str):
        return [part for part in map(str.strip, given.split(",")) if part]
    return list(given) if isinstance(given, Iterable) else [given]


def objects_by_name(
    given: Any,
    kind: str,
    known: Iterable[str],
    make: Callable[[str], tuple[str, T]],
    accepts: Callable[[Any], bool],
) -> dict[str, T]:
    """What is compared, by the name that the results call it.

    Args:
        given: A text of names that commas separate; a list of names and objects; or a mapping of names to either.
        kind: What it is, such as ``"predictor"``.
        known: The names that exist, for messages.
        make: Makes a short name and an object of a name with its options.
        accepts: Whether an object is of that kind.

    Raises:
        UnknownName: No such name.
        ArchrankError: Nothing is given, something of another kind, or two of the same name.
    """
    entries = list(given.items()) if isinstance(given, Mapping) else [(None, each) for each in listed(given)]
    if not entries:
        raise ArchrankError(f"no {kind} is named; name some of {', '.join(known)}")
    found: dict[str, T] = {}
    for name, each in entries:
        if isinstance(each, str):
            short, made = make(each)
        elif accepts(each):
            short, made = type(each).__name__ if not isinstance(each, type) else each.__name__, each
        else:
            raise ArchrankError(
                f"{each!r} is no {kind}; expected a name (one of {', '.join(known)}) or an object of that kind"
            )
        called = short if name is None else str(name)
        if called in found:
            raise ArchrankError(
                f"the {kind} {each if isinstance(each, str) else called!r} is named twice ({called}); leave one of "
                "them out, or give a dict of different names"
            )
        found[called] = made
    return found


def known_by_name(
    given: Any, kind: str, known: Mapping[str, T], accepts: Callable[[Any], bool]
) -> dict[str, T]:
    """As :func:`objects_by_name`, where a name has no options: repeated names count once."""

    def make(name: str) -> tuple[str, T]:
        if name not in known:
            raise UnknownName(kind, name, known)
        return name, known[name]

    if isinstance(given, str):
        # A text without a name is a mistake in a name.
        given = list(dict.fromkeys(listed(given))) or [given]
    return objects_by_name(given, kind, known, make, accepts)


def count(value: Any, what: str, minimum: int = 1) -> int:
    """A whole number.

    Raises:
        ArchrankError: It is none, or below the minimum.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
        raise ArchrankError(f"{what} is {value!r}; expected a whole number from {minimum}")
    return value
