"""Figures of the result of a search, as a notebook asks for them."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import archrank as ar
from archrank.errors import ArchrankError, UnknownName
from archrank.plot.style import encode


@pytest.fixture(scope="module")
def table():
    return ar.load_benchmark("analog-nasbench")


@pytest.fixture(scope="module")
def searched(table):
    return ar.search(table, strategy="guided", effort="fast", budget=25, seed=3)


def several(space, names, budget=12, **options):
    def evaluate(architecture):
        return {name: float(sum(architecture.choices[i::2])) for i, name in enumerate(names)}

    objectives = {name: ("maximize", "minimize")[i % 2] for i, name in enumerate(names)}
    return ar.search(space, evaluate, strategy="random", budget=budget, objectives=objectives, **options)


def labels(axes):
    legends = [axes.get_legend(), *axes.figure.legends]
    return [text.get_text() for legend in legends if legend for text in legend.get_texts()]


def drawn(axes):
    assert isinstance(axes, Axes)
    encode(axes.figure, ".svg")
    return axes


def test_the_curve_ends_at_the_best_value_and_shows_the_optimum(searched, table):
    axes = drawn(ar.plot.curve(searched, compare=False))
    best = next(line for line in axes.lines if line.get_label() == "this run, best so far")
    assert best.get_ydata()[-1] == searched.best_value
    assert len(best.get_ydata()) == 25
    assert "the optimum, 94.066" in labels(axes)
    assert "baseline_accuracy" in axes.get_ylabel()


def test_the_curve_compares_with_random_search_and_evolution(searched):
    axes = drawn(ar.plot.curve(searched))
    assert [label.split(",")[0] for label in labels(axes)][1:3] == ["random search", "evolution"]


def test_a_function_draws_into_given_axes(searched):
    given = Figure().subplots(1, 2)
    assert ar.plot.curve(searched, compare=False, ax=given[0]) is given[0]
    assert ar.plot.predicted(searched, ax=given[1]) is given[1]
    assert given[0].get_xlabel() == "number of evaluations"
    assert given[0].get_legend() is not None
    drawn(given[0])


def test_only_what_was_predicted_is_compared_with_its_prediction(searched):
    axes = drawn(ar.plot.predicted(searched))
    dots = sum(len(points.get_offsets()) for points in axes.collections)
    assert dots == sum(e.predicted is not None for e in searched.evaluations) == 15
    with pytest.raises(ArchrankError, match=r"0 of the 4 evaluations were predicted"):
        ar.plot.predicted(ar.search(searched.table, strategy="random", budget=4))


def test_the_front_of_two_objectives(table):
    result = several(table.space, ["a", "b"])
    axes = drawn(ar.plot.pareto(result))
    front = next(c for c in axes.collections if c.get_label() == "Pareto front found")
    found = sorted((e.values["a"], e.values["b"]) for e in result.front)
    assert sorted(map(tuple, np.asarray(front.get_offsets()).tolist())) == found
    assert axes.get_xlabel() == "a, higher is better"
    assert axes.get_ylabel() == "b, lower is better"


def test_two_of_three_objectives_can_be_chosen(table):
    result = several(table.space, ["a", "b", "c"])
    assert ar.plot.pareto(result, ["c", "b"]).get_xlabel() == "c, higher is better"
    with pytest.raises(UnknownName, match="unknown objective 'd'"):
        ar.plot.pareto(result, ["a", "d"])


def test_the_hypervolume_never_falls(table):
    axes = drawn(ar.plot.hypervolume(several(table.space, ["a", "b"])))
    assert np.all(np.diff(axes.lines[0].get_ydata()) >= 0)


def test_the_front_of_a_table_is_shown(table):
    objectives = {"baseline_accuracy": "maximize", "analog_accuracy": "maximize"}
    result = ar.search(table, strategy="random", budget=10, objectives=objectives)
    assert "Pareto front of the table" in labels(drawn(ar.plot.pareto(result)))
    assert "% of the whole table's" in ar.plot.hypervolume(result).get_ylabel()


def test_the_distribution_needs_a_table(searched, table):
    assert "the 25 evaluated" in labels(drawn(ar.plot.distribution(searched)))
    result = ar.search(table.space, lambda architecture: 1.0, strategy="random", budget=3)
    with pytest.raises(ArchrankError, match="not the result of searching a table"):
        ar.plot.distribution(result)


def test_learning_curves_are_read_from_the_folder(tmp_path):
    folder = tmp_path / "trainings" / "x"
    folder.mkdir(parents=True)
    (folder / "curve.jsonl").write_text(
        '{"epoch": 1, "valid_accuracy": 0.5}\n{"epoch": 2, "valid_accuracy": 0.7}\n{"epo'
    )
    axes = drawn(ar.plot.learning_curves(tmp_path))
    assert axes.lines[0].get_ydata().tolist() == [0.5, 0.7]
    with pytest.raises(ArchrankError, match="holds no learning curves"):
        ar.plot.learning_curves(folder)


@pytest.mark.parametrize("name", ["curve", "predicted", "pareto", "hypervolume", "distribution"])
def test_mistakes_are_told(name, searched):
    plot = getattr(ar.plot, name)
    with pytest.raises(ArchrankError, match="is no SearchResult"):
        plot({"evaluations": []})
    if name in ("pareto", "hypervolume"):
        with pytest.raises(ArchrankError, match="objectives"):
            plot(searched)
    else:
        with pytest.raises(ArchrankError, match=r"ax is 'left', expected matplotlib axes"):
            plot(searched, ax="left")


def test_no_display_and_no_pyplot_is_needed(tmp_path):
    code = (
        "import archrank as ar, sys\n"
        "assert 'matplotlib' not in sys.modules\n"
        "result = ar.search(ar.load_benchmark('analog-nasbench'), strategy='random', budget=5)\n"
        "ar.plot.curve(result, compare=False).figure.savefig('x.png')\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def fitted(table):
    cells = table.architectures[::400]
    return ar.auto(table.space, effort="fast").fit(cells, [table.value(cell) for cell in cells])


def test_importance_shows_the_largest_effects_first(fitted):
    explanation = fitted.explain()
    axes = ar.plot.importance(explanation, most=4)
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == list(explanation.choices)[:4]
    assert [bar.get_width() for bar in axes.patches] == [explanation.choices[name] for name in names]
    assert axes.yaxis_inverted()
    assert "2 more" in axes.get_xlabel()
    assert ar.plot.importance(fitted).get_xlabel() == "effect of each choice on the predictions"


def test_importance_of_a_ranking_has_its_deviations_and_draws_into_axes(table, tmp_path):
    measured = table.to_pandas().iloc[::600][["architecture", "baseline_accuracy"]]
    measured.to_csv(tmp_path / "measured.csv", index=False)
    ranking = ar.rank(
        table.space, tmp_path / "measured.csv", target="baseline_accuracy", effort="fast", top=3
    )
    axes = Figure().add_subplot()
    assert ar.plot.importance(ranking, ax=axes) is axes
    assert ranking.explanation.choice_std
    assert len(axes.containers) == 2  # bars, and their deviations


def test_importance_needs_something_that_explains(fitted):
    with pytest.raises(ArchrankError, match="does not say what its predictions depend on"):
        ar.plot.importance([1, 2])
    with pytest.raises(ArchrankError, match="nothing that was measured has an effect"):
        ar.plot.importance(replace(fitted.explain(), choices={}, groups={}))
    assert "group of features" in ar.plot.importance(replace(fitted.explain(), choices={})).get_xlabel()
