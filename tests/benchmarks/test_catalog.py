import os
from pathlib import Path

import numpy as np
import pytest

from archrank import benchmarks
from archrank.benchmarks import analog, hpolib, nasbench201_labels, nasbench_graph
from archrank.errors import TableError, UnknownName
from archrank.spaces import NASBench201
from archrank.testing import check_table

DATA = Path(os.environ.get("ARCHRANK_DATA", Path(__file__).parents[3] / "shared" / "data"))

SIZES = (
    {"analog-nasbench": 15_625, "nas-bench-graph-proteins": 2_021}
    | {f"nas-bench-201-{dataset}": 15_625 for dataset in nasbench201_labels.DATASETS}
    | {f"nas-bench-graph-{dataset}": 26_206 for dataset in nasbench_graph.DATASETS if dataset != "proteins"}
)


IMPORTED = ("nasbench101", "nasbench201", "natsbench-tss", "natsbench-sss", "enas-macro")


def test_the_names_are_those_promised():
    assert tuple(benchmarks.names()[-len(IMPORTED) :]) == IMPORTED
    large = {f"hpolib-{dataset}" for dataset in hpolib.DATASETS}
    grown = {"hierarchical-nas-bench-201-cifar10", "free-form-cifar10"}
    assert set(benchmarks.names()) == {*SIZES, *large, *grown, *IMPORTED}


@pytest.mark.parametrize("name", SIZES)
def test_every_benchmark_of_a_package_is_a_complete_table(name):
    table = benchmarks.load_benchmark(name)
    check_table(table, samples=20)
    assert table.name == name
    assert len(table) == SIZES[name]
    assert table.complete
    assert np.array_equal(table.rows, table.space.rows())
    missing = {metric.name for metric in table.metrics if np.isnan(table.column(metric.name)).any()}
    assert missing == ({"validation_accuracy_3"} if "nas-bench-201" in name else set())
    assert benchmarks.source(name).space().digest == table.space.digest


def test_an_unknown_benchmark_gets_the_closest_name():
    with pytest.raises(UnknownName, match="did you mean 'nas-bench-graph-cora'"):
        benchmarks.load_benchmark("nas-bench-graph-corra")


def test_analog_nasbench_is_as_measured():
    table = benchmarks.load_benchmark("analog-nasbench")
    assert table.metrics[0].name == "baseline_accuracy"
    assert len(table.metrics) == 13
    column = table.column("baseline_accuracy")
    assert (column.min(), column.max()) == (10.0, 94.0664)
    assert table.optimum()[1] == 94.0664


def test_analog_nasbench_reads_operations_and_edges_in_the_packages_order():
    """A cell all of whose paths are cut stays at chance; one 3×3 convolution on 0→3 does not."""
    table = benchmarks.load_benchmark("analog-nasbench")
    cut = table.space.parse("|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|none~0|none~1|none~2|")
    open_ = table.space.parse("|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|")
    assert table.value(cut) == 10.0
    assert table.value(open_) > 80.0


def test_analog_nasbench_agrees_with_independent_trainings():
    """Of all orders of operations and edges the right one agrees best; a wrong one would hardly correlate."""
    path = DATA / "nasbench201" / "nasbench201.parquet"
    if not path.is_file():
        pytest.skip("needs nasbench201/nasbench201.parquet in the folder that ARCHRANK_DATA names")
    import pyarrow.parquet as pq

    other = pq.read_table(path).to_pydict()
    space = NASBench201()
    texts = next(column for column in other.values() if isinstance(column[0], str) and "~" in column[0])
    accuracy = next(v for k, v in other.items() if "cifar10" in k and "test" in k and "cifar100" not in k)
    table = benchmarks.load_benchmark("analog-nasbench")
    ours = np.array([table.value(space.parse(text)) for text in texts])
    ranks = [np.argsort(np.argsort(values)) for values in (ours, np.array(accuracy, dtype=float))]
    assert np.corrcoef(*ranks)[0, 1] > 0.9


def test_nas_bench_graph_selects_by_validation_and_reports_test():
    table = benchmarks.load_benchmark("nas-bench-graph-cora")
    assert table.metric().name == "valid_perf"
    assert table.test_metrics == {"valid_perf": "perf"}
    assert [table.metric(m).split for m in ("valid_perf", "perf", "latency", "para")] == [
        "validation",
        "test",
        "none",
        "none",
    ]
    assert [m.higher_is_better for m in table.metrics] == [True, True, False, False]
    assert "accuracy" in table.metric().meaning
    assert "ROC-AUC" in benchmarks.load_benchmark("nas-bench-graph-proteins").metric().meaning


def test_nas_bench_graph_values_stand_at_their_keys():
    """The first two records of the package's file: keys 0 and 10000, four and four operations."""
    table = benchmarks.load_benchmark("nas-bench-graph-cora")
    four_gat = '{"link": [0, 0, 0, 0], "operations": ["gat", "gat", "gat", "gat"]}'
    two_levels = '{"link": [0, 0, 0, 1], "operations": ["gat", "gat", "gat", "gat"]}'
    assert table.value(table.space.parse(four_gat)) == 0.7733333333333334
    assert table.value(table.space.parse(two_levels)) == 0.7993333333333333


def test_proteins_keys_count_in_nine_operations_too():
    """Key 1111 is four times gcn, the second of nine operations, though proteins has gcn first of five."""
    table = benchmarks.load_benchmark("nas-bench-graph-proteins")
    four_gcn = table.space.parse('{"link": [0, 0, 0, 0], "operations": ["gcn", "gcn", "gcn", "gcn"]}')
    assert table.value(four_gcn) == pytest.approx(0.7763333333333333, abs=1e-3)


@pytest.mark.parametrize(
    ("module", "content", "load"),
    [
        (analog, {(0, 0, 0, 0, 0, 9): object()}, analog.load),
        (analog, {"cell": 1}, analog.load),
        (analog, [], analog.load),
        (nasbench_graph, {99999: {}}, lambda: nasbench_graph.load("cora")),
        (nasbench_graph, {0: {"valid_perf": 0.5}}, lambda: nasbench_graph.load("cora")),
        (nasbench_graph, {"x": {}}, lambda: nasbench_graph.load("cora")),
        (nasbench_graph, {10**30: {}}, lambda: nasbench_graph.load("cora")),
        (nasbench_graph, 5, lambda: nasbench_graph.load("cora")),
    ],
)
def test_a_table_laid_out_differently_is_refused(module, content, load, monkeypatch):
    monkeypatch.setattr(module, "package_pickle", lambda *args: content)
    with pytest.raises(TableError, match="not laid out as expected"):
        load()


def test_an_architecture_that_the_space_writes_otherwise_is_refused(monkeypatch):
    numbers = {"valid_perf": 0.5, "perf": 0.5, "latency": 0.5, "para": 0.5}
    # Tree 0 with operations cheb, gcn: the published table sorts them.
    monkeypatch.setattr(nasbench_graph, "package_pickle", lambda *args: {3111: numbers})
    with pytest.raises(TableError, match="should be written"):
        nasbench_graph.load("cora")
