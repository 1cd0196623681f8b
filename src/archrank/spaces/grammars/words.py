"""The words and marks of which grammars and derivations are written."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from archrank.errors import ParseError
from archrank.system.foreign import bounded

__all__ = ["Word", "misread", "quoted", "words"]

_TOKEN = re.compile(
    r"""
      (?P<blank>[ \t\r]+|\#[^\n]*)
    | (?P<arrow>->|→|::=)
    | (?P<times>[*×]\s*\d{1,4})
    | (?P<mark>[|;()\[\],:\n])
    | "(?P<double>[^"\n]+)" | '(?P<single>[^'\n]+)'
    | (?P<word>(?:(?!->|::=)[^\s|;()\[\],:#"'→×*])+)
    """,
    re.VERBOSE,
)

_LONGEST = 1_000_000
"""Characters of a grammar or of a derivation."""


class Word(NamedTuple):
    """A word or mark of a text.

    Attributes:
        kind: ``"word"``, ``"times"``, ``"arrow"``, or the mark itself; ``"end"`` at the end of the text.
        text: The word without quotes.
        at: Where it begins.
    """

    kind: str
    text: str
    at: int


def words(text: str) -> Iterator[Word]:
    """The words and marks of a text, comments left out, with an end.

    Raises:
        ParseError: A character that begins neither.
    """
    if len(text) > _LONGEST:
        raise ParseError(f"the text has {len(text)} characters; expected at most {_LONGEST}")
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise misread(text, at, "expected a word; quotes must be closed on the same line")
        kind = str(match.lastgroup)
        if kind in ("word", "double", "single"):
            yield Word("word", match[kind], at)
        elif kind == "times":
            yield Word(kind, match[0].lstrip("*× \t\n"), at)
        elif kind != "blank":
            yield Word("arrow" if kind == "arrow" else match[0], match[0], at)
        at = match.end()
    yield Word("end", "", len(text))


def misread(text: str, at: int, reason: str) -> ParseError:
    """The error of a text that cannot be read at a position."""
    line, column = text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1) + 1
    rest = text[at : at + 30].split("\n", 1)[0]
    here = f"at {bounded(rest, 30)!r}" if rest else "at its end"
    return ParseError(f"line {line}, column {column}, {here}: {reason}")


@lru_cache(maxsize=4096)
def quoted(word: str) -> str:
    """A word as it stands in a text: in quotes where it could be taken for something else.

    >>> quoted("conv3x3"), quoted("conv 3x3")
    ('conv3x3', '"conv 3x3"')
    """
    match = _TOKEN.fullmatch(word)
    if match is not None and match.lastgroup == "word":
        return word
    return f"'{word}'" if '"' in word else f'"{word}"'
