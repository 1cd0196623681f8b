"""Whatever a name holds, plots and pages come out, and show it as text."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
import test_ranking_page as ranking
import test_search_page as strategies
from test_page import Checker

from archrank.graph import Cell, Graph, Site
from archrank.report.drawing import draw
from archrank.report.front_plots import Axis, front_figure, volume_figure
from archrank.report.page import write_report
from archrank.report.plots import Band, distribution_figure, prediction_figure, search_figure
from archrank.report.ranking_page import write_ranking_report
from archrank.report.search_page import write_search_report
from archrank.report.style import encode
from archrank.simulation.files import save_labels
from archrank.space import Choice, SearchSpace
from archrank.text import markdown, printable
from hostile import EVERYTHING, HOSTILE


def well_formed(svg):
    ElementTree.fromstring(svg)
    return svg


def harmless(page):
    """The page's text, once it was seen that no element of it came from a name."""
    text = page.read_text("utf-8")
    checked = Checker(text)
    assert checked.scripts == 1
    assert not re.search(r"<img|<svg onload|onerror=\"|\x00|\x1b|\u202e", text)
    return checked.words


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
        front_figure(pairs, axes, none, none),
        volume_figure(values, {name: 0.0}),
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


class Hostile(SearchSpace):
    """A space whose every name is trouble."""

    name = EVERYTHING
    choices = (Choice(EVERYTHING, HOSTILE),)
    operations = HOSTILE
    summary = EVERYTHING
    cell_names = (EVERYTHING,)

    def graph(self, architecture):
        return Graph((Cell(1, 2, (Site(self.operations[architecture.choices[0]], (0,), 1),), (1,)),))


def search_result(**changes):
    space = Hostile()
    evaluations = [
        {
            "number": i,
            "architecture": space.format(space.architecture((i,))),
            "value": None if i == 3 else 0.1 * i,
            "values": {} if i == 3 else {EVERYTHING: 0.1 * i, "other": -0.1 * i},
            "test_value": None,
            "seconds": 0.1,
            "state": "failed" if i == 3 else "measured",
            "error": EVERYTHING if i == 3 else None,
            "round": 0,
            "reason": HOSTILE[i],
            "predicted": None,
        }
        for i in range(len(HOSTILE))
    ]
    best = {key: evaluations[-1][key] for key in ("number", "architecture", "value", "values")}
    return {
        "benchmark": EVERYTHING,
        "space": EVERYTHING,
        "metric": EVERYTHING,
        "strategy": EVERYTHING,
        "settings": {EVERYTHING: [EVERYTHING]},
        "budget": EVERYTHING,
        "seed": EVERYTHING,
        "evaluations": evaluations,
        "best": best,
        "front": None,
        "optimum": None,
        "regret": None,
        "seconds": {EVERYTHING: 1.0},
        "command": EVERYTHING,
        "versions": {EVERYTHING: EVERYTHING},
    } | changes


def test_the_page_of_a_search_shows_hostile_names_as_text(tmp_path):
    words = harmless(write_report(tmp_path, search_result(), Hostile()))
    for name in HOSTILE:
        assert " ".join(printable(name).split()) in words


def test_the_page_of_a_search_with_several_objectives_does_too(tmp_path):
    objectives = {EVERYTHING: "maximize", "other": "minimize"}
    plain = search_result()
    result = plain | {
        "objectives": objectives,
        "constraints": [],
        "front": [plain["best"]],
        "hypervolume": {
            "curve": [0.1] * len(HOSTILE),
            "reference": dict.fromkeys(objectives, 0.0),
            "of_everything": None,
            "value": 0.1,
            "share": None,
        },
    }
    harmless(write_report(tmp_path, result, Hostile()))
    assert {path.stem for path in (tmp_path / "plots").iterdir()} >= {"front", "hypervolume", "best-1"}


def test_the_page_of_a_ranking_shows_hostile_names_as_text(tmp_path):
    rows = [ranking.row(encoder=name, tau=0.1 * i) for i, name in enumerate(HOSTILE)]
    rows.append(ranking.row(error=EVERYTHING))
    config = ranking.CONFIG | {"benchmark": EVERYTHING, "space": EVERYTHING, "split": EVERYTHING}
    about = ranking.ABOUT | {
        "split": EVERYTHING,
        "commands": [EVERYTHING],
        "versions": {EVERYTHING: EVERYTHING},
    }
    words = harmless(write_ranking_report(tmp_path, rows, config, about))
    table = (tmp_path / "tables.md").read_text("utf-8")
    for name in HOSTILE:
        assert " ".join(printable(name).split()) in words
        assert f"\n| {markdown(name)} |" in table


def test_the_page_of_strategies_shows_hostile_names_as_text(tmp_path):
    # A strategy is named on the command line, where what is no UTF-8 is no name of a strategy.
    names = [name for name in HOSTILE if name and "\ud800" not in name]
    rows = [strategies.row(strategy=name) for name in names]
    rows.append(strategies.row(error=EVERYTHING))
    config = strategies.CONFIG | {"benchmark": EVERYTHING, "space": EVERYTHING}
    metrics = {
        name: metric and metric | {"name": EVERYTHING, "meaning": EVERYTHING}
        for name, metric in strategies.ABOUT["metrics"].items()
    }
    about = strategies.ABOUT | {"metrics": metrics, "commands": [EVERYTHING]}
    save_labels(tmp_path, {"valid": strategies.VALID, "test": strategies.TEST})
    words = harmless(write_search_report(tmp_path, rows, config, about))
    for name in names:
        assert " ".join(printable(name).split()) in words
