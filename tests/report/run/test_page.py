import base64
import json
import re
import zlib
from collections import Counter
from xml.etree import ElementTree

import numpy as np
import pytest

from archrank.benchmarks.table import Metric, Table
from archrank.graph import Cell, Graph, Site
from archrank.plot.bands import comparison_bands
from archrank.report.run import page as run_page
from archrank.report.run.page import write_report
from archrank.space import Choice, SearchSpace
from archrank.spaces import NASBench201
from archrank.system.text import printable
from hostile import EVERYTHING, HOSTILE, PRINTABLE
from pages import Checker, harmless

SPACE = NASBench201()


def made_up_table(higher=True, part=slice(None)):
    rows = SPACE.rows()[part]
    column = np.random.default_rng(5).normal(size=len(rows)) + (rows == 3).sum(axis=1)
    column = column if higher else -column
    metrics = (
        Metric("accuracy", "made-up accuracy", "validation", higher, 200, "mean of 3 runs"),
        Metric("test", "made-up accuracy", "test", higher),
    )
    return Table(
        "made-up", SPACE, rows, {"accuracy": column, "test": column + 1}, metrics, {"accuracy": "test"}
    )


def made_up_result(table, count=30, predicted=True, failed=(3,), **changes):
    sign = 1 if table.metric("accuracy").higher_is_better else -1
    evaluations = []
    for i, place in enumerate(np.random.default_rng(1).permutation(len(table))[:count].tolist()):
        value = None if i in failed else float(table.column("accuracy")[place])
        guided = predicted and i >= 10
        evaluations.append(
            {
                "number": i,
                "architecture": SPACE.format(table.architectures[place]),
                "value": value,
                "test_value": None if value is None else value + 1,
                "seconds": 0.01,
                "state": "failed" if value is None else "measured",
                "error": "ValueError: <script>alert(1)</script>" if value is None else None,
                "round": i // 10,
                "reason": "predicted" if guided else "random",
                "predicted": float(place) if guided else None,
            }
        )
    measured = [e for e in evaluations if e["value"] is not None]
    best = max(measured, key=lambda e: sign * e["value"]) if measured else None
    optimum = table.optimum("accuracy")[1]
    return {
        "benchmark": "made-up",
        "space": SPACE.name,
        "metric": "accuracy",
        "strategy": "guided",
        "budget": count,
        "seed": 1234,
        "evaluations": evaluations,
        "best": best
        and {
            "architecture": best["architecture"],
            "value": best["value"],
            "test_value": best["test_value"],
            "true_rank": table.true_rank(SPACE.parse(best["architecture"]), "accuracy"),
        },
        "optimum": optimum,
        "regret": best and sign * (optimum - best["value"]),
        "seconds": {"total": 75.0, "fit": 60.0, "propose": 5.0, "evaluate": 0.3},
        "command": None,
        "versions": {"archrank": "0.1.0"},
    } | changes


@pytest.fixture(scope="module")
def table():
    return made_up_table()


@pytest.fixture(scope="module")
def page(table, tmp_path_factory):
    return write_report(tmp_path_factory.mktemp("run"), made_up_result(table), SPACE, table)


def test_the_page_is_one_well_formed_file_that_needs_nothing_else(page):
    text = page.read_text("utf-8")
    Checker(text)
    assert "@import" not in text
    assert "http:" not in re.sub(r'xmlns="[^"]*"', "", text)
    assert "https:" not in text


def test_the_plots_are_also_files(page):
    names = {path.name for path in (page.parent / "plots").iterdir()}
    best = {f"best-{i}.svg" for i in range(1, 6)}
    assert names == {"search.svg", "predicted.svg", "distribution.svg"} | best
    for path in (page.parent / "plots").iterdir():
        ElementTree.parse(path)


def test_the_headline_says_what_was_found(page, table):
    result = made_up_result(table)
    words = Checker(page.read_text("utf-8")).words
    assert "The guided search evaluated 30 of 15,625 architectures (0.19%) of made-up" in words
    assert f"rank {result['best']['true_rank']:,} of all" in words
    assert f"{result['regret']:.3g} below the optimum" in words


def test_every_evaluation_is_listed_with_what_went_wrong(page, table):
    text = page.read_text("utf-8")
    words = Checker(text).words
    for evaluation in made_up_result(table)["evaluations"]:
        assert evaluation["architecture"] in words
    assert text.count('<tr class="failed" ') == text.count('<tr class="best" ') == 1
    assert "ValueError: <script>alert(1)</script>" in words
    assert "<script>alert" not in text


