import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from archrank.benchmarks import import_table, load_benchmark
from archrank.benchmarks.files import write_table
from archrank.cli.compare import app
from archrank.errors import ArchrankError, RunFolderError
from archrank.experiments.splits import split
from archrank.spaces import NASBench101, NASBench201
from archrank.study.folder import RunFolder
from official_files import cells, records, tfrecord

SPACE = NASBench201()
TINY = ["--epochs", "2", "--seeds", "1", "--workers", "1"]


def compare(*words):
    result = CliRunner().invoke(app, list(map(str, words)))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def rows(folder):
    return pq.read_table(folder / "results.parquet").to_pylist()


@pytest.fixture
def own(tmp_path):
    """A small table of a user's own."""
    chosen = SPACE.architectures(SPACE.rows()[::200])
    path = tmp_path / "mine.csv"
    write_table(
        path,
        {
            "architecture": [SPACE.format(a) for a in chosen],
            "loss": [-float(sum(a.choices)) - a.choices[0] / 10 for a in chosen],
            "constant": [1.0] * len(chosen),
        },
    )
    return ["--table", path, "--space", "nas-bench-201", "--minimize", "loss"]


def test_a_table_of_ones_own_gone_on_with_and_grown(own, tmp_path):
    out = tmp_path / "out"
    common = ["encoders", *own, *TINY, "--out", out]
    compare(*common, "--encoders", "gates,mlp", "--sizes", "5,10")
    first = rows(out)
    assert [(r["encoder"], r["size"], r["seed"], r["error"]) for r in first] == [
        (encoder, size, 0, None) for encoder in ("gates", "mlp") for size in (5, 10)
    ]
    assert {"tau", "n_at_5", "n_at_10", "precision_at_5%", "seconds_fit", "loss"} <= first[0].keys()
    assert {path.name for path in (out / "plots").iterdir()} == {"tau.svg", "precision.svg", "n-at-k.svg"}

    grown = json.loads(
        compare(*common, "--encoders", "mlp", "--losses", "hinge,mse", "--sizes", "10", "--json")
    )
    assert grown == rows(out)
    assert [(r["encoder"], r["loss"], r["size"]) for r in grown] == [
        ("mlp", "hinge", 10),
        ("mlp", "mse", 10),
        ("gates", "hinge", 5),
        ("gates", "hinge", 10),
        ("mlp", "hinge", 5),
    ]
    assert all(each in grown for each in first)
    assert "| mlp + mse | – |" in (out / "tables.md").read_text()

    (out / "report.html").unlink()
    compare("report", out, "--tau", "last")
    assert "after the last epoch" in (out / "report.html").read_text()
    with pytest.raises(RunFolderError, match=r"another configuration \(epochs: 2 there, 3 now;"):
        compare(*common, "--encoders", "mlp", "--sizes", "5", "--epochs", "3")
    few = SPACE.architectures(SPACE.rows()[:79])
    write_table(own[1], {"architecture": [SPACE.format(a) for a in few], "loss": list(range(79))})
    with pytest.raises(RunFolderError, match="data: "):
        compare(*common, "--encoders", "mlp", "--sizes", "5")


def test_the_papers_protocol_on_an_official_file(tmp_path, data_folder):
    official = tmp_path / "nasbench_only108.tfrecord"
    by_hash = dict(sorted(cells(NASBench101(vertices=5), 200).items()))  # as the official records are
    official.write_bytes(tfrecord(records(by_hash)))
    import_table("nasbench101", official, partial=True)
    out = tmp_path / "out"
    compare(
        "encoders", "nasbench101", "--encoders", "mlp", "--split", "prefix", "--test", "10%", "--sizes", "5%,100%",
        "--seeds", "2", "--epochs", "1", "--workers", "1", "--out", out,
    )  # fmt: skip
    assert [(r["size"], r["subset_seed"], r["seed"]) for r in rows(out)] == [
        (size, 0, seed) for size in (9, 180) for seed in (0, 1)
    ]
    config = json.loads((out / "config.json").read_text())["config"]
    assert config["metric"] == config["test_metric"] == "validation_accuracy"
    assert (config["pool"], config["test"]) == ([0, 180], [180, 200])
    # The pool is the first 180 records, and the label the mean of the three trainings.
    table = load_benchmark("nasbench101")
    pool = split(table, "prefix", test="10%").pool
    hashes = [table.space.module_hash(table.architectures[place]) for place in pool]
    assert hashes == list(by_hash)[:180]
    _, trainings = by_hash[hashes[0]]
    mean = np.mean([run["final_validation_accuracy"] for run in trainings["108"]])
    assert table.column("validation_accuracy")[pool[0]] == pytest.approx(mean)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--encoders", "gates,gcm"], "unknown encoder 'gcm'; did you mean 'gcn'?"),
        (["--encoders", ","], "unknown encoder ','"),
        (["--losses", "hing"], "unknown loss 'hing'; did you mean 'hinge'?"),
        (["--split", "randon"], "unknown split 'randon'; did you mean 'random'?"),
        (["--metric", "los"], "did you mean 'loss'?"),
        (["--tau", "first"], "unknown tau 'first'"),
        (["--sizes", "5,50"], "the size 50 is above the pool of 39 architectures"),
        (["--metric", "constant"], "all 39 targets of the pool are 1"),
        (["--test-metric", "constant"], "all 40 targets of the test part are 1"),
        (["--workers", "0"], "workers is 0"),
        (["analog-nasbench"], "name what to compare on"),
        (["--space", "nas-bench-2O1"], "did you mean 'nas-bench-201'?"),
    ],
)
def test_mistakes_are_messages_and_leave_nothing(own, tmp_path, change, message):
    with pytest.raises(ArchrankError) as refused:
        compare(
            "encoders", *own, *TINY, "--sizes", "5", "--encoders", "mlp", "--out", tmp_path / "out", *change
        )
    assert message in str(refused.value)
    assert not (tmp_path / "out" / "results.parquet").exists()


def test_a_folder_of_something_else_is_refused(own, tmp_path):
    common = ["encoders", *own, *TINY, "--sizes", "5", "--encoders", "mlp", "--out"]
    with pytest.raises(ArchrankError, match="holds no results of a comparison"):
        compare("report", tmp_path)
    write_table(tmp_path / "results.parquet", {"a": [1]})
    with pytest.raises(RunFolderError, match=r"no config\.json that says of what"):
        compare(*common, tmp_path)
    with RunFolder.open(tmp_path / "busy", {}), pytest.raises(RunFolderError, match="is in use by process"):
        compare(*common, tmp_path / "busy")
    with pytest.raises(ArchrankError, match="needs --space"):
        compare("encoders", "--table", own[1])
