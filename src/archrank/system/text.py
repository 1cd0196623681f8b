r"""Texts from outside (names, errors, architectures) made safe to show, whatever they hold.

A name can come from a file, a database or a user's program, so it may hold anything. Each kind of place has
one function here: :func:`printable` for terminals, pages and plots, :func:`shortened` where room is scarce,
:func:`file_name` for paths, :func:`markdown` and :func:`fenced` for Markdown.
"""

import re

__all__ = ["code", "fenced", "file_name", "how_many", "markdown", "printable", "shortened"]

# Control characters (a terminal obeys them; XML forbids them), lone surrogates (no encoding has them), marks
# that turn the direction of writing (they make a text look like another one), and what is no character.
_UNPRINTABLE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)
_MARKUP = re.compile(r"([\\`*\[\]<|&$~]|^[#+=>-]|^\d+(?=[.)]))")
_LONGEST_FILE_NAME = 120


def printable(text: str) -> str:
    r"""The text with everything that cannot be shown as it is written as its Python escape.

    >>> printable("a\x00b\u202ec\ud800")
    'a\\x00b\\u202ec\\ud800'
    """
    return _UNPRINTABLE.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def shortened(text: str, limit: int = 80) -> str:
    r"""The text as one printable line of at most ``limit`` characters; the middle of a longer one is left out.

    >>> shortened("one two\n three", 9)
    'one … ee'
    """
    # A megabyte is not folded and escaped first to be cut then.
    ends = text if len(text) <= 8 * limit else f"{text[: 4 * limit]} … {text[-4 * limit :]}"
    line = " ".join(printable(ends).split())
    if len(line) <= limit:
        return line
    head = limit // 2
    return f"{line[:head].rstrip()} … {line[len(line) - (limit - head - 3) :].lstrip()}"


def file_name(text: str) -> str:
    """The text as a part of a path: letters, digits and ``. _ - +`` only, never hidden, of bounded length.

    >>> file_name("nas-bench-201/cifar 10"), file_name("../x")
    ('nas-bench-201_cifar_10', '_.._x')
    """
    name = re.sub(r"[^\w.+-]", "_", text)[:_LONGEST_FILE_NAME].encode("utf-8")[: 2 * _LONGEST_FILE_NAME]
    whole = name.decode("utf-8", "ignore")
    return f"_{whole}" if not whole or whole.startswith(".") else whole


def markdown(text: str) -> str:
    r"""The text as it stands within a line, or a table's cell, of Markdown, where nothing of it is markup.

    >>> markdown("a|b\n<c> [d]")
    'a\\|b \\<c> \\[d\\]'
    """
    return _MARKUP.sub(r"\\\1", " ".join(printable(text).split()))


def code(text: str) -> str:
    """The text as code within a line of Markdown.

    >>> print(code("space"), code("a`b"))
    `space` `` a`b ``
    """
    line = shortened(text).replace("|", "¦")  # in a table a bar ends the cell even within code
    ticks = "`" * (1 + max(map(len, re.findall("`+", line)), default=0))
    return f"{ticks} {line} {ticks}" if "`" in line or not line else f"`{line}`"


def fenced(text: str, language: str = "") -> str:
    """The text as a block of code in Markdown, with a fence that nothing in it can close.

    >>> print(fenced("archrank spaces", "sh"))
    ```sh
    archrank spaces
    ```
    """
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{printable(text)}\n{fence}"


def how_many(number: int | None) -> str:
    """A number of things; of one too long to read its power of ten.

    >>> how_many(15625), how_many(10**375), how_many(None)
    ('15,625', 'about 10^375', 'unknown')
    """
    if number is None:
        return "unknown"
    return f"{number:,}" if number < 10**12 else f"about 10^{len(str(number)) - 1}"
