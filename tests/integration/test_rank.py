"""`archrank rank` through the real command line."""

import csv
import json
import subprocess
import sys

import numpy as np
import pytest

import archrank as ar
from archrank.benchmarks import load_benchmark
from archrank.benchmarks.files import write_table
from archrank.predictors import load_predictor
from archrank.ranking import kendall_tau

ARCHRANK = [sys.executable, "-m", "archrank.cli.main"]


def rank(*words, code=0):
    done = subprocess.run([*ARCHRANK, "rank", *map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


def read(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def table():
    return load_benchmark("analog-nasbench")


@pytest.fixture(scope="module")
def train(table, tmp_path_factory):
    path = tmp_path_factory.mktemp("rank") / "measured.csv"
    chosen = np.random.default_rng(0).choice(len(table), 60, replace=False)
    write_table(
        path,
        {
            "architecture": [table.space.format(table.architectures[i]) for i in chosen],
            "accuracy": table.column()[chosen],
            "loss": -table.column()[chosen],
        },
    )
    return path


def test_the_whole_space_is_ranked_without_what_was_measured(table, train, tmp_path):
    out = tmp_path / "ranked.csv"
    done = rank(
        "nas-bench-201", "--train", train, "--target", "accuracy", "--out", out, "--top", 200, "--effort", "fast",
        "--save", tmp_path / "predictor",
    )  # fmt: skip
    assert "the best 200 of 15,565 architectures" in " ".join(done.stdout.split())
    assert "The ranking rests on (effects from 0 to 1 ± standard deviation): groups graph" in " ".join(
        done.stdout.split()
    )
    rows = read(out)
    assert [int(r["rank"]) for r in rows] == list(range(1, 201))
    predicted = [float(r["predicted"]) for r in rows]
    assert predicted == sorted(predicted, reverse=True)
    assert all(float(r["std"]) > 0 for r in rows)
    best = [table.space.parse(r["architecture"]) for r in rows]
    measured = {r["architecture"] for r in read(train)}
    assert not measured & {r["architecture"] for r in rows}
    # Ranked by 60 labels, the 200 best predicted are far better than architectures at large.
    assert np.mean([table.value(a) for a in best]) > np.quantile(table.column(), 0.75)
    # The predictions are in percent, and the saved predictor has the same order.
    assert abs(np.mean([table.value(a) for a in best]) - np.mean(predicted)) < 3
    saved = load_predictor(tmp_path / "predictor", table.space)
    assert (np.diff(saved.predict(best)) <= 1e-6).all()


def test_lower_can_be_better_and_candidates_can_be_given(table, train, tmp_path):
    candidates = tmp_path / "candidates.jsonl"
    some = [table.architectures[i] for i in np.random.default_rng(1).choice(len(table), 32, replace=False)]
    write_table(candidates, {"architecture": [table.space.format(a) for a in some]})
    common = (
        "nas-bench-201",
        "--train",
        train,
        "--candidates",
        candidates,
        "--top",
        40,
        "--effort",
        "fast",
        "--json",
    )
    printed = json.loads(rank(*common, "--target", "accuracy", "--out", tmp_path / "a.parquet").stdout)
    up, explanation = printed["ranking"], printed["explanation"]
    assert printed["target"] == "accuracy"
    assert set(printed["quality"]) == {"measured", "tau", "interval"}
    assert printed["quality"]["measured"] == printed["measured"]
    assert printed["candidates"] >= len(up)
    assert set(explanation) == {"groups", "choices", "group_std", "choice_std"}
    assert set(explanation["choices"]) == set(explanation["choice_std"])
    words = ("--target", "loss", "--minimize", "--out", tmp_path / "b.jsonl")
    down = json.loads(rank(*common, *words).stdout)["ranking"]
    assert [r["architecture"] for r in up] == [r["architecture"] for r in down]
    assert np.allclose([r["predicted"] for r in up], [-r["predicted"] for r in down])
    assert np.allclose([r["std"] for r in up], [r["std"] for r in down])
    truth = [table.value(table.space.parse(r["architecture"])) for r in up]
    assert len(up) == len(some)
    assert kendall_tau([r["predicted"] for r in up], truth) > 0.4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("--target", "acuracy"), "accuracy"),
        (("--encoder", "gate"), "did you mean 'gates'"),
        (("--loss", "hinged"), "did you mean 'hinge'"),
        (("--top", "0"), "--top 0"),
        (("--out", "ranked.txt"), "unknown kind of table '.txt'"),
        (("--train", "absent.csv"), "absent.csv"),
    ],
)
def test_mistakes_are_messages(train, tmp_path, change, message):
    words = {"--train": train, "--target": "accuracy", "--out": tmp_path / "r.csv"} | {change[0]: change[1]}
    done = rank("nas-bench-201", *[w for pair in words.items() for w in pair], code=2)
    assert message in " ".join(done.stderr.split())


