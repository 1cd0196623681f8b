"""The report of a search in a real browser: dots, rows, drawings, filter, download, keys, and a phone."""

import json

import numpy as np
import pytest
from browser import Browser, found

from archrank.benchmarks.table import Metric, Table
from archrank.report.run.page import write_report
from archrank.spaces import Darts, NASBench201
from archrank.system.trainings import training_folder

pytestmark = [pytest.mark.full, pytest.mark.skipif(found() is None, reason="needs a browser")]

SPACE = NASBench201()


def result_of(count, table):
    column = table.column("accuracy")
    places = np.random.default_rng(1).permutation(len(table))[:count].tolist()
    evaluations = [
        {
            "number": i,
            "architecture": SPACE.format(table.architectures[place]),
            "value": None if i == 3 else float(column[place]),
            "seconds": 1.5,
            "state": "failed" if i == 3 else "measured",
            "error": 'RuntimeError: "out", of memory' if i == 3 else None,
            "round": i // 10,
            "reason": "predicted" if i >= 10 else "random",
            "predicted": float(column[place]) if i >= 10 else None,
        }
        for i, place in enumerate(places)
    ]
    best = max((e for e in evaluations if e["value"] is not None), key=lambda e: e["value"])
    return {
        "benchmark": "made-up",
        "space": SPACE.name,
        "metric": "accuracy",
        "strategy": "guided",
        "budget": count,
        "seed": 0,
        "evaluations": evaluations,
        "best": {**best, "true_rank": None},
        "seconds": {"total": 75.0},
    }


@pytest.fixture(scope="module")
def table():
    rows = SPACE.rows()
    values = np.random.default_rng(5).normal(size=len(rows)) + (rows == 3).sum(axis=1)
    return Table("made-up", SPACE, rows, {"accuracy": values}, (Metric("accuracy", "made up", "validation"),))


@pytest.fixture(scope="module")
def page(table, tmp_path_factory):
    folder, result = tmp_path_factory.mktemp("run"), result_of(40, table)
    for evaluation in result["evaluations"][:8]:
        place = folder / "trainings" / training_folder(evaluation["architecture"])
        place.mkdir(parents=True)
        curve = [{"epoch": n, "valid_accuracy": n / (20 + evaluation["number"])} for n in range(1, 6)]
        (place / "curve.jsonl").write_text("\n".join(map(json.dumps, curve)), encoding="utf-8")
    return write_report(folder, result, SPACE, table)


@pytest.fixture(scope="module")
def browser():
    browser = Browser()
    yield browser
    browser.close()


@pytest.fixture(autouse=True)
def without_errors(browser, page):
    browser.open(page)
    yield
    assert browser.errors == []
    assert browser.requests == [page.as_uri()]


def evaluation(number, table):
    return result_of(40, table)["evaluations"][number - 1]


def dot(number):
    return f"document.querySelector('.wide > svg a[*|href=\"#e{number}\"]')"


def click(element):
    return f"{element}.dispatchEvent(new MouseEvent('click', {{bubbles: true, cancelable: true}}))"


def test_a_dot_opens_its_evaluation_with_its_drawing(browser, table):
    browser.run(click(dot(12)))
    assert browser.run("document.getElementById('detail-title').textContent") == "Evaluation 12"
    assert evaluation(12, table)["architecture"] in browser.until(
        "document.querySelector('#detail .picture svg')?.getAttribute('aria-label')"
    )
    said = browser.run("document.querySelector('#detail dl').textContent")
    assert "reasonpredicted" in said
    assert f"{evaluation(12, table)['value']:.6g}".replace("-", "−") in said
    assert browser.run("document.querySelector('tr.chosen').id") == "e12"
    browser.key("ArrowRight")
    assert browser.run("document.getElementById('detail-title').textContent") == "Evaluation 13"
    browser.key("Escape")
    assert browser.until("!document.getElementById('detail').open")


def test_the_mouse_over_a_dot_shows_what_it_is(browser, table):
    place = browser.run(
        f"(() => {{ const dot = {dot(21)}; dot.scrollIntoView({{block: 'center'}}); "
        "const box = dot.getBoundingClientRect(); return [box.left + box.width / 2, box.top + box.height / 2] })()"
    )
    browser.until("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")
    browser.mouse(place[0] - 150, place[1])
    browser.mouse(*place)
    assert browser.until(
        "!document.getElementById('hint').hidden && document.querySelector('#hint svg') && true"
    )
    assert "Evaluation 21" in browser.run("document.getElementById('hint').textContent")
    inside = browser.run(
        "(() => { const box = document.getElementById('hint').getBoundingClientRect(); "
        "return box.left >= 0 && box.top >= 0 && box.right <= innerWidth && box.bottom <= innerHeight })()"
    )
    assert inside


