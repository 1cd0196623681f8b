import re
from xml.etree import ElementTree

import pytest

import pages
from archrank.experiments.fits import curve_ks
from archrank.plot.fits import Measure, label, measures_of, percent
from archrank.report.rankings.page import write_ranking_report
from archrank.report.rankings.tables import ranking_table
from archrank.system.text import markdown, printable
from hostile import EVERYTHING, HOSTILE
from pages import harmless

TESTED = 500
TAU = Measure("tau", "Kendall's tau", "")
METRIC = {
    "name": "valid_perf",
    "meaning": "an accuracy",
    "split": "validation",
    "higher_is_better": True,
    "epochs": None,
    "seeds": "one run",
}
CONFIG = {
    "benchmark": "made-up <b>",
    "space": "s",
    "split": "random",
    "same_subset": False,
    "epochs": 9,
    "members": 1,
}
ABOUT = {
    "rows": "encoders",
    "tau": "last-5",
    "split": "All in a random order.",
    "pool": 1000,
    "test": TESTED,
    "metrics": [METRIC, METRIC],
    "versions": {"archrank": "0.1.0"},
    "commands": ["archrank compare encoders made-up"],
    "date": "2030-01-01",
}


def row(encoder="gates", size=100, seed=0, tau=0.5, loss="hinge", error=None, simplify=False):
    ks = curve_ks(TESTED)
    done = {
        "tau": tau,
        "tau_last": None if tau is None else tau - 0.1,
        "spearman": tau,
        "precision_at_1%": 0.25,
        "precision_at_5%": 0.5,
        "tau_in_top_10%": None,
        "tau_in_top_50%": 0.125,
        "curve_k": ks,
        "precision_curve": [k / TESTED for k in ks],
        "seconds": 2.0,
    }
    for k in (1, 5, 10, 20):
        done |= {f"n_at_{k}": 20 // k + seed, f"n_at_{k}_share": (20 // k + seed) / TESTED}
    task = {
        "encoder": encoder,
        "loss": loss,
        "simplify": simplify,
        "size": size,
        "seed": seed,
        "error": error,
    }
    return task | (dict.fromkeys(done) if error else done)


def grid():
    return [
        row(encoder, size, seed, tau=base + size / 1000 + seed / 100)
        for encoder, base in (("mlp", 0.3), ("gates", 0.6))
        for size in (50, 100)
        for seed in (0, 1, 2)
    ]


def texts(rows, measure=TAU, what="encoders"):
    made = ranking_table(rows, measure, what, 1000)
    return made.headings, {name: [cell.text for cell in cells] for name, cells in made.lines}


def test_means_come_with_their_deviation_and_the_best_is_marked():
    headings, lines = texts(grid())
    assert headings == ["50 (5%), n = 3", "100 (10%), n = 3"]
    assert lines == {
        "mlp": ["0.360 ± 0.010", "0.410 ± 0.010"],
        "gates": ["0.660 ± 0.010", "0.710 ± 0.010"],
    }
    best = {
        name: [cell.best for cell in cells]
        for name, cells in ranking_table(grid(), TAU, "encoders", 1000).lines
    }
    assert best == {"mlp": [False, False], "gates": [True, True]}


def test_ranks_are_medians_with_their_share_and_low_is_best():
    (rank,) = [m for m in measures_of(grid()) if m.column == "n_at_5"]
    rows = [row("a", seed=0), row("a", seed=1), row("a", seed=5), row("b", seed=9)]
    made = ranking_table(rows, rank, "encoders", 1000)
    assert made.headings == ["100 (10%)"]
    assert [cells[0].text for _, cells in made.lines] == ["5 (1%) [n = 3]", "13 (2.6%) [n = 1]"]
    assert [cells[0].best for _, cells in made.lines] == [True, False]


def test_what_is_undefined_is_said_and_no_nan_is_shown():
    _, lines = texts([row("a", tau=None), row("a", seed=1), row("b", tau=None), row("b", size=50)])
    assert lines == {"a": ["–", "0.500 [n = 2, undefined in 1 of 2]"], "b": ["0.500", "undefined in 1 of 1"]}


def test_fits_that_failed_are_left_out():
    assert texts([row(), row(seed=1, error="boom")])[0] == ["100 (10%), n = 1"]


def test_lines_are_called_by_what_tells_them_apart():
    rows = [row(), row("gcn", loss="mse"), row(simplify=True)]
    assert [label(r, rows, "encoders") for r in rows] == [
        "gates + hinge",
        "gcn + mse",
        "gates + hinge, simplified",
    ]
    assert [label(r, rows, "losses") for r in rows] == [
        "hinge + gates",
        "mse + gcn",
        "hinge + gates, simplified",
    ]
    assert label(rows[0], rows[::2], "encoders") == "gates"


def test_the_tau_that_is_asked_for_is_shown():
    assert measures_of(grid(), "last-5")[0].column == "tau"
    assert measures_of(grid(), "last")[0].column == "tau_last"
    assert "tau_in_top_10%" not in [m.column for m in measures_of(grid())]  # no row has it


@pytest.mark.parametrize(("share", "text"), [(190 / 381_262, "0.05%"), (0.5, "50%"), (22 / 42_362, "0.052%")])
def test_shares(share, text):
    assert percent(share) == text


@pytest.mark.parametrize(
    "rows",
    [
        grid(),
        [row()],
        [row(tau=None)],
        [row(error="ValueError: <script>alert(1)</script>")],
        [row(size=s, seed=i) for s in (20, 50, 100, 300) for i in (0, 1)] + [row("mlp", 50, error="boom")],
    ],
    ids=["grid", "one", "undefined", "failed", "many-sizes"],
)
def test_a_report_of_anything(rows, tmp_path):
    page = write_ranking_report(tmp_path, rows, CONFIG, ABOUT).read_text()
    assert "<script>alert" not in page
    assert "made-up <b>" not in page
    assert "nan" not in re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL).replace("finance", "")
    assert not re.search(r"(src|href)=\"http", page)
    tables = (tmp_path / "tables.md").read_text()
    assert "nan" not in tables
    assert "archrank compare encoders made-up" in tables
    for error in filter(None, (r["error"] for r in rows)):
        assert markdown(error) in tables
    plots = (
        sorted(path.stem for path in (tmp_path / "plots").glob("*")) if (tmp_path / "plots").exists() else []
    )
    assert plots == ([] if all(r["error"] for r in rows) else ["n-at-k", "precision", "tau"])
    for name in plots:
        ElementTree.parse(tmp_path / "plots" / f"{name}.svg")


