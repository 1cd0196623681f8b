import numpy as np
import pytest

from archrank.plot.objectives import Axis, hypervolume_figure, pareto_figure
from archrank.plot.style import encode

VALUES = np.array([[90.0, 30.0], [80.0, 10.0], [70.0, 20.0], [95.0, 99.0], [np.nan, np.nan], [10.0, 11.0]])
FRONT = np.array([True, True, False, False, False, False])
BROKEN = np.array([False, False, False, True, False, False])
AXES = [Axis("accuracy"), Axis("latency", higher_is_better=False)]


def drawn(panel):
    return {c.get_label(): c.get_offsets().data.tolist() for c in panel.collections}


def test_every_evaluation_is_drawn_as_what_it_is():
    (panel,) = pareto_figure(VALUES, AXES, FRONT, BROKEN).axes
    assert drawn(panel) == {
        "dominated": [[70.0, 20.0], [10.0, 11.0]],
        "violates a constraint": [[95.0, 99.0]],
        "Pareto front found": [[90.0, 30.0], [80.0, 10.0]],
    }
    assert panel.get_ylabel() == "latency, lower is better"


@pytest.mark.parametrize("higher", [(True, True), (True, False), (False, True), (False, False)])
def test_the_line_is_the_border_of_what_the_front_dominates(higher):
    signs = np.where(higher, 1.0, -1.0)
    scores = np.array([[1.0, 3.0], [2.0, 2.0], [3.0, 1.0]])
    axes = [Axis("a", higher[0]), Axis("b", higher[1])]
    (panel,) = pareto_figure(signs * scores, axes, np.ones(3, bool), np.zeros(3, bool)).axes
    (line,) = panel.lines
    x, y = line.get_data()
    kept = {"steps-pre": 1, "steps-post": 0}[line.get_drawstyle()]
    for i in range(2):
        halfway = np.array([(x[i] + x[i + 1]) / 2, y[i + kept]])
        assert (signs * halfway <= scores).all(axis=1).any()
        beyond = halfway + 0.01 * signs
        assert not (signs * beyond <= scores).all(axis=1).any()


def test_three_objectives_have_a_panel_for_each_two_and_the_tables_front_in_each():
    values = np.array([[1.0, 2.0, 3.0], [3.0, 1.0, 2.0], [0.0, 0.0, 0.0]])
    axes = [Axis(name) for name in "abc"]
    front = np.array([True, True, False])
    figure = pareto_figure(values, axes, front, np.zeros(3, bool), best=values[:2] + 1)
    assert [(p.get_xlabel()[0], p.get_ylabel()[0]) for p in figure.axes] == [
        ("a", "b"),
        ("a", "c"),
        ("b", "c"),
    ]
    for panel in figure.axes:
        assert len(drawn(panel)["Pareto front of the table"]) == 2
        assert not panel.lines


def test_all_of_the_front_is_inside_the_picture_and_far_ones_are_counted():
    values = np.vstack([VALUES, [[0.0, 5000.0]]])
    figure = pareto_figure(values, AXES, np.append(FRONT, False), np.append(BROKEN, False))
    (panel,) = figure.axes
    (low, high), (bottom, top) = sorted(panel.get_xlim()), sorted(panel.get_ylim())
    assert all(low < x < high and bottom < y < top for x, y in VALUES[FRONT])
    assert top < 5000
    assert "are not shown" in panel.get_title(loc="right")


def test_nothing_measured_and_no_front_are_drawn_too():
    nothing = np.full((3, 2), np.nan)
    assert encode(pareto_figure(nothing, AXES, np.zeros(3, bool), np.zeros(3, bool)), ".svg")
    assert encode(pareto_figure(VALUES, AXES, np.zeros(6, bool), np.ones(6, bool)), ".svg")


def test_the_volume_is_a_share_where_the_whole_is_known():
    (panel,) = hypervolume_figure(np.array([0.0, 1.0, 3.0]), {"accuracy": 70.0, "latency": 30.5}, 4.0).axes
    assert panel.lines[0].get_ydata().tolist() == [0.0, 25.0, 75.0]
    assert "accuracy 70, latency 30.5" in panel.get_xlabel()
    (panel,) = hypervolume_figure(np.array([0.0, 1.0, 3.0]), {"accuracy": 70.0}).axes
    assert panel.lines[0].get_ydata().tolist() == [0.0, 1.0, 3.0]