def test_dots_lead_to_rows(page, table):
    text = page.read_text("utf-8")
    rows = set(re.findall(r'<tr [^>]*id="e(\d+)"', text))
    assert rows == {str(number) for number in range(1, 31)}
    dots = re.findall(r'<a href="#e(\d+)"><use', text)
    # In two figures, each wide and narrow: all evaluations, and those that were predicted and measured.
    assert Counter(map(int, dots)) == {n: 2 + 2 * (n > 10) for n in range(1, 31)}
    assert "<a " not in (page.parent / "plots" / "search.svg").read_text("utf-8")


def test_letters_keep_their_scale(page):
    figure = re.search(r'<div class="picture plot wide">(.*?)</div>', page.read_text("utf-8"), re.DOTALL)[1]
    written = (page.parent / "plots" / "search.svg").read_text("utf-8")
    scales = re.findall(r"scale\([^)]*\)", figure)
    assert "scale(0.095 -0.095)" in scales
    assert sorted(scales) == sorted(re.findall(r"scale\([^)]*\)", written))


def test_every_architecture_has_a_drawing_in_the_page(page, table):
    packed = re.search(r'<template id="drawings">(.*?)</template>', page.read_text("utf-8"), re.DOTALL)[1]
    lines = zlib.decompress(base64.b64decode(packed), -zlib.MAX_WBITS).decode().splitlines()
    drawn = {}
    for line in lines:
        numbers, svg = line.split("\t")
        drawn |= dict.fromkeys(map(int, numbers.split(",")), ElementTree.fromstring(svg))
    evaluations = made_up_result(table)["evaluations"]
    assert sorted(drawn) == list(range(1, len(evaluations) + 1))
    for evaluation in evaluations:
        svg = drawn[evaluation["number"] + 1]
        assert evaluation["architecture"] in svg.get("aria-label")
        names = {text.text for text in svg.iter("{http://www.w3.org/2000/svg}text")}
        assert {word.split("~")[0] for word in re.findall(r"\w+~", evaluation["architecture"])} >= names - {
            "in",
            "out",
            "1",
            "2",
        }


def test_a_page_that_is_full_has_no_room_for_drawings_and_says_so(table, tmp_path, monkeypatch):
    monkeypatch.setattr(run_page, "_BYTES", 0)
    monkeypatch.setattr(run_page, "_ROOM", -1)
    text = write_report(tmp_path, made_up_result(table), SPACE, table).read_text("utf-8")
    assert len(re.search(r'<template id="drawings">(.*?)</template>', text, re.DOTALL)[1]) < 10
    assert "there is room for those of the best" in text


def test_the_share_of_random_picks_is_said(table, tmp_path):
    few = write_report(tmp_path, made_up_result(table, count=25), SPACE, table).read_text("utf-8")
    assert "10 at random (40%)" in Checker(few).words


def test_failures_are_counted_by_kind(table, tmp_path):
    result = made_up_result(table, failed=(3, 4, 5))
    for number, (kind, unrelated) in zip(
        (3, 4, 5), [("OSError", True), *[("RuntimeError", False)] * 2], strict=True
    ):
        result["evaluations"][number] |= {"failure": kind, "unrelated": unrelated}
    words = Checker(write_report(tmp_path, result, SPACE, table).read_text("utf-8")).words
    assert "failure evaluations related to the architecture RuntimeError 2 yes OSError 1 no" in words


def test_the_page_says_how_to_repeat_the_run(page):
    command = "archrank search made-up --budget 30 --strategy guided --metric accuracy --seed 1234"
    assert command in Checker(page.read_text("utf-8")).words


def test_the_metric_is_explained(page):
    words = Checker(page.read_text("utf-8")).words
    assert "accuracy (validation, mean of 3 runs), 200 epochs: made-up accuracy" in words


def test_the_given_command_is_the_one_shown(table, tmp_path):
    result = made_up_result(table, count=3, command="archrank search 'a b' --out <x>")
    words = Checker(write_report(tmp_path, result, SPACE, table).read_text("utf-8")).words
    assert "archrank search 'a b' --out <x>" in words


def test_lower_can_be_better(tmp_path):
    table = made_up_table(higher=False)
    result = made_up_result(table)
    words = Checker(write_report(tmp_path, result, SPACE, table).read_text("utf-8")).words
    assert "above the optimum" in words
    assert f"1. accuracy −{-result['best']['value']:.5g}" in words


