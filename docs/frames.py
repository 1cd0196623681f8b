"""A Sphinx extension: wide pictures and tables of the site scroll in their frames instead of shrinking to a phone."""

import re
import struct
from pathlib import Path

from docutils import nodes

LEAST = 0.8
"""A picture is never drawn at less than this share of its own size: its letters would be too small."""
TALL = 800
"""Pixels; a taller picture is drawn as high as this, if its letters allow."""
PIXELS = {"pt": 4 / 3, "px": 1.0, "": 1.0}
LONG, MEDIUM = 24, 8
"""Characters of the longest text of a column that is at least a few words, or a word, wide."""


def size(picture: Path) -> tuple[float, float]:
    """Width and height of an SVG or PNG file, in CSS pixels."""
    data = picture.read_bytes()
    if picture.suffix == ".png":
        width, height = struct.unpack(">II", data[16:24])
        return width, height
    head = re.search(rb"<svg[^>]*>", data)[0].decode()
    sides = (re.search(rf'\s{side}="([\d.]+)(pt|px|)"', head) for side in ("width", "height"))
    width, height = (float(side[1]) * PIXELS[side[2]] for side in sides)
    return width, height


def widths(width: float, height: float) -> tuple[int, int]:
    """The least and the greatest width at which a picture is drawn."""
    most = max(LEAST, min(1.0, TALL / height))
    return round(LEAST * width), round(most * width)


def framed_pictures(app, doctree):
    """Each picture has a frame that knows how wide it has to be."""
    for image in list(doctree.findall(nodes.image)):
        least, most = widths(*size(Path(app.srcdir) / image["uri"]))
        style = f"--least: {least}px; --most: {most}px"
        kinds = " ".join(["picture", *image["classes"]])
        start = nodes.raw("", f'<span class="{kinds}" style="{style}">', format="html")
        image.parent.replace(image, [start, image, nodes.raw("", "</span>", format="html")])


def column_widths(app, doctree):
    """Cells of a column that holds sentences must not become a word wide."""
    for group in doctree.findall(nodes.tgroup):
        rows = [list(row.findall(nodes.entry)) for row in group.findall(nodes.row)]
        for column in zip(*rows, strict=True):
            longest = max(len(entry.astext()) for entry in column[1:] or column)
            kind = "sentences" if longest > LONG else "words" if longest > MEDIUM else None
            for entry in column if kind else ():
                entry["classes"].append(kind)


def setup(app):
    """Called by Sphinx."""
    app.connect("doctree-read", framed_pictures)
    app.connect("doctree-read", column_widths)
    return {"parallel_read_safe": True}
