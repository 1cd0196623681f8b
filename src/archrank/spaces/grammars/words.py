"""The words and marks of which grammars and derivations are written."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from archrank.errors import ParseError, SpaceError
from archrank.system.foreign import bounded, shown

__all__ = ["LONGEST", "Word", "check_name", "misread", "quoted", "renamed", "words"]

_TOKEN = re.compile(
    r"""
      (?P<blank>(?:[^\S\n]|[\ufeff\u200b])+|\#[^\n]*)
    | (?P<arrow>->|→|::=)
    | (?P<times>[*×][^\S\n]*[0-9]+)
    | (?P<mark>[|;()\[\],:\n])
    | "(?P<double>[^"\n]+)" | '(?P<single>[^'\n]+)'
    | (?P<word>(?:(?!->|::=)[^\s\ufeff\u200b|;()\[\],:#"'→×*])+)
    """,
    re.VERBOSE,
)

LONGEST = 1_000_000
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
    if len(text) > LONGEST:
        raise ParseError(f"the text has {len(text)} characters; expected at most {LONGEST}")
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise misread(text, at, _reason(text, at))
        kind = str(match.lastgroup)
        if kind in ("word", "double", "single"):
            yield Word("word", match[kind], at)
        elif kind == "times":
            yield Word(kind, match[0][1:].lstrip(), at)
        elif kind != "blank":
            yield Word("arrow" if kind == "arrow" else match[0], match[0], at)
        at = match.end()
    yield Word("end", "", len(text))


def _reason(text: str, at: int) -> str:
    """Why no word or mark begins at a position."""
    if text[at] in "*×":
        return f"expected a number of repetitions after {text[at]!r}, such as *3"
    if text.startswith(('""', "''"), at):
        return "expected a word between the quotes"
    return "expected a word; quotes must be closed on the same line"


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
    # What begins with a brace is read as a JSON object.
    if match is not None and match.lastgroup == "word" and not word.startswith("{"):
        return word
    return f"'{word}'" if '"' in word else f'"{word}"'


def check_name(name: str) -> None:
    """Refuse a name that no text can hold, not even in quotes.

    Raises:
        SpaceError: It is blank, has quotes of both kinds, or a character that breaks or ends a line.
    """
    if not name.strip():
        raise SpaceError(f"the name {shown(name)} is blank; give it characters that can be seen")
    if '"' in name and "'" in name:
        raise SpaceError(
            f"the name {shown(name)} has quotes of both kinds, which no text can hold; leave one kind out"
        )
    if not name.isprintable() and any(
        unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in name
    ):
        raise SpaceError(
            f"the name {shown(name)} has a character that breaks a line or cannot be written to a file; leave it out"
        )


def renamed(text: str, names: Mapping[str, str]) -> str:
    """A text with other names for some of its words; one that cannot be read as it is.

    >>> renamed("Linear2(conv, pool)", {"pool": "max pool"})
    'Linear2(conv, "max pool")'
    """
    parts, end = [], 0
    try:
        read = list(words(text))
    except ParseError:  # which is said where it is read
        return text
    for word in read:
        if word.kind == "word":
            length = len(word.text) + 2 * (text[word.at] in "\"'")
            parts += [text[end : word.at], quoted(names.get(word.text, word.text))]
            end = word.at + length
    return "".join([*parts, text[end:]])
