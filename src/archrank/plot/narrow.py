"""The same figure for a narrow screen."""

from textwrap import fill

from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import LogLocator, MaxNLocator

from archrank.plot.methods import copy_marks
from archrank.plot.style import theme

__all__ = ["make_narrow"]

_WIDTH = 4.4
"""Inches across; on a phone the letters are hardly smaller than those of the page."""

_LETTERS = 44
"""How many letters fit across the figure."""

_LEGEND_LINE = 0.2
"""Inches that a further line of the legend takes."""


def make_narrow(figure: Figure) -> None:
    """Change a figure that was written already: less wide, a legend in one column, and long labels in several lines."""
    more = 0
    with theme():
        for legend in list(figure.legends):
            names = [_filled(text.get_text(), _LETTERS - 6) for text in legend.get_texts()]
            more += sum(name.count("\n") + 1 for name in names) - len(names) // 2
            legend.remove()
            handles = [handle for handle in legend.legend_handles if handle is not None]
            narrow = figure.legend(handles, names, loc="outside upper left", handlelength=1.6)
            copy_marks(handles, narrow.legend_handles)
            copy_marks(legend.get_texts(), narrow.get_texts())
        for axes in figure.axes:
            axes.set_xlabel(_filled(axes.get_xlabel(), _LETTERS - 6))
            titles = {axes.get_title(loc=place) for place in ("left", "center", "right")} - {""}
            for title in axes.findobj(Text):
                if isinstance(title, Text) and title.get_text() in titles:
                    title.set_text(_filled(title.get_text(), _LETTERS - 10))  # whose look stays
            for text in axes.texts:
                text.set_text(_filled(text.get_text(), _LETTERS // 2))
            if isinstance(locator := axes.xaxis.get_major_locator(), MaxNLocator):
                locator.set_params(nbins=5)
            elif isinstance(locator, LogLocator) and len(figure.axes) > 1:
                locator.set_params(numticks=3)
    figure.set_size_inches(_WIDTH, float(figure.get_figheight()) + _LEGEND_LINE * more)


def _filled(text: str, letters: int) -> str:
    return "\n".join(fill(line, letters) for line in text.splitlines())
