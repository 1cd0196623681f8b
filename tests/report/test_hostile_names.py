"""Whatever a name holds, plots and pages come out, and show it as text."""

from xml.etree import ElementTree

import numpy as np
import pytest

from archrank.graph import Cell, Graph, Site
from archrank.plot.distributions import distribution_figure
from archrank.plot.objectives import Axis, hypervolume_figure, pareto_figure
from archrank.plot.predictions import prediction_figure
from archrank.plot.search import Band, search_figure
from archrank.plot.style import encode
from archrank.report.drawing.graph import draw
from hostile import HOSTILE


def well_formed(svg):
    ElementTree.fromstring(svg)
    return svg


@pytest.mark.parametrize("name", HOSTILE)
def test_every_plot_comes_out(name):
    values = np.array([0.1, np.nan, 0.3, 0.2])
    band = Band(name, "#0072b2", values, values, values)
    axes = (Axis(name), Axis(name, higher_is_better=False))
    pairs = np.stack([values, values], axis=1)
    none = np.zeros(4, dtype=bool)
    figures = [
        search_figure(values, [name, "infeasible", "random", name], name, bands=[band], optimum=0.4),
        prediction_figure(values[[0, 2]], values[[0, 2]], np.zeros(2, dtype=np.int64), name),
        distribution_figure(values, values, name, higher_is_better=False),
        pareto_figure(pairs, axes, none, none),
        hypervolume_figure(values, {name: 0.0}),
    ]
    for figure in figures:
        svg = well_formed(encode(figure, ".svg"))
        # A label of any length leaves room for the plot.
        assert max(size for size in figure.get_size_inches()) < 10
        assert len(svg) < 1_000_000


@pytest.mark.parametrize("name", HOSTILE)
def test_every_drawing_comes_out(name):
    cell = Cell(1, 3, (Site(name, (0,), 1), Site("conv", (1,), 2)), (2,))
    figure = draw(Graph((cell, cell)), operations=[name, "conv"], titles=[name, "reduction"])
    well_formed(encode(figure, ".svg"))
    assert figure.get_figwidth() < 16
    assert encode(figure, ".png").startswith(b"\x89PNG")