def test_the_headline_says_which_is_best(tmp_path):
    def headline(rows):
        return pages.headline(write_ranking_report(tmp_path, rows, CONFIG, ABOUT))

    assert "gates ranks the 500 held-out architectures" in headline(grid())
    assert "best at every training size: Kendall's tau 0.660 from 50 to 0.710 from 100" in headline(grid())
    once = [row("a", 50, tau=0.9), row("b", 50, tau=0.1), row("a", 100, tau=0.2), row("b", 100, tau=0.3)]
    assert headline(once).startswith(
        "No clear winner on the 500 held-out architectures of made-up <b>. With 50, 100 training architectures 1 seed "
        "does not tell the best from all others. The highest means are those of a, b."
    )
    for tied in (0.1, 0.9):
        alike = [row(name, 50, seed=seed, tau=tied) for name in "ab" for seed in range(5)]
        assert headline(alike).startswith("No clear winner")
    crossing = [{**each, "seed": seed, "tau": each["tau"] + seed / 100} for each in once for seed in range(3)]
    assert "depends on the number of training architectures: a with 50; b with 100." in headline(crossing)
    assert headline([row(error="boom")]) == "No fit has finished."


def test_the_same_rows_make_the_same_page(tmp_path):
    first = write_ranking_report(tmp_path, [row()], CONFIG, ABOUT).read_bytes()
    assert write_ranking_report(tmp_path, [row()], CONFIG, ABOUT).read_bytes() == first


def test_the_page_of_a_ranking_shows_hostile_names_as_text(tmp_path):
    rows = [row(encoder=name, tau=0.1 * i) for i, name in enumerate(HOSTILE)]
    rows.append(row(error=EVERYTHING))
    config = CONFIG | {"benchmark": EVERYTHING, "space": EVERYTHING, "split": EVERYTHING}
    about = ABOUT | {
        "split": EVERYTHING,
        "commands": [EVERYTHING],
        "versions": {EVERYTHING: EVERYTHING},
    }
    words = harmless(write_ranking_report(tmp_path, rows, config, about))
    table = (tmp_path / "tables.md").read_text("utf-8")
    for name in HOSTILE:
        assert " ".join(printable(name).split()) in words
        assert f"\n| {markdown(name)} |" in table


def test_every_fit_has_a_row_to_which_its_dot_leads(tmp_path):
    rows = [row("mlp", tau=0.25), row("gates", error="boom"), row("gates", seed=7, tau=0.5)]
    page = write_ranking_report(tmp_path, rows, CONFIG, ABOUT).read_text()
    table = re.search(r'id="fits".*?</table>', page, re.DOTALL)[0]
    lines = dict(re.findall(r'<tr id="(e\d)">(.*?)</tr>', table))
    assert {
        name: [re.search("<td>(.*?)</td>", cells)[1], *re.findall(r'data-value="([\d.]+)"', cells)[1:4]]
        for name, cells in lines.items()
    } == {"e1": ["mlp", "100", "0", "0.25"], "e3": ["gates", "100", "7", "0.5"]}
    assert set(re.findall(r'href="#(e\d+)"', page)) == {"e1", "e3"}
