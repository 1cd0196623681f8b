"""The reports of comparisons in a real browser: hover, legend, slider, rows, download, keys, and a phone."""

import json

import numpy as np
import pytest
from browser import Browser, found

from archrank.report.rankings import write_ranking_report
from archrank.report.strategies import write_strategy_report
from archrank.simulation.files import save_labels

pytestmark = [pytest.mark.full, pytest.mark.skipif(found() is None, reason="needs a browser")]

SIZE, BUDGET, SEEDS = 500, 40, 4
VALID = np.random.default_rng(1).permutation(SIZE) / SIZE
METRIC = {
    "name": "accuracy", "meaning": "made up", "split": "validation", "higher_is_better": True, "epochs": None,
    "seeds": "one run",
}  # fmt: skip
CONFIG = {"benchmark": "made-up", "space": "s", "split": "random", "same_subset": False}
SAID = {"versions": {"archrank": "0.2.0"}, "commands": ["archrank compare …"], "date": "2030-01-01"}


def search(strategy, seed):
    index = np.random.default_rng([seed, len(strategy)]).permutation(SIZE)[:BUDGET].tolist()
    return {
        "strategy": strategy, "settings": strategy, "parallel": 1, "asynchronous": False, "seed": seed,
        "error": None, "index": index, "valid": VALID[index].tolist(), "test": None, "began": None, "ended": None,
        "reason": ["random"] * BUDGET, "seconds_proposing": [0.25] * BUDGET, "seconds": 2.0,
    }  # fmt: skip


def searches(folder, seeds=SEEDS):
    save_labels(folder, {"valid": VALID, "test": None})
    # Two strategies find the same, so that their lines coincide.
    rows = [search(name, seed) for name in ("guided", "twins1") for seed in range(seeds)]
    about = {"size": SIZE, "metrics": {"valid": METRIC, "test": None, "time": None}, **SAID}
    config = {"benchmark": "made-up", "space": "s", "evaluations": BUDGET}
    return write_strategy_report(folder, rows, config, about)


def fit(predictor, size, seed):
    tau = 0.5 + size / 1000 + len(predictor) / 100 + seed / 200
    return {
        "predictor": predictor, "size": size, "seed": seed, "error": None, "simplify": False, "seconds": 1.0,
        "tau": tau, "tau_last": tau, "spearman": tau, "curve_k": [1, 10, 100], "precision_curve": [0.1, 0.5, 1.0],
        **{f"n_at_{k}": 7 - k for k in (1, 2, 3, 4)}, **{f"n_at_{k}": 3 for k in (5, 10, 20, 50, 100)},
        **{f"n_at_{k}_share": 0.01 for k in (5, 10)},
    }  # fmt: skip


def fits(folder):
    rows = [
        fit(name, size, seed) for name in ("trees", "gates") for size in (20, 50) for seed in range(SEEDS)
    ]
    about = {
        "rows": "predictors", "tau": "last", "split": "half", "pool": 250, "test": 250, "metrics": [METRIC] * 2, **SAID
    }  # fmt: skip
    return write_ranking_report(folder, rows, CONFIG, about)


@pytest.fixture(scope="module")
def browser():
    browser = Browser()
    yield browser
    browser.close()


@pytest.fixture(params=[searches, fits], ids=["strategies", "predictors"])
def page(request, browser, tmp_path):
    page = request.param(tmp_path)
    browser.open(page)
    yield page
    assert browser.errors == []
    assert browser.requests == [page.as_uri()]


def rows_of(page):
    return 2 * SEEDS if "strategies" in page.read_text(encoding="utf-8")[:1000] else 4 * SEEDS


def middle(browser, element):
    return browser.run(
        f"(() => {{ const it = {element}; it.scrollIntoView({{block: 'center'}}); "
        "const box = it.getBoundingClientRect(); return [box.left + box.width / 2, box.top + box.height / 2] })()"
    )


def painted(browser):
    browser.until("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")


KEY = "document.querySelector('.wide [data-key=name][data-method=\"0\"]')"
MARKS = "[...document.querySelectorAll('[data-method=\"0\"]:not([data-key])')]"


def test_the_mouse_reads_the_values_of_all_methods(browser, page):
    x, y = middle(browser, "document.querySelector('.wide > svg .cursor').parentElement")
    painted(browser)
    free = f"![...document.elementsFromPoint({x}, y)].some(it => it.closest('a')) && y"
    y = browser.run(f"[...Array(80).keys()].map(i => {y} - 120 + 3 * i).map(y => {free}).find(Boolean)")
    browser.mouse(x, y)
    said = browser.until(
        "document.querySelector('.cursor.seen') && document.getElementById('hint').textContent"
    )
    assert said.startswith(("after ", "20 training", "50 training"))
    names = json.loads(browser.run("document.querySelector('.readings').content.textContent"))["names"]
    assert all(name in said for name in names)
    assert browser.run("document.querySelector('.reader output').textContent").split(" · ")[0] in said