def test_with_several_columns_the_target_must_be_named(train, tmp_path):
    done = rank("nas-bench-201", "--train", train, "--out", tmp_path / "r.csv", code=2)
    assert "the target: accuracy, loss" in " ".join(done.stderr.split())


def test_a_benchmarks_name_stands_for_its_space_and_one_column_needs_no_name(table, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    some = table.architectures[5000:5030]
    write_table("few.csv", {"architecture": [table.space.format(a) for a in some], "y": list(range(30))})
    rank(
        "analog-nasbench",
        "--train",
        "few.csv",
        "--candidates",
        "few.csv",
        "--include-measured",
        "--effort",
        "fast",
    )
    assert [int(r["rank"]) for r in read(tmp_path / "ranked.csv")] == list(range(1, 21))


def test_an_unknown_space_names_the_closest(train, tmp_path):
    done = rank("nas-bench-21", "--train", train, "--target", "accuracy", "--out", tmp_path / "r.csv", code=2)
    assert "did you mean 'nas-bench-201'" in " ".join(done.stderr.split())


def test_hints_from_more_rows_than_have_the_target(table, train, tmp_path):
    """Cheap labels of many architectures, most of which lack the target: they are hints, and stay candidates."""
    known = [table.space.parse(row["architecture"]) for row in read(train)][:20]
    targets = {a: table.value(a) for a in known}
    others = [table.architectures[i] for i in np.random.default_rng(2).choice(len(table), 400, replace=False)]
    everyone = list(dict.fromkeys([*known, *others]))
    text = [table.space.format(a) for a in everyone]
    cheap = [table.value(a) for a in everyone]  # a short training that says the same
    write_table(
        tmp_path / "both.csv",
        {"architecture": text, "full": [targets.get(a, "") for a in everyone], "cheap": cheap},
    )
    write_table(tmp_path / "full.csv", {"architecture": text[:20], "full": list(targets.values())})
    write_table(tmp_path / "cheap.csv", {"architecture": text, "cheap": cheap})
    common = ("nas-bench-201", "--predictor", "gaussian-process", "--target", "full", "--top", 200)
    done = rank(
        *common, "--train", tmp_path / "both.csv", "--hint", "cheap", "--out", tmp_path / "one-file.csv",
        "--save", tmp_path / "predictor",
    )  # fmt: skip
    assert "learned from 20 measured ones" in " ".join(done.stdout.split())
    assert "hints from cheap" in " ".join(done.stdout.split())
    rank(
        *common, "--train", tmp_path / "full.csv", "--hint", f"{tmp_path / 'cheap.csv'}:cheap",
        "--out", tmp_path / "two-files.csv",
    )  # fmt: skip
    rank(*common, "--train", tmp_path / "full.csv", "--out", tmp_path / "plain.csv")
    hinted, plain = read(tmp_path / "one-file.csv"), read(tmp_path / "plain.csv")
    assert hinted == read(tmp_path / "two-files.csv")
    best = [table.space.parse(row["architecture"]) for row in hinted]
    assert not set(best) & set(known)
    worth = [
        np.mean([table.value(table.space.parse(r["architecture"])) for r in rows]) for rows in (hinted, plain)
    ]
    assert worth[0] > worth[1]
    again = load_predictor(tmp_path / "predictor", table.space).predict(best)
    assert (np.diff(again) <= 1e-6).all()


def test_python_gives_the_same_ranking(table, train, tmp_path):
    best = ar.rank(table.space, train, "accuracy", 30, effort="fast", seed=3)
    rank(
        "nas-bench-201", "--train", train, "--target", "accuracy", "--top", 30, "--effort", "fast", "--seed", 3,
        "--out", tmp_path / "ranked.jsonl",
    )  # fmt: skip
    with (tmp_path / "ranked.jsonl").open(encoding="utf-8") as file:
        assert [json.loads(line) for line in file] == best.to_pandas().to_dict("records")


def test_hints_that_cannot_be_learnt_from(train, tmp_path):
    common = ("nas-bench-201", "--train", train, "--target", "accuracy", "--out", tmp_path / "ranked.csv")
    assert "takes no hints" in rank(*common, "--hint", "loss", "--predictor", "neural", code=2).stderr
    assert "no such file" in rank(*common, "--hint", "none.csv:loss", code=2).stderr
    assert "did you mean 'loss'" in rank(*common, "--hint", "los", code=2).stderr


def test_how_a_table_is_written_is_found_or_named(table, train, tmp_path):
    lines = [line.rsplit(",", 2) for line in train.read_text(encoding="utf-8").splitlines()[1:]]
    messy = tmp_path / "messy.csv"
    cells = [
        f"{cell};{'OOM' if i < 3 else accuracy.replace('.', ',')}"
        for i, (cell, accuracy, _) in enumerate(lines)
    ]
    messy.write_bytes("\n".join(["# température", "arch;accuracy", *cells]).encode("latin-1"))
    common = ("nas-bench-201", "--train", messy, "--effort", "fast", "--out", tmp_path / "ranked.tsv")
    assert "--encoding latin-1" in rank(*common, code=2).stderr
    assert "--architecture-column" in rank(*common, "--encoding", "latin-1", code=2).stderr
    done = rank(*common, "--encoding", "latin-1", "--architecture-column", "arch", "--top", 3)
    assert "3 rows of" in " ".join(done.stderr.split())
    assert "learned from 57 measured ones" in " ".join(done.stdout.split())
    assert (
        (tmp_path / "ranked.tsv")
        .read_text(encoding="utf-8")
        .startswith("architecture\tpredicted\tstd\trank\n")
    )


def test_zero_cost_scores_are_a_prior_of_few_measurements(tmp_path, train):
    few, out = tmp_path / "few.csv", tmp_path / "ranked.csv"
    few.write_text("".join(train.read_text(encoding="utf-8").splitlines(keepends=True)[:7]), encoding="utf-8")
    words = ("nas-bench-201", "--train", few, "--target", "accuracy", "--effort", "fast", "--out", out)
    shown = rank(*words, "--zero-cost", "--sample", 2, "--proxies", "parameters").stdout
    assert "zero-cost scores" in " ".join(shown.split())
    assert (tmp_path / "ranked.zero-cost.jsonl").read_text().count("\n") == 8
    shown = rank(*words, "--scores", f"{train}:accuracy").stdout
    assert "prior of zero-cost scores" in " ".join(shown.split())


def test_a_ranking_without_measurements_is_written_and_continues(tmp_path):
    out = tmp_path / "ranked.csv"
    words = ("nas-bench-201", "--zero-cost", "--sample", 3, "--proxies", "parameters, layers", "--out", out)
    shown = rank(*words).stdout
    assert "nothing was trained" in shown
    rows = read(out)
    assert [row["rank"] for row in rows] == ["1", "2", "3"]
    kept = (tmp_path / "ranked.zero-cost.jsonl").read_text()
    assert kept.count("\n") == 3
    ranked = json.loads(rank(*words, "--json").stdout)["ranking"]
    assert [row["architecture"] for row in ranked] == [row["architecture"] for row in rows]
    assert (tmp_path / "ranked.zero-cost.jsonl").read_text() == kept
    product = json.loads(rank(*words, "--combine", "az-nas", "--json").stdout)["ranking"]
    assert all(row["score"] <= 0 for row in product)  # sums of logarithms of shares
    assert (tmp_path / "ranked.zero-cost.jsonl").read_text() == kept


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nas-bench-201",), "--train names no measured architectures"),
        (
            ("nas-bench-201", "--zero-cost", "--target", "x", "--effort", "fast"),
            "leave out --target, --effort",
        ),
        (("nas-bench-201", "--sample", 3, "--train", "x.csv"), "options of --zero-cost"),
        (("nas-bench-201", "--combine", "az-nas", "--train", "x.csv"), "options of --zero-cost"),
        (("nas-bench-201", "--zero-cost", "--combine", "best"), "Allowed: mean, az-nas"),
        (("nas-bench-201", "--scores", "zen"), "leave out --scores, or give --train"),
        (
            ("nas-bench-201", "--scores", "zen", "--zero-cost", "--train", "x.csv"),
            "leave out --zero-cost, which",
        ),
        (("nas-bench-201", "--zero-cost", "--proxies", "nwot"), "did you mean 'naswot'"),
        (("nas-bench-graph", "--zero-cost"), "nas-bench-graph cannot be built"),
    ],
)
def test_zero_cost_options_that_do_not_fit(words, message, tmp_path):
    done = rank(*words, "--out", tmp_path / "ranked.csv", code=2)
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
