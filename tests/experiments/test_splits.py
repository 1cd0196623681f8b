import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archrank.benchmarks import Metric, Table, checked_table
from archrank.errors import BudgetError, TableError, UnknownName
from archrank.experiments.splits import drawn, sizes_of, split
from archrank.spaces import NASBench201

SPACE = NASBench201()
METRICS = (Metric("valid", "", "validation"), Metric("test", "", "test"))


def table(count=200, order=None, missing=()):
    chosen = np.random.default_rng(1).choice(len(SPACE), count, replace=False)
    valid = np.arange(count, dtype=np.float64)
    test = valid.copy()
    test[list(missing)] = np.nan
    return checked_table("t", SPACE, SPACE.rows()[chosen], {"valid": valid, "test": test}, METRICS)


def test_a_prefix_split_follows_the_records_of_the_source():
    made = table()
    parts = split(made, "prefix", pool="50", test="30")
    assert made.column("valid")[parts.pool].tolist() == list(range(50))
    assert made.column("valid")[parts.test].tolist() == list(range(170, 200))
    assert drawn(50, 20, seed=7, kind="prefix").tolist() == list(range(20))
    assert "the order of the source's records" in parts.words


def test_stretches_of_the_order():
    parts = split(table(), "prefix", pool="10:60", test="100:")
    assert parts.pool_range == (10, 60)
    assert parts.test_range == (100, 200)
    assert split(table(), "prefix", test="10%").pool_range == (0, 180)


@pytest.mark.parametrize("kind", ["prefix", "source", "random", "function"])
def test_what_was_not_measured_in_either_metric_is_left_out(kind):
    made = table(missing=[3, 50])
    parts = split(made, kind, metrics=["valid", "test"])
    used = np.concatenate([parts.pool, parts.test])
    assert len(used) == len(set(used.tolist())) <= 198
    assert not np.isnan(made.column("test")[used]).any()
    assert len(split(made, "prefix", metrics=["valid"]).pool) == 100


def test_a_random_split_is_fixed_by_its_seed_and_its_subsets_by_theirs():
    made = table()
    assert np.array_equal(split(made, "random").pool, split(made, "random").pool)
    assert not np.array_equal(split(made, "random").pool, split(made, "random", seed=1).pool)
    one, other = drawn(100, 20, 0, "random"), drawn(100, 20, 1, "random")
    assert np.array_equal(one, drawn(100, 20, 0, "random"))
    assert len(set(one.tolist())) == 20
    assert set(one.tolist()) != set(other.tolist())


def test_a_function_split_leaks_no_function():
    rows = SPACE.rows()[::3]
    made = Table("a part", SPACE, rows, {"valid": np.arange(len(rows), dtype=float)}, METRICS[:1])

    def functions(places):
        return {SPACE.function(made.architectures[place]).key for place in places}

    parts = split(made, "function", test="1000")
    assert len(parts.test) == 1000
    assert len(parts.pool) > len(rows) - 1000 - 300  # no more than one function is given up at the border
    assert not functions(parts.pool) & functions(parts.test)
    assert functions(split(made, "random", test="1000").pool) & functions(
        split(made, "random", test="1000").test
    )


def test_sizes_are_the_papers():
    shares = "0.05%,0.1%,0.5%,1%,5%,10%,50%,100%"
    assert sizes_of(shares, 381_262) == [190, 381, 1906, 3812, 19063, 38126, 190631, 381262]


@given(st.integers(1, 100), st.integers(200, 10**6))
def test_a_share_is_rounded_down_exactly(percent, pool):
    assert sizes_of(f"{percent}%", pool) == [percent * pool // 100]


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ("78,781", "the size 781 is above the pool of 500"),
        ("101%", "the size 101% is above the pool of 500"),
        ("0.1%", "of a pool of 500 is 0"),
        ("1", "2 architectures or more"),
        ("few", "'few' is neither a count nor a share"),
        (" , ", "no training size"),
    ],
)
def test_sizes_that_cannot_be_are_refused(sizes, message):
    with pytest.raises(BudgetError, match=message):
        sizes_of(sizes, 500)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pool": "150", "test": "100"}, r"0:150 and the test part 100:200 overlap"),
        ({"pool": "300"}, "there are 200 measured rows, so it must lie within 0:200"),
        ({"pool": "50:20"}, "must lie within"),
        ({"test": "1"}, "the test part has 1 of the 200"),
        ({"pool": "1"}, "the pool has 1 of the 200"),
        ({"test": "half"}, "test 'half': give a count"),
        ({"pool": "a:b"}, "give a count"),
    ],
)
def test_parts_that_cannot_be_are_refused(options, message):
    with pytest.raises(TableError, match=message):
        split(table(), "prefix", **options)


def test_an_unknown_split_names_the_closest():
    with pytest.raises(UnknownName, match="did you mean 'function'"):
        split(table(), "functions")


def test_a_split_by_source_is_that_of_a_prefix_with_random_training_sets():
    made = table(order=np.arange(200)[::-1])
    prefix, source = (split(made, kind, pool="100", test="50") for kind in ("prefix", "source"))
    assert source.pool.tolist() == prefix.pool.tolist()
    assert source.test.tolist() == prefix.test.tolist()
    assert drawn(100, 10, 0, "prefix").tolist() == list(range(10))
    assert drawn(100, 10, 0, "source").tolist() == drawn(100, 10, 0, "random").tolist()
