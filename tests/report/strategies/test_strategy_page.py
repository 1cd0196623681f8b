import re
from math import comb
from xml.etree import ElementTree

import numpy as np
import pytest

import pages
from archrank.plot import strategies as search_plots
from archrank.report.strategies.page import write_strategy_report
from archrank.report.strategies.tables import summary_tables
from archrank.simulation.files import save_labels
from archrank.simulation.measures import Labels, lines_of
from archrank.system.text import markdown, printable
from hostile import EVERYTHING, HOSTILE
from pages import harmless

SIZE = 2000
VALID = np.random.default_rng(1).permutation(SIZE) / SIZE
VALID[:50] = np.nan
TEST = 1 - VALID
METRIC = {
    "name": "valid_perf",
    "meaning": "an accuracy",
    "split": "validation",
    "higher_is_better": True,
    "epochs": None,
    "seeds": "one run",
}
CONFIG = {"benchmark": "made-up <b>", "space": "s", "evaluations": 60}
LOWER = {**METRIC, "name": "loss", "higher_is_better": False}
ABOUT = {
    "size": SIZE,
    "metrics": {"valid": METRIC, "test": LOWER, "time": None},
    "versions": {"archrank": "0.1.0"},
    "commands": ["archrank compare strategies made-up"],
    "date": "2030-01-01",
}


def row(strategy="guided", seed=0, index=None, parallel=1, timed=False, error=None, size=60):
    if index is None:
        index = np.random.default_rng([seed, len(strategy)]).permutation(SIZE)[:size].tolist()
    done = {
        "index": index,
        "valid": [None if np.isnan(VALID[i]) else VALID[i] for i in index],
        "test": [None if np.isnan(VALID[i]) else TEST[i] for i in index],
        "reason": ["random"] * len(index),
        "seconds_proposing": [0.25] * len(index),
        "began": None,
        "ended": [3600.0 * (i + 1) for i in range(len(index))] if timed else None,
        "seconds": 2.0,
    }
    task = {
        "strategy": strategy,
        "settings": f"<{strategy}>",
        "parallel": parallel,
        "asynchronous": False,
        "seed": seed,
        "error": error,
    }
    return task | (dict.fromkeys(done) if error else done)


def best_first(strategy="evolution", seed=0):
    order = np.argsort(np.where(np.isnan(VALID), np.inf, -VALID)).tolist()
    return row(strategy, seed, [*order[100:109], *order[:51]])


def texts(rows, title):
    labels = Labels(VALID, -TEST)
    for name, _, sheet in summary_tables(lines_of(rows, labels, 60), labels, 60, test_sign=-1.0):
        if name == title:
            return sheet.headings, {line: [cell.text for cell in cells] for line, cells in sheet.lines}
    raise AssertionError(title)


def test_evaluations_needed_are_medians_that_may_be_beyond_the_budget():
    headings, lines = texts(
        [best_first(), best_first(seed=1), row(index=[0]), row(index=[0], seed=1)], "Evaluations needed"
    )
    assert headings == ["top 1% (20)", "found by", "top 0.1% (2)", "found by", "optimum (1)", "found by"]
    assert lines["evolution"] == ["10", "2 of 2"] * 3
    assert lines["guided"] == [">60", "0 of 2"] * 3
    assert lines["random (exact)"][:2] == ["68 (29–134)", f"{1 - comb(1980, 60) / comb(2000, 60):.1%}"]


def test_values_are_in_the_unit_of_the_metric_and_the_incumbent_by_validation():
    _, lines = texts([best_first()], "Best so far")
    assert lines["evolution"] == ["0.9995"] * 2
    _, lines = texts([best_first()], "Test label of the incumbent")
    assert lines["evolution"][1] == "0.0005"


def test_sample_efficiency_is_against_random_search_and_what_is_no_guided_search():
    rows = [row(seed=s) for s in range(3)] + [best_first("evolution")]
    _, lines = texts(rows, "Sample efficiency against evolution")
    assert list(lines) == ["guided"]
    _, lines = texts(rows, "Sample efficiency against random (exact)")
    # One of 2,000 takes random search 1,000 in the median.
    assert lines["evolution"] == ["20×", "16.7×"]


@pytest.mark.parametrize(
    "rows",
    [
        [row(seed=s) for s in range(3)] + [best_first()],
        [row()],
        [row(index=[0, 1])],
        [row(error="ValueError: <script>alert(1)</script>")],
        [row(parallel=w, timed=True, seed=s) for w in (1, 4) for s in range(2)],
        [row(), row("random:<b>", error="boom"), row("evolution", size=7)],
    ],
    ids=["two", "one", "nothing-found", "failed", "timed", "many"],
)
@pytest.mark.parametrize("tested", [True, False])
def test_a_report_of_anything(rows, tested, tmp_path):
    about = {**ABOUT, "metrics": {**ABOUT["metrics"], **({} if tested else {"test": None})}}
    save_labels(tmp_path, {"valid": VALID, "test": TEST if tested else None})
    page = write_strategy_report(tmp_path, rows, CONFIG, about).read_text()
    assert "<script>alert" not in page
    assert "made-up <b>" not in page
    assert not re.search(r"\b(nan|inf)\b", re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL))
    assert not re.search(r"(src|href)=\"http", page)
    tables = (tmp_path / "tables.md").read_text()
    assert not re.search(r"\b(nan|inf)\b", tables)
    assert "archrank compare strategies made-up" in tables
    for error in filter(None, (r["error"] for r in rows)):
        assert markdown(error) in tables
    plots = {path.stem for path in (tmp_path / "plots").glob("*")}
    finished = [r for r in rows if r["error"] is None]
    expected = {"regret", "needed"} | ({"test-regret"} if tested else set())
    expected |= {"hours"} if any(r["ended"] for r in finished) else set()
    assert plots == (expected if finished else set())
    for name in plots:
        ElementTree.parse(tmp_path / "plots" / f"{name}.svg")