def test_a_mark_leads_to_its_row(browser, page):
    link = "document.querySelector('.wide > svg a')"
    number = browser.run(f"{link}.getAttribute('href').slice(2)")
    browser.run(f"{link}.dispatchEvent(new MouseEvent('click', {{bubbles: true, cancelable: true}}))")
    assert browser.run("document.getElementById('detail-title').textContent").endswith(f" {number}")
    said = browser.run("document.querySelector('#detail dl').textContent")
    assert "seed" in said
    assert browser.run("document.querySelector('tr.chosen').id") == f"e{number}"
    browser.key("Escape")
    assert browser.until("!document.getElementById('detail').open")


def test_the_mouse_over_a_mark_says_method_seed_and_value(browser, page):
    dot = "[...document.querySelectorAll('.wide > svg a')].at(-1)"
    place = middle(browser, dot)
    painted(browser)
    browser.mouse(place[0] - 200, place[1])
    browser.mouse(*place)
    said = browser.until(
        "!document.getElementById('hint').hidden && document.getElementById('hint').querySelector('dl').textContent"
    )
    assert "seed" in said
    assert any(name in said for name in ("guided", "twins1", "trees", "gates"))


def test_the_legend_hides_the_marks_of_a_method_in_all_figures(browser, page):
    assert browser.run(f"new Set({MARKS}.map(mark => mark.closest('.picture'))).size") >= 4
    browser.run(f"{KEY}.focus()")
    browser.key("Enter")
    assert browser.run(f"{MARKS}.every(mark => getComputedStyle(mark).display === 'none')")
    assert browser.run(f"{KEY}.getAttribute('aria-pressed')") == "false"
    hidden = browser.run(f"{KEY}.getAttribute('aria-label')")
    assert f"{hidden} " not in browser.run("document.querySelector('.reader output').textContent")
    browser.run(f"{KEY}.dispatchEvent(new MouseEvent('click', {{bubbles: true}}))")
    assert browser.run(f"{MARKS}.every(mark => getComputedStyle(mark).display !== 'none')")


def test_a_slider_reads_values_without_a_mouse(browser, page):
    slider = "document.querySelector('.reader input')"
    browser.run(f"{slider}.focus()")
    before = browser.run(f"{slider}.getAttribute('aria-valuetext')")
    browser.key("ArrowLeft")
    assert browser.run(f"{slider}.getAttribute('aria-valuetext')") != before


def test_rows_are_filtered_sorted_and_downloaded(browser, page):
    count = rows_of(page)
    browser.run(
        "(() => { const filter = document.querySelector('.tools input'); filter.value = 'guided gates'.split(' ')"
        ".find(word => document.querySelector('.explored tbody').textContent.includes(word)); "
        "filter.dispatchEvent(new Event('input')) })()"
    )
    assert browser.run("document.querySelector('.tools output').textContent") == f"{count // 2} of {count}"
    heading = "[...document.querySelectorAll('.explored th button')].find(b => b.textContent === 'seed')"
    for _ in range(2):
        browser.run(f"{heading}.dispatchEvent(new MouseEvent('click', {{bubbles: true}}))")
    browser.run(
        "HTMLAnchorElement.prototype.click = function () { window.name_of_file = this.download; "
        "window.file = new Promise(done => window.blob.text().then(done)) }"
    )
    browser.run("URL.createObjectURL = blob => { window.blob = blob; return '' }")
    browser.run(
        "document.querySelector('.tools button').dispatchEvent(new MouseEvent('click', {bubbles: true}))"
    )
    head, *lines = [line.split(",") for line in browser.run("window.file").strip().splitlines()]
    assert browser.run("window.name_of_file") in ("searches.csv", "fits.csv")
    assert len(lines) == count // 2
    seeds = [int(line[head.index("seed")]) for line in lines]
    assert seeds == sorted(seeds, reverse=True)


def test_a_phone_needs_no_scrolling_to_the_side(browser, page):
    browser.open(page, 390, 844)
    assert browser.run("document.documentElement.scrollWidth") <= 390


def test_many_searches_stay_below_3_mb(browser, tmp_path):
    assert searches(tmp_path, 100).stat().st_size < 3_000_000
