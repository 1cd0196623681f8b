"""Errors and values of foreign code as texts that can be stored, sent and shown, whatever their classes do."""

from archrank.system.text import printable

__all__ = ["bounded", "in_one_line", "message", "shown"]

_LONGEST = 1000


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
        return bounded(f"its message cannot be read ({_kind(second)})", longest)
    # Cut before it is split: a message may hold millions of words.
    return bounded(" ".join(str.__getitem__(text, slice(0, 10 * longest)).split()), longest)


def in_one_line(error: BaseException, longest: int = _LONGEST) -> str:
    r"""The kind of a foreign error and its message, on one line, whatever its class does.

    >>> in_one_line(FileNotFoundError("no file\nof that name"))
    'FileNotFoundError: no file of that name'
    """
    said = message(error, longest)
    return bounded(f"{_kind(error)}: {said}" if said else _kind(error), longest)


def shown(value: object, longest: int = 200) -> str:
    """The ``repr`` of a foreign value, or its type where that fails.

    >>> shown(10**5000)
    'a value of type int that cannot be shown'
    """
    try:
        text = repr(value)
    except (Exception, SystemExit):
        return f"a value of type {_kind(value)} that cannot be shown"
    return bounded(text, longest)


def _kind(value: object) -> str:
    # Not by the attribute, which a metaclass may replace.
    return bounded(type.__dict__["__name__"].__get__(type(value)), 200)
