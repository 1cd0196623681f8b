import re

import numpy as np

from archrank.plot.methods import MethodFigure, without_marks
from archrank.plot.narrow import make_narrow
from archrank.plot.strategies import regret_figure
from archrank.plot.style import encode, widths
from archrank.report.inline import inline_svg

CURVES = {
    "guided": np.array([[np.inf, 0.25, 0.0], [np.inf, 0.5, 0.0], [np.inf, 1.0, 0.0]]),
    "evolution": np.array([[1.0, 0.5, 0.5], [2.0, 0.5, 0.5], [np.inf, 0.5, 0.5]]),
}


def marks(svg):
    return re.findall(r'data-method="(\d+)"(?: data-key="(\w+)")?', svg)


def test_values_are_read_as_they_are_not_as_they_are_drawn():
    figure = regret_figure(CURVES, "accuracy")
    readings = figure.readings()
    (panel,) = readings["panels"]
    assert readings["names"] == ["guided", "evolution"]
    assert panel["at"] == ["after 1 evaluation", "after 2 evaluations", "after 3 evaluations"]
    assert panel["values"] == {"0": ["–", "0.5 (0.25–1)", "0"], "1": ["2 (1–…)", "0.5", "0.5"]}


def test_a_page_knows_which_marks_belong_to_which_method():
    figure = regret_figure(
        CURVES, "accuracy", {"guided": np.array([[1.0, 0.5, 0.5], [2.0, 0.5, 0.0]])}, {"guided": [7, 8]}
    )
    svg = encode(figure, ".svg")
    page = inline_svg(svg, "x", "regret")
    # Two searches, a band and a line; a band and a line; an entry of the legend for each.
    assert marks(page).count(("0", "")) == 4
    assert marks(page).count(("1", "")) == 2
    keys = [("0", "line"), ("0", "name"), ("1", "line"), ("1", "name")]
    assert sorted(mark for mark in marks(page) if mark[1]) == keys
    assert 'href="#e7"' in page
    assert 'href="#e8"' in page
    assert b"method-" not in without_marks(svg)
    make_narrow(figure)
    narrow = inline_svg(encode(figure, ".svg"), "y", "regret")
    assert sorted(marks(narrow)) == sorted(marks(page))


def test_panels_lie_where_they_are_drawn():
    figure = regret_figure(CURVES, "accuracy")
    encode(figure, ".svg")
    ((left, top, width, height, low, high, log),) = figure.boxes()
    assert 0 < left < left + width < 72 * figure.get_figwidth()
    assert 0 < top < top + height < 72 * figure.get_figheight()
    assert (low, high, log) == (1, 3, 1)


def test_long_lines_are_read_at_few_places_and_each_at_its_nearest():
    figure = MethodFigure({"a": "a", "b": "b"}, {"a": "red", "b": "blue"}, 3)
    axes = figure.subplots()
    figure.draw_line(axes, "a", np.arange(1, 2001), np.arange(1, 2001), "{:g}".format)
    figure.draw_line(axes, "b", [1, 2000], [5.0, 6.0], "{:g}".format)
    (panel,) = figure.readings()["panels"]
    assert len(panel["x"]) <= 200
    assert (panel["x"][0], panel["x"][-1]) == (1, 2000)
    assert (panel["values"]["0"][-1], panel["values"]["1"][0], panel["values"]["1"][-1]) == ("2000", "5", "6")


def test_where_lines_coincide_those_below_are_wider():
    for count in range(2, 8):
        assert np.all(np.diff(widths(count)) < 0)
    same = dict.fromkeys(("a", "b", "c"), CURVES["evolution"])
    lines = [line for line in regret_figure(same, "accuracy").axes[0].lines if len(line.get_xdata()) == 3]
    assert np.all(np.diff([line.get_linewidth() for line in lines]) < 0)
