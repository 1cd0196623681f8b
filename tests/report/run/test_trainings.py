import json

import numpy as np

from archrank.plot.style import encode
from archrank.plot.training import Curve, learning_figure, read_curves
from archrank.report.run.trainings import training_figures
from archrank.system.trainings import training_folder


def write(folder, name, lines):
    place = folder / "trainings" / name
    place.mkdir(parents=True)
    (place / "curve.jsonl").write_text("\n".join(lines), encoding="utf-8")


def line(epoch, accuracy):
    return json.dumps({"epoch": epoch, "train_loss": 1.0, "valid_accuracy": accuracy})


def test_curves_that_were_cut_off_or_resumed(tmp_path):
    assert read_curves(tmp_path) == []
    # Killed in the third epoch, resumed from the first: what was told last counts.
    write(tmp_path, "a", [line(1, 0.1), line(2, 0.2), '{"epoch": 3, "valid', line(2, 0.25), line(3, None)])
    write(tmp_path, "b", ["", "[]", '{"epoch": 1}'])
    write(tmp_path, "c", [line(1, float("nan"))])
    write(tmp_path, "d", [line(1, 0.4)])
    a, d = read_curves(tmp_path)
    assert (a.epochs.tolist(), a.accuracies.tolist()) == ([1, 2], [0.1, 0.25])
    assert d.last == 0.4


def test_the_best_five_stand_out():
    curves = [Curve(np.arange(1, 4), np.array([0.9, np.nan, 0.1 * i])) for i in range(8)]
    text = encode(learning_figure(curves), ".svg").decode()
    assert [f"{rank}. ends at {value}" in text for rank, value in ((1, 0.7), (5, 0.3), (6, 0.2))] == [
        True,
        True,
        False,
    ]
    assert "3 other trainings" in text
    assert encode(learning_figure(curves[:1]), ".svg")


def test_a_curve_is_a_link_to_its_evaluation(tmp_path):
    for name in (
        training_folder("a"),
        training_folder("a", 1),
        training_folder("b"),
        training_folder("gone"),
    ):
        write(tmp_path, name, [line(1, 0.1), line(2, 0.2)])
    evaluations = [{"number": 4, "architecture": "a"}, {"number": 6, "architecture": "b"}]
    found = {"metric": "loss", "evaluations": evaluations}
    figures = training_figures(tmp_path, found, "loss", higher_is_better=False)
    links = [line.get_url() for line in figures["curves"].axes[0].lines]
    assert sorted(links, key=str) == ["#e5", "#e5", "#e7", None]


def result(sizes, values, **changes):
    evaluations = [
        {"value": value, "values": {"parameters": size}, "state": "measured"}
        for size, value in zip(sizes, values, strict=True)
    ]
    return {"metric": "loss", "objectives": {"loss": "minimize"}, "evaluations": evaluations} | changes


def drawn_front(figure):
    (found,) = [dots for dots in figure.axes[0].collections if dots.get_label() == "Pareto front found"]
    return sorted(found.get_offsets().tolist())


def test_size_against_the_metric_in_its_direction(tmp_path):
    found = result([2e6, 1e6, 3e6, None, 4e6], [0.2, 0.5, 0.3, 0.1, None])
    figures = training_figures(tmp_path, found, "loss", higher_is_better=False)
    assert list(figures) == ["parameters"]
    assert drawn_front(figures["parameters"]) == [[1.0, 0.5], [2.0, 0.2]]
    assert figures["parameters"].axes[0].get_xlabel() == "parameters, millions, lower is better"
    better = training_figures(tmp_path, found, "loss", higher_is_better=True)
    assert drawn_front(better["parameters"]) == [[1.0, 0.5]]
    infeasible = found["evaluations"][1] | {"state": "infeasible"}
    found["evaluations"][1] = infeasible
    assert drawn_front(training_figures(tmp_path, found, "loss", False)["parameters"]) == [[2.0, 0.2]]


def test_a_size_that_is_searched_by_or_hardly_known_has_no_picture(tmp_path):
    assert training_figures(tmp_path, result([5, None], [1.0, 2.0]), "loss", False) == {}
    searched = result([5, 6], [1.0, 2.0], objectives={"loss": "minimize", "parameters": "minimize"})
    assert training_figures(tmp_path, searched, "loss", False) == {}