def test_every_search_has_a_row_to_which_its_marks_lead(tmp_path):
    save_labels(tmp_path, {"valid": VALID, "test": TEST})
    rows = [row(seed=s) for s in (3, 5)] + [best_first(seed=9), row("broken", error="boom")]
    page = write_strategy_report(tmp_path, rows, CONFIG, ABOUT).read_text()
    table = re.search(r'id="searches".*?</table>', page, re.DOTALL)[0]
    lines = re.findall(r'<tr id="(e\d)">(.*?)</tr>', table)
    assert [
        (name, re.findall(r"<td>(.*?)</td>", cells)[0], re.findall(r'data-value="(\d+)">', cells)[1])
        for name, cells in lines
    ] == [("e1", "guided", "3"), ("e2", "guided", "5"), ("e3", "evolution", "9")]
    assert set(re.findall(r'href="#(e\d+)"', page)) == {"e1", "e2", "e3"}


LONG = [
    f"guided:encoder={encoder}:loss={loss}:acquisition=mean:initial=20:round=10:explore=0.1"
    for encoder in ("gates", "gcn", "lstm", "mlp")
    for loss in ("hinge", "mse")
]


def drawn(strategies):
    """Both plots of searches with such names."""
    rows = [row(strategy) for strategy in strategies]
    labels = Labels(VALID, None)
    lines = lines_of(rows, labels, 60)
    curves = {line.name: np.full((3, 60), 0.1) for line in lines}
    return search_plots.regret_figure(curves, "label"), search_plots.needed_figure(lines, labels, 60)


@pytest.mark.parametrize(
    "strategies", [["guided", *LONG], [LONG[0]], [f"random:{'very-' * 30}long"]], ids=["many", "one", "word"]
)
def test_long_names_leave_room_for_the_plot(strategies):
    for figure in drawn(strategies):
        figure.draw_without_rendering()
        width, height = figure.bbox.width, figure.bbox.height
        for legend in figure.legends:
            assert legend.get_window_extent().x1 <= width + 1
        assert sum(axes.get_window_extent().width for axes in figure.axes) > 0.4 * width
        assert all(axes.get_window_extent().height > 0.25 * height for axes in figure.axes)


def test_names_drawn_stay_apart_when_shared_options_are_left_out():
    names = ["guided", "guided:a=1", "guided:a=1:b=2", "evolution:a=1"]
    assert len(set(search_plots._shown(names).values())) == 4
    assert search_plots._shown(names[:1]) == {"guided": "guided"}


def test_the_headline_says_which_is_best(tmp_path):
    save_labels(tmp_path, {"valid": VALID, "test": None})
    about = {**ABOUT, "metrics": {**ABOUT["metrics"], "test": None}}

    def headline(rows):
        return pages.headline(write_strategy_report(tmp_path, rows, CONFIG, about))

    assert headline([row(), best_first()]) == (
        "evolution finds the best of made-up <b> with a median of 10 evaluations (1 seed); random search needs 1,000."
    )
    unclear = headline([row(index=[0, 1]), row("evolution", size=7)])
    assert re.match(
        r"After 60 evaluations no strategy is clearly nearer .* \(1 seed\): .* – \(guided\), \S+ \(random",
        unclear,
    )
    good = np.argsort(-np.nan_to_num(VALID))[4:40].tolist()
    thrice = [row(index=[0, 1]), *(row("evolution", seed=seed, index=good) for seed in range(3))]
    assert re.match(
        r"After 60 evaluations evolution is nearest .* \(3 seeds\): .* against – \(guided\), \S+ \(random",
        headline(thrice),
    )
    assert headline([row(index=[0])]) == "No search has measured anything in 60 evaluations."
    assert headline([row(error="boom")]) == "No search has finished."


def test_the_page_of_strategies_shows_hostile_names_as_text(tmp_path):
    # A strategy is named on the command line, where what is no UTF-8 is no name of a strategy.
    names = [name for name in HOSTILE if name and "\ud800" not in name]
    rows = [row(strategy=name) for name in names]
    rows.append(row(error=EVERYTHING))
    config = CONFIG | {"benchmark": EVERYTHING, "space": EVERYTHING}
    metrics = {
        name: metric and metric | {"name": EVERYTHING, "meaning": EVERYTHING}
        for name, metric in ABOUT["metrics"].items()
    }
    about = ABOUT | {"metrics": metrics, "commands": [EVERYTHING]}
    save_labels(tmp_path, {"valid": VALID, "test": TEST})
    words = harmless(write_strategy_report(tmp_path, rows, config, about))
    for name in names:
        assert " ".join(printable(name).split()) in words