@pytest.mark.parametrize(
    "changes",
    [
        {"count": 1, "failed": ()},
        {"count": 1, "failed": (0,)},
        {"count": 4, "failed": (0, 1, 2, 3)},
        {"count": 12, "predicted": False},
        {"count": 12, "evaluations": [], "best": None, "regret": None},
    ],
    ids=["one", "one failed", "all failed", "no predictions", "nothing yet"],
)
@pytest.mark.parametrize("known", [True, False], ids=["table", "own evaluator"])
def test_unusual_runs_have_a_report_too(table, tmp_path, changes, known):
    result = made_up_result(table, **changes)
    if not known:
        result |= {"benchmark": None, "optimum": None, "regret": None}
        if result["best"]:
            result["best"]["true_rank"] = None
    words = Checker(write_report(tmp_path, result, SPACE, table if known else None).read_text("utf-8")).words
    assert ("none of them gave a value" in words) == (result["best"] is None)
    assert not re.search(r"True rank \d", words) or known


def test_optional_keys_may_be_missing(tmp_path):
    text = SPACE.format(SPACE.architecture((3, 3, 3, 3, 3, 3)))
    result = {
        "space": SPACE.name,
        "metric": "accuracy",
        "evaluations": [{"number": 0, "architecture": text, "value": 1}],
        "best": {"architecture": text, "value": 1},
    }
    words = Checker(write_report(tmp_path, result, SPACE).read_text("utf-8")).words
    assert "evaluated 1 architecture of nas-bench-201" in words


class Hostile(SearchSpace):
    """A space whose every name would be markup if it were not escaped."""

    name = "<b>bold</b>"
    choices = (Choice("<i>", ("<u>x</u>", '"&quot;')),)
    operations = ("<u>x</u>", '"&quot;')
    summary = "</p><h1>"

    def graph(self, architecture):
        return Graph((Cell(1, 2, (Site(self.operations[architecture.choices[0]], (0,), 1),), (1,)),))


def test_names_are_text_never_markup(tmp_path):
    space = Hostile()
    text = json.dumps({"<i>": '"&quot;'})
    result = {
        "space": space.name,
        "metric": "</title><em>",
        "strategy": "<s>",
        "seed": "'\"><img src=x>",
        "evaluations": [{"number": 0, "architecture": text, "value": 1.0, "reason": "<q>"}],
        "best": {"architecture": text, "value": 1.0},
        "versions": {"<a href='x'>": "</dl>"},
        "settings": {"<k>": ["<v>"]},
    }
    page = write_report(tmp_path, result, space).read_text("utf-8")
    words = Checker(page).words
    for name in (space.name, text, "</title><em>", "<q>", "'\"><img src=x>"):
        assert name in words


def test_same_run_same_page(table, tmp_path):
    result = made_up_result(table, count=12)
    pages = [write_report(tmp_path / name, result, SPACE, table).read_bytes() for name in ("a", "b")]
    assert pages[0] == pages[1]


def test_comparisons_follow_the_metrics_direction_and_the_tables_completeness():
    complete, part = made_up_table(), made_up_table(part=slice(0, 500))
    assert [band.label.split(",")[0] for band in comparison_bands(complete, "accuracy", 30)] == [
        "random search",
        "evolution",
    ]
    assert len(comparison_bands(part, "accuracy", 30)) == 1
    for band in comparison_bands(made_up_table(higher=False), "accuracy", 30):
        assert np.all(np.diff(band.middle) <= 0)
        assert np.all(band.low >= band.middle)
        assert np.all(band.middle >= band.high)


class EveryTrouble(SearchSpace):
    """A space whose every name is trouble."""

    name = EVERYTHING
    choices = (Choice(EVERYTHING, HOSTILE),)
    operations = HOSTILE
    summary = EVERYTHING
    cell_names = (EVERYTHING,)

    def graph(self, architecture):
        return Graph((Cell(1, 2, (Site(self.operations[architecture.choices[0]], (0,), 1),), (1,)),))


def hostile_result(**changes):
    space = EveryTrouble()
    evaluations = [
        {
            "number": i,
            "architecture": space.format(space.architecture((i,))),
            "value": None if i == 3 else 0.1 * i,
            "values": {} if i == 3 else {PRINTABLE: 0.1 * i, "other": -0.1 * i},
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
        "metric": PRINTABLE,
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
    words = harmless(write_report(tmp_path, hostile_result(), EveryTrouble()))
    for name in HOSTILE:
        assert " ".join(printable(name).split()) in words


def test_the_page_of_a_search_with_several_objectives_does_too(tmp_path):
    objectives = {PRINTABLE: "maximize", "other": "minimize"}
    plain = hostile_result()
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
    harmless(write_report(tmp_path, result, EveryTrouble()))
    assert {path.stem for path in (tmp_path / "plots").iterdir()} >= {"pareto", "hypervolume", "best-1"}
