"""Pages from templates: every value is escaped as text, unless a template or :func:`inline_svg` made it."""

import base64
import hashlib
import re
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from archrank.plot.style import THEMED
from archrank.system.text import printable

__all__ = ["duration", "inline_svg", "number", "render"]

_PROLOGUE = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_UNNEEDED = re.compile(
    r"<!--.*?-->|\s*<metadata>.*?</metadata>|\s*<style type=\"text/css\">.*?</style>", re.DOTALL
)
_SIZE = re.compile(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>')
_ID = re.compile(r'(\bid="|xlink:href="#|url\(#)')


def render(template: str, **values: Any) -> str:
    """A self-contained page.

    Args:
        template: The name of a file in ``templates``.
        values: The values that it shows; texts are escaped and made printable.
    """
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("archrank.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"number": number, "duration": duration}
    environment.globals |= {"source": _source, "hash_of": _hash_of}
    return environment


def _printable(value: Any) -> Any:
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def _source(name: str) -> Markup:
    """A style sheet or a script of the templates' folder."""
    loader, environment = _environment().loader, _environment()
    assert loader is not None
    text, _, _ = loader.get_source(environment, name)
    return Markup(text)


def _hash_of(name: str) -> str:
    """The hash of a script for a content security policy."""
    digest = hashlib.sha256(_source(name).encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def inline_svg(svg: bytes, name: str, description: str) -> Markup:
    """A figure as part of a page: in the page's colors, with unique identifiers.

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
        return Markup(text)
    width = float(size[1].split()[2])
    opening = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{size[1]}" style="--natural: {width:.0f}pt" role="img" '
        f'aria-label="{escape(printable(description))}">'
    )
    return Markup(opening + text[size.end() :].strip())


def number(value: float | None, digits: int = 6) -> str:
    """A number with this many significant digits; a dash for None.

    >>> number(94.0660001), number(0.00001234, 3), number(None)
    ('94.066', '1.23e−05', '–')
    """
    return "–" if value is None else f"{value:.{digits}g}".replace("-", "−")


def duration(seconds: float | None) -> str:
    """A time in common units.

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