def test_a_learning_curve_leads_to_its_row(browser):
    line = "document.querySelector('.wide > svg a.line[*|href=\"#e7\"]')"
    place = browser.run(
        f"(() => {{ const line = {line}.querySelector('.target'); line.scrollIntoView({{block: 'center'}}); "
        "const at = line.getPointAtLength(line.getTotalLength() * .9).matrixTransform(line.getScreenCTM()); "
        "return [at.x, at.y] })()"
    )
    browser.until("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")
    browser.mouse(place[0] - 100, place[1] - 100)
    browser.mouse(*place)
    assert browser.until(
        "!document.getElementById('hint').hidden && document.querySelector('#hint b').textContent"
    ).startswith("Evaluation ")
    browser.run(click(line))
    assert browser.run("document.getElementById('detail-title').textContent") == "Evaluation 7"


def test_keys_go_from_dot_to_dot(browser):
    browser.run(f"{dot(1)}.focus()")
    browser.key("ArrowRight")
    assert browser.run("document.activeElement.getAttribute('aria-label')") == "evaluation 2"
    browser.key("Enter")
    assert browser.run("document.getElementById('detail-title').textContent") == "Evaluation 2"
    stops = browser.run("document.querySelectorAll('.wide > svg a[tabindex=\"0\"]').length")
    assert stops == browser.run(
        "[...document.querySelectorAll('.wide > svg')].filter(svg => svg.querySelector('a')).length"
    )


def test_rows_are_filtered_sorted_and_downloaded(browser, table):
    browser.run(
        "(() => { const filter = document.querySelector('.tools input'); filter.value = 'random'; "
        "filter.dispatchEvent(new Event('input')) })()"
    )
    assert browser.run("document.querySelector('.tools output').textContent") == "10 of 40"
    assert browser.run(f"{dot(12)}.classList.contains('off') && !{dot(2)}.classList.contains('off')")
    heading = "[...document.querySelectorAll('#evaluations th button')].find(b => b.textContent === 'value')"
    browser.run(click(heading))
    # The link that the page clicks is caught, and its file read.
    browser.run(
        "HTMLAnchorElement.prototype.click = function () { "
        "window.file = fetch ? new Promise(done => { const blob = window.blob; blob.text().then(done) }) : null }"
    )
    browser.run("URL.createObjectURL = blob => { window.blob = blob; return '' }")
    browser.run(click("document.querySelector('.tools button')"))
    lines = browser.run("window.file").strip().splitlines()
    assert lines[0].split(",")[0] == "#"
    assert lines[0].endswith("architecture,error")
    known = [e for e in result_of(40, table)["evaluations"][:10] if e["value"] is not None]
    numbers = [int(line.split(",")[0]) for line in lines[1:]]
    assert numbers[:9] == [e["number"] + 1 for e in sorted(known, key=lambda e: e["value"])]
    assert numbers[9] == 4
    assert lines[10].endswith(',"RuntimeError: ""out"", of memory"')


def test_a_figure_is_enlarged_and_shown_whole_again(browser):
    box = "document.querySelector('.wide > svg').getAttribute('viewBox')"
    whole = browser.run(box)
    for label in ("Enlarge", "Show all of it"):
        browser.run(click(f"document.querySelector('.zoom button[aria-label=\"{label}\"]')"))
        assert (browser.run(box) == whole) == (label != "Enlarge")


def test_the_text_of_an_architecture_is_copied(browser, table):
    browser.send("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
    browser.run(click("document.querySelector('#e5 a')"))
    browser.run(click("document.querySelector('[data-do=copy]')"))
    assert browser.until("document.querySelector('#detail output').textContent") in ("copied", "selected")


def test_a_phone_needs_no_scrolling_to_the_side(browser, page):
    browser.open(page, 390, 844)
    assert browser.run("document.documentElement.scrollWidth") <= 390
    sizes = json.loads(
        browser.run(
            "JSON.stringify([...document.querySelectorAll('.narrow')].map(p => [p.scrollWidth, p.clientWidth]))"
        )
    )
    assert sizes
    assert all(0 < inner <= outer for inner, outer in sizes)


def test_two_thousand_cells_of_darts_are_less_than_3_mb(browser, tmp_path, page):
    space, rng = Darts(), np.random.default_rng(0)
    evaluations = [
        {
            "number": i, "architecture": space.format(a), "value": float(rng.normal()), "seconds": 1.5,
            "state": "measured", "error": None, "round": i // 10, "reason": "predicted",
            "predicted": float(rng.normal()), "values": {},
        }
        for i, a in enumerate(space.sample(2_000, rng))
    ]  # fmt: skip
    best = {**max(evaluations, key=lambda e: e["value"]), "true_rank": None}
    named = {"benchmark": None, "space": space.name, "metric": "accuracy", "strategy": "guided", "seed": 0}
    result = {**named, "budget": 2_000, "evaluations": evaluations, "best": best, "seconds": {"total": 75.0}}
    large = write_report(tmp_path, result, space)
    assert large.stat().st_size < 3_000_000
    # The colors of so many rounds are a picture within the figure.
    browser.open(large)
    assert browser.errors == []
    browser.open(page)


def test_two_thousand_evaluations_are_less_than_3_mb(browser, table, tmp_path, page):
    large = write_report(tmp_path, result_of(2_000, table), SPACE, table)
    assert large.stat().st_size < 3_000_000
    browser.open(large)
    browser.run(click(dot(1_500)))
    assert browser.run("document.getElementById('detail-title').textContent") == "Evaluation 1500"
    browser.open(page)
