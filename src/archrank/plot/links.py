"""Dots and lines of a figure that stand for evaluations, as links to their rows in a page."""

import re
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.collections import PathCollection
from matplotlib.lines import Line2D

__all__ = ["ROW", "link", "link_line", "without_links"]

ROW = "e"
"""The identifier of a row is this and the number of its evaluation."""

_LINK = re.compile(rb'<a xlink:href="#e\d+"[^>]*>\s*|\s*</a>')


def link(dots: PathCollection, numbers: Sequence[int] | None, part: npt.NDArray[np.bool_]) -> None:
    """Make dots links to rows of a page.

    Args:
        dots: The dots of a part of n evaluations.
        numbers: The numbers of the evaluations, from 1: (n,); None for no links.
        part: Which of them are dots: (n,).
    """
    if numbers is not None and part.any():
        dots.set_urls([f"#{ROW}{number}" for number in np.asarray(numbers)[part].tolist()])


def link_line(line: Line2D, numbers: Mapping[str, int] | None, name: str) -> None:
    """Make a line a link to a row of a page.

    Args:
        line: The line.
        numbers: The numbers of the evaluations by name, from 1; None for no links.
        name: The line's; one that is not there gets no link.
    """
    if numbers is not None and name in numbers:
        line.set_url(f"#{ROW}{numbers[name]}")


def without_links(svg: bytes) -> bytes:
    """A figure as a file of its own, where there are no rows."""
    return _LINK.sub(b"", svg)
