"""The fixed grid: what a lost cell is, the simple predictors, and a grid that grows."""

import subprocess
import sys

import numpy as np
import pytest

from archrank.benchmarks import load_benchmark
from archrank.errors import RunFolderError, UnknownName
from archrank.experiments import compare_suite, suite
from archrank.experiments.grid import read_rows
from archrank.experiments.one_hot import INPUTS, XGBOOST, inputs_of, rivals
from archrank.experiments.suite_page import cells_of
from archrank.ranking import kendall_tau
from archrank.spaces import HierarchicalNASBench201, HPOLib, NASBench201

TABLE = "nas-bench-graph-proteins"


def rows_of(table, auto, rival, part="fast"):
    """Rows with the taus of auto and of one rival."""
    both = [(part, "auto", auto), ("rivals", "ridge, one-hot", rival)]
    return [
        {
            "table": table,
            "size": 50,
            "part": which,
            "seed": seed,
            "taus": [tau],
            "predictors": [name],
            "error": None,
        }
        for which, name, taus in both
        for seed, tau in enumerate(taus)
    ]


def test_a_cell_is_lost_to_what_is_significantly_better_by_more_than_five_thousandths():
    noise = np.array([-0.01, 0.01] * 10)
    rows = rows_of("won", 0.7 + noise, np.full(20, 0.6))
    rows += rows_of("lost", 0.69 + noise / 10, np.full(20, 0.7))
    rows += rows_of("by little", 0.696 + noise / 100, np.full(20, 0.7))
    rows += rows_of("uncertain", 0.69 + 5 * noise, np.full(20, 0.7))
    cells = cells_of(rows)
    assert [cell.table for cell in cells] == ["lost", "uncertain", "by little", "won"]
    assert [cell.lost_to for cell in cells] == [["ridge, one-hot"], [], [], []]
    assert cells[0].differences["ridge, one-hot"] == pytest.approx((-0.01, 0.00048, 20), abs=1e-4)
    assert cells[3].tau == pytest.approx(0.7)


def test_only_training_sets_of_both_are_paired():
    rows = rows_of("short", [0.5, 0.6, 0.9], [0.4, 0.5])
    (cell,) = cells_of(rows)
    assert cell.differences["ridge, one-hot"][0] == pytest.approx(0.1)
    assert cell.differences["ridge, one-hot"][2] == 2
    assert cells_of(rows_of("alone", [0.5], [0.4])) == []


def test_a_competitor_that_gives_all_the_same_score_has_a_tau_of_zero():
    (cell,) = cells_of(rows_of("even", [0.5, 0.6], [float("nan"), 0.4]))
    assert cell.differences["ridge, one-hot"][0] == pytest.approx((0.5 + 0.2) / 2)


def test_simple_predictors_rank_and_paths_and_counts_join_one_hot_choices():
    space = NASBench201()
    rows = np.random.default_rng(0).permutation(space.rows())[:400]
    inputs = inputs_of(space, rows)
    assert list(inputs) == list(INPUTS)
    assert inputs["one-hot"].shape == (len(rows), 30)
    assert (inputs["one-hot"].sum(axis=1) == 6).all()
    assert inputs[INPUTS[1]].shape[1] > 60
    truth = (rows == 3).sum(axis=1) + 0.3 * (rows == 2).sum(axis=1)
    for name, rival in rivals().items():
        for x in inputs.values():
            tau = kendall_tau(rival(x[:150], truth[:150], x[150:]), truth[150:])
            assert tau > 0.75, name


def test_simple_predictors_see_the_active_choices_of_open_spaces_and_count_their_operations():
    space = HPOLib()
    rows = np.random.default_rng(0).permutation(space.rows())[:300]
    inputs = inputs_of(space, rows)
    assert inputs["one-hot"].shape == (300, 34)
    assert (inputs["one-hot"].sum(axis=1) == 9).all()
    truth = np.array([dict(each.choices)["activation 1"] == "relu" for each in rows], dtype=float)
    truth += [0.5 * (dict(each.choices)["activation 2"] == "relu") for each in rows]
    truth += np.log([dict(each.choices)["units 1"] for each in rows])
    for name, rival in rivals().items():
        for x in inputs.values():
            assert kendall_tau(rival(x[:150], truth[:150], x[150:]), truth[150:]) > 0.7, name
    conditional = HierarchicalNASBench201()
    rows = conditional.pack(conditional.sample(50, np.random.default_rng(0)))
    one_hot, counted = inputs_of(conditional, rows).values()
    assert one_hot.sum(axis=1).tolist() == [len(each.choices) for each in rows]
    assert len(set(one_hot.sum(axis=1))) > 1
    assert counted.shape[1] > one_hot.shape[1]


