from xml.etree import ElementTree

import numpy as np
import pytest

from archrank.plot.distributions import distribution_figure
from archrank.plot.predictions import prediction_figure
from archrank.plot.search import Band, search_figure
from archrank.plot.style import encode

VALUES = np.array([70.0, 80.0, np.nan, 75.0, 90.0, 88.0])
REASONS = ["random", "random", "random", "predicted", "predicted", "explored"]
STEPS = np.arange(6.0)
BAND = Band("random search", "#888888", 80 + STEPS, 78 + STEPS, 82 + STEPS)


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_the_search_shows_run_comparison_optimum_reasons_and_failures():
    figure = search_figure(VALUES, REASONS, "accuracy (test)", bands=[BAND], optimum=94.0)
    upper, lower = figure.axes
    assert legend(figure) == [
        "this run, best so far",
        "random search",
        "the optimum, 94",
        "evaluated: random",
        "evaluated: predicted",
        "evaluated: explored",
        "failed",
    ]
    assert upper.get_ylabel() == "accuracy (test)"
    assert lower.get_xlabel() == "number of evaluations"
    assert upper.lines[0].get_ydata().tolist() == [70.0, 80.0, 80.0, 80.0, 90.0, 90.0]
    assert lower.lines[0].get_ydata().tolist() == [24.0, 14.0, 14.0, 14.0, 4.0, 4.0]
    assert lower.get_yscale() == "log"


def test_nobody_knows_the_optimum_so_there_is_no_distance():
    figure = search_figure(VALUES, REASONS, "accuracy")
    assert len(figure.axes) == 1
    assert "the optimum" not in " ".join(legend(figure))


def test_every_evaluation_is_visible():
    figure = search_figure(VALUES, REASONS, "accuracy", bands=[BAND], optimum=94.0)
    upper = figure.axes[0]
    bottom, top = upper.get_ylim()
    shown = [y for dots in upper.collections for _, y in dots.get_offsets() if dots.get_offsets().size]
    dots = [xy for c in upper.collections for xy in c.get_offsets().tolist() if xy != [0.0, 0.0]]
    assert sorted(x for x, _ in dots) == [1, 2, 3, 4, 5, 6]
    assert all(bottom <= y <= top for y in shown if y != 0)
    assert top > 94.0


def test_where_the_optimum_is_reached_the_plot_says_when():
    figure = search_figure(np.array([1.0, 5.0, 3.0]), ["random"] * 3, "accuracy", optimum=5.0)
    assert [t.get_text() for t in figure.axes[1].texts] == ["optimum found at evaluation 2"]
    assert figure.axes[1].yaxis.get_major_formatter()(figure.axes[1].yaxis.get_major_locator()()[0]) == "0"


def test_lower_can_be_better():
    figure = search_figure(-VALUES, REASONS, "latency", higher_is_better=False, optimum=-94.0)
    assert figure.axes[0].lines[0].get_ydata()[-1] == -90.0
    assert "lower is better" in figure.axes[0].get_ylabel()
    assert figure.axes[1].lines[0].get_ydata()[-1] == 4.0


@pytest.mark.parametrize("values", [[1.0], [np.nan], [np.nan, np.nan], [2.0, 2.0], [0.0, 0.0, 0.0]])
@pytest.mark.parametrize("optimum", [None, 2.0])
def test_degenerate_runs_can_be_plotted(values, optimum):
    figure = search_figure(np.array(values), ["random"] * len(values), "accuracy", optimum=optimum)
    ElementTree.fromstring(encode(figure, ".svg"))


def prediction(measured, higher=True):
    """A figure of eight rounds, whose measurements are these ones four times."""
    predicted = np.tile([1.0, 2.0, 3.0, 10.0, 20.0, 30.0], 4)
    rounds = np.repeat(np.arange(8), 3)
    return prediction_figure(predicted, np.tile(measured, 4), rounds, "accuracy", higher_is_better=higher)


def test_predictions_are_judged_within_rounds():
    assert prediction([1, 2, 3, 1, 2, 3]).axes[0].get_title("left") == (
        "Kendall's tau within a round: +1.00 (8 rounds, 24 architectures)"
    )
    assert "−1.00" in prediction([3, 2, 1, 3, 2, 1]).axes[0].get_title("left")
    assert "+1.00" in prediction([3, 2, 1, 3, 2, 1], higher=False).axes[0].get_title("left")


def test_scores_are_standardised_within_rounds():
    dots = np.asarray(prediction([1, 2, 3, 1, 2, 3]).axes[0].collections[0].get_offsets())
    assert dots[:3, 0] == pytest.approx(dots[3:6, 0])
    assert dots[:, 0].mean() == pytest.approx(0)


def test_better_is_up_also_where_lower_is_better():
    bottom, top = prediction([3, 2, 1, 3, 2, 1], higher=False).axes[0].get_ylim()
    assert top < bottom


def test_a_single_round_of_equal_predictions_has_no_tau():
    figure = prediction_figure(np.ones(20), np.arange(20.0), np.zeros(20, dtype=np.int64), "accuracy")
    assert figure.axes[0].get_title("left") == "20 architectures, without an order to compare"
    assert len(figure.axes) == 1


def test_few_architectures_have_no_tau():
    figure = prediction_figure(np.arange(19.0), np.arange(19.0), np.zeros(19, dtype=np.int64), "accuracy")
    assert figure.axes[0].get_title("left") == "19 architectures, too few for a rank correlation"


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_distribution_counts_everything_once(sign):
    rng = np.random.default_rng(0)
    everything = sign * (100 - rng.exponential(5, size=2_000))
    everything[:3] = np.nan
    figure = distribution_figure(everything, everything[:50], "accuracy", higher_is_better=sign > 0)
    axes = figure.axes[0]
    shares = [patch.get_data().values.sum() for patch in axes.patches]
    assert shares == pytest.approx([100.0] * 4)
    assert legend(figure)[:2] == ["all 1,997 in the table", "the 47 evaluated"]
    assert "split" not in axes.get_xlabel()
    assert ("leftmost" if sign > 0 else "rightmost") in axes.get_xlabel()


@pytest.mark.parametrize("everything", [[3.0], [3.0, 3.0, 3.0], [0.0, 0.0]])
def test_a_table_of_equals_can_be_plotted(everything):
    ElementTree.fromstring(encode(distribution_figure(np.array(everything), np.array([]), "x"), ".svg"))


def test_same_input_same_bytes():
    plots = [
        lambda: search_figure(VALUES, REASONS, "accuracy", bands=[BAND], optimum=94.0),
        lambda: prediction([1, 3, 2, 1, 2, 3]),
        lambda: distribution_figure(np.arange(99.0), np.arange(5.0), "accuracy"),
    ]
    for plot in plots:
        assert encode(plot(), ".svg") == encode(plot(), ".svg")


def test_pictures_carry_no_date():
    assert b"<dc:date>" not in encode(search_figure(VALUES, REASONS, "accuracy"), ".svg")
