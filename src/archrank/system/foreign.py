"""Errors and values of foreign code as texts that can be stored, sent and shown, whatever their classes do."""

from collections.abc import Iterator
from typing import Any

from archrank.system.text import printable

__all__ = ["bounded", "in_one_line", "kind_of", "message", "shown"]

_LONGEST = 1000
_DEEPEST = 50
_BRACKETS: dict[type, tuple[str, str]] = {
    list: ("[", "]"),
    tuple: ("(", ")"),
    dict: ("{", "}"),
    set: ("{", "}"),
    frozenset: ("frozenset({", "})"),
}


def bounded(text: str, longest: int = _LONGEST) -> str:
    r"""A text on one printable line; what is too long is cut.

    >>> bounded("caf\udce9.jpg"), bounded("seconds\n", 8)
    ('caf\\udce9.jpg', 'seconds…')
    """
    # Of a subclass's own methods nobody knows what they do.
    start = printable(str.__getitem__(text, slice(0, longest + 1))).replace("\n", "\\n").replace("\t", "\\t")
    return start if len(start) <= longest else start[: longest - 1] + "…"


def message(error: BaseException, longest: int = _LONGEST) -> str:
    """The message of a foreign error, on one line, whatever its class does."""
    try:
        text = str(error)
    except (Exception, SystemExit) as second:
        return bounded(f"its message cannot be read ({kind_of(second)})", longest)
    # Cut before it is split: a message may hold millions of words.
    return bounded(" ".join(str.__getitem__(text, slice(0, 10 * longest)).split()), longest)


def in_one_line(error: BaseException, longest: int = _LONGEST) -> str:
    r"""The kind of a foreign error and its message, on one line, whatever its class does.

    >>> in_one_line(FileNotFoundError("no file\nof that name"))
    'FileNotFoundError: no file of that name'
    """
    said = message(error, longest)
    return bounded(f"{kind_of(error)}: {said}" if said else kind_of(error), longest)


def shown(value: object, longest: int = 200) -> str:
    """The ``repr`` of a foreign value, or its type where that fails or has several lines.

    >>> shown(10**5000), shown([{"a": (1,)}, "b"])
    ('a value of type int that cannot be shown', "[{'a': (1,)}, 'b']")
    """
    try:
        text = ""
        for piece in _pieces(value, _DEEPEST):
            text += piece
            if len(text) > longest:
                break
    except (Exception, SystemExit):
        return f"a value of type {kind_of(value)} that cannot be shown"
    if "\n" in text and type(value) not in _BRACKETS:  # a DataFrame or an array
        return f"a {kind_of(value)}"
    return bounded(text, longest)


def _pieces(value: Any, depth: int) -> Iterator[str]:
    """The ``repr`` of a value, piece by piece: of containers in one another the whole could be without end."""
    kind = type(value)
    if kind not in _BRACKETS or not value:
        yield repr(value[:_LONGEST] if kind is str else value)
        return
    begin, end = _BRACKETS[kind]
    yield begin
    for place, item in enumerate(value if depth else ()):
        yield ", " if place else ""
        yield from _pieces(item, depth - 1)
        if kind is dict:
            yield ": "
            yield from _pieces(value[item], depth - 1)
    yield "" if depth else "…"
    yield f",{end}" if kind is tuple and len(value) == 1 else end


def kind_of(value: object) -> str:
    """The name of the class of a foreign value."""
    # Not by the attribute, which a metaclass may replace.
    return bounded(type.__dict__["__name__"].__get__(type(value)), 200)
