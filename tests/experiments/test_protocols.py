import numpy as np
import pytest

from archrank.benchmarks import Metric, checked_table, load_benchmark
from archrank.errors import TableError, UnknownName
from archrank.experiments.protocols import PROTOCOLS, protocol_of
from archrank.experiments.splits import sizes_of, split
from archrank.spaces import NASBench101, NASBench201

CELLS = NASBench201()
LABELS = ("cifar10_valid_accuracy_200", "cifar10_test_accuracy_200")


@pytest.fixture(scope="module")
def cells():
    values = {name: np.arange(len(CELLS), dtype=float) for name in LABELS}
    return checked_table("cells", CELLS, CELLS.rows(), values, [Metric(name, "", "test") for name in LABELS])


@pytest.fixture(scope="module")
def part():
    space = NASBench101()
    drawn = space.sample(400, np.random.default_rng(0))
    rows = np.unique(np.array([a.choices for a in drawn], dtype=np.int16), axis=0)
    measured = {"accuracy": np.arange(len(rows), dtype=float)}
    return checked_table("part", space, rows, measured, [Metric("accuracy", "", "validation")])


def made(name, table):
    rules = protocol_of(name, table)
    parts = split(
        table, rules.split, pool=rules.pool, test=rules.test, seed=rules.seed, overlap=rules.overlap
    )
    return rules, parts


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_published_size_can_be_trained_on(name, cells):
    rules, parts = made(name, cells)
    sizes = sizes_of(rules.sizes, len(parts.pool))
    assert rules.published
    for method in rules.published:
        assert set(method.taus) <= set(sizes)
        assert all(0 < tau < 1 for tau in method.taus.values())


def test_the_parts_are_those_of_the_publications(cells):
    _, halves = made("gates", cells)
    assert halves.pool.tolist() == list(range(7813))
    assert len(halves.test) == 7812
    rules, everything = made("tnasp", cells)
    assert len(everything.test) == len(everything.pool) == 15625
    assert rules.metrics_in(cells) == LABELS
    assert protocol_of("gates", cells).metrics_in(cells) == (LABELS[1], LABELS[1])


def test_a_table_without_the_metrics_is_measured_on_its_own():
    assert protocol_of("tnasp", load_benchmark("analog-nasbench")).metrics_in(
        load_benchmark("analog-nasbench")
    ) == (
        "baseline_accuracy",
        "baseline_accuracy",
    )


def test_a_part_of_nas_bench_101_keeps_the_sizes_and_never_tests_on_what_it_trains_on(part):
    for name in PROTOCOLS:
        rules, parts = made(name, part)
        assert f"only {len(part)} of the 423,624" in rules.words
        assert not np.intersect1d(parts.pool, parts.test).size
    assert protocol_of("gates", part).sizes == "190"


def test_wrong_names_and_spaces(cells):
    with pytest.raises(UnknownName, match="unknown protocol 'gate'; did you mean 'gates'"):
        protocol_of("gate", cells)
    graphs = load_benchmark("nas-bench-graph-proteins")
    with pytest.raises(TableError, match="nas-bench-101 and nas-bench-201"):
        protocol_of("gates", graphs)
