import numpy as np

from archrank.benchmarks.column_builder import ColumnBuilder


def test_single_precision_is_kept_single_until_a_number_needs_more():
    columns = ColumnBuilder()
    exact = [0.5, float(np.float32(0.1)), 3.0]
    for row, number in enumerate(exact):
        columns.put(row, "a", number)
    assert columns.column("a", 3).dtype == np.float32
    assert columns.column("a", 3).tolist() == exact
    columns.put(3, "a", 0.1)
    assert columns.column("a", 4).dtype == np.float64
    assert columns.column("a", 4).tolist() == [*exact, 0.1]


def test_numbers_beyond_single_precision_are_exact_too():
    columns = ColumnBuilder()
    for row, number in enumerate([1e300, 2.0**24 + 1, 1e-300]):
        columns.put(row, f"{row}", number)
        assert columns.column(f"{row}", row + 1)[row] == number


def test_what_was_not_put_is_no_number():
    columns = ColumnBuilder()
    columns.put(2, "a", 1.0)
    columns.put(0, "b", float("nan"))
    assert np.isnan(columns.column("a", 5)).tolist() == [True, True, False, True, True]
    assert np.isnan(columns.column("b", 2)).all()
    assert columns.column("b", 2).dtype == np.float32
    assert np.isnan(columns.column("never", 2)).all()
