"""Dots of a figure that stand for evaluations, as links to their rows in a page."""

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.collections import PathCollection

__all__ = ["ROW", "link", "without_links"]

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


def without_links(svg: bytes) -> bytes:
    """A figure as a file of its own, where there are no rows."""
    return _LINK.sub(b"", svg)
