"""Small pieces of HTML: everything that comes from outside is escaped here."""

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape as escaped
from importlib import resources
from typing import Any

from archrank.plot.style import THEMED
from archrank.text import printable

__all__ = [
    "cell",
    "configuration",
    "definitions",
    "document",
    "duration",
    "escape",
    "inline_svg",
    "listed",
    "number",
    "picture",
    "plain",
    "resource",
    "table",
]

_PROLOGUE = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_UNNEEDED = re.compile(
    r"<!--.*?-->|\s*<metadata>.*?</metadata>|\s*<style type=\"text/css\">.*?</style>", re.DOTALL
)
_SIZE = re.compile(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>')
_ID = re.compile(r'(\bid="|xlink:href="#|url\(#)')


def escape(text: str) -> str:
    r"""Any text as HTML, in an element or in a quoted attribute.

    >>> escape("a<b>\x00")
    'a&lt;b&gt;\\x00'
    """
    return escaped(printable(text))


def resource(name: str) -> str:
    """A text that stands in a file beside this one."""
    return resources.files("archrank.report").joinpath("templates", name).read_text("utf-8")


def document(title: str, parts: Iterable[str], styles: Iterable[str] = ()) -> str:
    """A self-contained page.

    Args:
        title: Its title, escaped already.
        parts: What stands in it, one below the other; empty ones are left out.
        styles: Names of the style sheets that it needs beside those of every page.
    """
    css = "".join(map(resource, ("page.css", *styles)))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{css}</style>\n</head>\n"
        "<body>\n<main>\n" + "\n".join(part for part in parts if part) + "\n</main>\n"
        f"<script>\n{resource('page.js')}</script>\n</body>\n</html>\n"
    )


def inline_svg(svg: bytes, name: str, description: str) -> str:
    """A picture as part of a page: in the page's colors, with identifiers of its own.

    Args:
        svg: What :func:`archrank.plot.style.encode` wrote.
        name: A prefix for its identifiers, different for every picture of the page.
        description: What it shows, for people who do not see it.
    """
    text = _UNNEEDED.sub("", _PROLOGUE.sub("", svg.decode()))
    text = _ID.sub(lambda match: match[1] + name + "-", text)
    for color, variable in THEMED.items():
        text = text.replace(color, f"var(--{variable})")
    size = _SIZE.match(text)
    if size is None:
        return text
    width = float(size[1].split()[2])
    opening = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{size[1]}" style="--natural: {width:.0f}pt" role="img" aria-label="{escape(description)}">'
    )
    return opening + text[size.end() :].strip()


def picture(svg: bytes, name: str, title: str, caption: str) -> str:
    """A picture as a section of a page.

    Args:
        svg: As for :func:`inline_svg`, like the name.
        name: A prefix for its identifiers.
        title: Its heading, HTML already, like the caption.
        caption: What stands below it.
    """
    return (
        f'<section><h2>{title}</h2><figure><div class="picture">{inline_svg(svg, name, title)}</div>'
        f"<figcaption>{caption}</figcaption></figure></section>"
    )


def listed(title: str, items: Sequence[str]) -> str:
    """Texts as a section with a list; nothing where there are none."""
    if not items:
        return ""
    points = "".join(f"<li>{escape(item)}</li>" for item in items)
    return f"<section><h2>{escape(title)}</h2><ul>{points}</ul></section>"


def plain(value: Any) -> str:
    """Any value as escaped text; a dash for None."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return number(value)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Mapping):
        return "<br>".join(f"{escape(str(k))}: {plain(v)}" for k, v in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(plain, value))
    return escape(str(value))


def number(value: float | None, digits: int = 6) -> str:
    """A number with so many significant digits; a dash for None.

    >>> number(94.0660001), number(0.00001234, 3), number(None)
    ('94.066', '1.23e−05', '–')
    """
    return "–" if value is None else f"{value:.{digits}g}".replace("-", "−")


def duration(seconds: float | None) -> str:
    """A time in the units that people use.

    >>> duration(0.25), duration(42.3), duration(200), duration(7384)
    ('0.25 s', '42 s', '3 min 20 s', '2 h 3 min')
    """
    if seconds is None:
        return "–"
    if seconds < 10:
        return f"{seconds:.2g} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def definitions(pairs: Iterable[tuple[str, str]]) -> str:
    """A list of names with what they stand for; the values are HTML already."""
    return "<dl>" + "".join(f"<dt>{escape(name)}</dt><dd>{value}</dd>" for name, value in pairs) + "</dl>"


def configuration(facts: Iterable[tuple[str, str]], commands: Sequence[str]) -> str:
    """What a comparison is, in words, and the commands that make it: two sections of a page."""
    lines = escape("\n".join(commands))
    return (
        f"<section><h2>Configuration</h2>{definitions((name, plain(words)) for name, words in facts)}</section>"
        f"<section><h2>Repeat it</h2><pre>{lines}</pre></section>"
    )


def cell(value: Any, digits: int = 6) -> str:
    """A value as a table cell; numbers carry themselves along, so that the table can be sorted by them."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f'<td class="number" data-value="{value!r}">{number(float(value), digits)}</td>'
    return f"<td>{plain(value)}</td>"


def table(headings: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]]) -> str:
    """A table whose columns sort on a click.

    Args:
        headings: The headings.
        rows: For every row a CSS class (or "") and its cells, which are HTML already.
    """
    head = "".join(f'<th scope="col"><button type="button">{escape(h)}</button></th>' for h in headings)
    body = "".join(f'<tr class="{mark}">{"".join(cells)}</tr>\n' for mark, cells in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table></div>'
