"""Figures as part of a page."""

import re

from markupsafe import Markup, escape

from archrank.plot.links import ROW
from archrank.plot.methods import KEY, MARK
from archrank.plot.style import THEMED
from archrank.system.text import printable

__all__ = ["inline_svg"]

_PROLOGUE = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_UNNEEDED = re.compile(
    r"<!--.*?-->|\s*<metadata>.*?</metadata>|\s*<style type=\"text/css\">.*?</style>", re.DOTALL
)
_SIZE = re.compile(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>')
_ID = re.compile(rf'(\bid="|xlink:href="#(?!{ROW}\d+")|url\(#)')
_MARK = re.compile(rf'\bid="{MARK}-(\d+)(?:-{KEY}-(\w+))?-\d+"')
_DOT = re.compile(
    rf'<a xlink:href="(#{ROW}\d+)"[^>]*>\s*(?:<g clip-path="([^"]*)">\s*)?'
    r'<(use|path) ([^>]*?)\s*style="([^"]*)"/>\s*(?:</g>\s*)?</a>\s*'
)
_PLACES = re.compile(r' (?:d|x|y)="[^"]*"')
"""Coordinates in points of type. The scale of a letter needs all its digits."""
_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_DOTS = re.compile(f"(?:{_DOT.pattern})+")


def inline_svg(svg: bytes, name: str, description: str) -> Markup:
    """A figure as part of a page: in the page's colors, with unique identifiers.

    Args:
        svg: What :func:`archrank.plot.style.encode` wrote.
        name: A prefix for its identifiers, different for every picture of the page.
        description: What it shows, for people who do not see it.
    """
    text = _UNNEEDED.sub("", _PROLOGUE.sub("", svg.decode()))
    text = _MARK.sub(_marked, text)
    text = _ID.sub(lambda match: match[1] + name + "-", text)
    text = _PLACES.sub(_rounded, _DOTS.sub(_grouped, text))
    for color, variable in THEMED.items():
        text = text.replace(color, f"var(--{variable})")
    size = _SIZE.match(text)
    if size is None:
        return Markup(text)
    width = float(size[1].split()[2])
    opening = (
        '<svg xmlns="http://www.w3.org/2000/svg" '
        f'viewBox="{size[1]}" style="--natural: {width:.0f}pt" role="img" '
        f'aria-label="{escape(printable(description))}">'
    )
    return Markup(opening + text[size.end() :].strip().replace("xlink:href", "href"))


def _rounded(places: re.Match[str]) -> str:
    return _NUMBER.sub(lambda number: f"{float(number[0]):.2f}", places[0])


def _marked(mark: re.Match[str]) -> str:
    """What a script finds the marks of a method by."""
    return f'data-{MARK}="{mark[1]}"' + (f' data-{KEY}="{mark[2]}"' if mark[2] else "")


def _grouped(dots: re.Match[str]) -> str:
    """Dots that are links, with what equal neighbors share said once; half the page would say it otherwise."""
    parts, last = [], None
    for row, clip, kind, look, style in _DOT.findall(dots[0]):
        if (clip, style) != last:
            clipped = f' clip-path="{clip}"' if clip else ""
            parts.append(f'{"</g>" if last else ""}<g{clipped} style="{style}">')
            last = clip, style
        parts.append(f'<a xlink:href="{row}"><{kind} {" ".join(look.split())}/></a>')
    return "".join([*parts, "</g>\n"])