def test_xgboost_is_computed_once_it_is_installed(monkeypatch, tmp_path):
    pytest.importorskip("xgboost", reason="needs the competitor XGBoost: pip install xgboost-cpu")
    monkeypatch.setattr(suite, "_MANY", 2)
    how = {"tables": [TABLE], "efforts": ["fast"], "sizes": [50]}
    with monkeypatch.context() as without:
        without.setattr("archrank.experiments.one_hot.installed", lambda module: False)
        text = compare_suite(tmp_path, **how).read_text(encoding="utf-8")
    assert "- XGBoost is not installed" in text
    assert "| XGBoost" not in text
    before = read_rows(tmp_path)
    text = compare_suite(tmp_path, **how).read_text(encoding="utf-8")
    assert all(f"| XGBoost, {inputs} |" in text for inputs in INPUTS)
    assert "not installed" not in text
    (cell,) = cells_of(read_rows(tmp_path))
    assert {cell.differences[f"XGBoost, {inputs}"][2] for inputs in INPUTS} == {2}
    added = [row for row in read_rows(tmp_path) if row["part"] == XGBOOST]
    assert len(read_rows(tmp_path)) == len(before) + len(added) == 6
    assert all(0 < tau < 1 for row in added for tau in row["taus"])


def test_ridge_finds_its_penalty():
    rng = np.random.default_rng(0)
    x, slopes = rng.normal(size=(60, 5)), np.array([1.0, -2.0, 0.0, 0.5, 3.0])
    predicted = rivals()["ridge"](x, x @ slopes + 1, np.eye(5))
    assert predicted == pytest.approx(slopes + 1, abs=0.01)
    noise = rng.normal(size=60)
    assert np.abs(rivals()["ridge"](x, noise, np.eye(5)) - noise.mean()).max() < 0.2


def test_the_grid_grows_and_nothing_is_done_twice(monkeypatch, tmp_path):
    monkeypatch.setattr(suite, "_MANY", 2)
    page = compare_suite(tmp_path, tables=[TABLE], efforts=["fast"], sizes=[50])
    text = page.read_text(encoding="utf-8")
    assert f"1 of the {2 * 5 * len(suite.TABLES)} cells of the grid are computed. " in text
    assert f"| {TABLE} | 50 | fast | 2 |" in text
    assert "its GaussianProcess" in text
    every = "50, 100, 200, 400, 800 labels"  # rows are never removed
    assert f"- analog-nasbench: not computed yet: fast with {every}; balanced with {every}\n" in text
    assert (
        f"- {TABLE}: not computed yet: fast with {every.removeprefix('50, ')}; balanced with {every}\n"
        in text
    )
    before = read_rows(tmp_path)
    assert len(before) == (6 if XGBOOST in rivals() else 4)
    small = load_benchmark(TABLE).select(["latency"])
    compare_suite(tmp_path, tables=["mine"], efforts=["fast"], sizes=[50], more={"mine": small})
    after = read_rows(tmp_path)
    assert [row for row in after if row["table"] == TABLE] == [
        {**row, "seconds": pytest.approx(row["seconds"])} for row in before
    ]
    assert f"2 of the {2 * 5 * (1 + len(suite.TABLES))} cells" in page.read_text(encoding="utf-8")
    other = load_benchmark(TABLE).select(["para"])
    with pytest.raises(RunFolderError, match="mine"):
        compare_suite(tmp_path, tables=["mine"], more={"mine": other})


def test_what_is_not_at_hand_remains_in_the_page(monkeypatch, tmp_path):
    monkeypatch.setenv("ARCHRANK_DATA", str(tmp_path / "empty"))
    page = compare_suite(tmp_path / "out", tables=["natsbench-sss"])
    assert "archrank import natsbench-sss" in page.read_text(encoding="utf-8")


def test_unknown_names_and_foreign_folders_are_refused(tmp_path):
    with pytest.raises(UnknownName, match="nas-bench-graph-protein'"):
        compare_suite(tmp_path, tables=["nas-bench-graph-protein"])
    with pytest.raises(UnknownName, match="quick"):
        compare_suite(tmp_path, efforts=["quick"])
    (tmp_path / "config.json").write_text('{"config": {"compare": "strategies"}, "environment": {}}')
    with pytest.raises(RunFolderError, match="compare"):
        compare_suite(tmp_path, tables=[TABLE])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--suite", "--seeds", "4", "--metric", "x"], "leave out --metric, --seeds"),
        (["--suite", "--sizes", "70"], "the grid has 50, 100, 200, 400, 800 labels"),
        (["analog-nasbench", "--efforts", "fast"], "--efforts is an option of --suite"),
        (["nosuch", "--suite"], "nosuch"),
    ],
)
def test_the_command_refuses_what_the_grid_fixes(words, said, tmp_path):
    command = [sys.executable, "-m", "archrank.cli.main", "compare", "predictors", *words]
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "out")], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
