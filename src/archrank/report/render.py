"""Pages from templates: every value is escaped as text, unless a template or a drawing made it."""

import base64
import hashlib
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from archrank.system.text import printable

__all__ = ["duration", "number", "render"]


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
    environment.filters |= {"number": number, "duration": duration, "words": _words}
    environment.globals |= {"source": _source, "hash_of": _hash_of}
    return environment


def _printable(value: Any) -> Any:
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _words(value: Any) -> Markup:
    """A value between tags, where an apostrophe needs no escape: those of genotypes would be a tenth of a page."""
    return Markup(str(escape(printable(str(value)))).replace("&#39;", "'"))


@cache
def _source(*names: str) -> Markup:
    """Style sheets or scripts of the templates' folder, one after the other."""
    loader, environment = _environment().loader, _environment()
    assert loader is not None
    return Markup("").join(Markup(loader.get_source(environment, name)[0]) for name in names)


def _hash_of(*names: str) -> str:
    """The hash of scripts for a content security policy."""
    digest = hashlib.sha256(_source(*names).encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


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
