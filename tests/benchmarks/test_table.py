import copy

import numpy as np
import pytest

from archrank import Architecture, Cell, Choice, Graph, SearchSpace, Site
from archrank.benchmarks import Metric, Table, checked_table
from archrank.errors import TableError, UnknownName
from archrank.spaces import NASBench201
from archrank.testing import check_table


class Chain(SearchSpace):
    """Three layers, of which the last is not a pool; the order of the first two does not matter."""

    name = "chain"
    choices = tuple(Choice(f"layer {i}", ("conv", "pool")) for i in range(3))
    operations = ("conv", "pool")

    def graph(self, architecture):
        names = self.options(architecture).values()
        return Graph((Cell(1, 4, tuple(Site(op, (i,), i + 1) for i, op in enumerate(names)), (3,)),))

    def is_valid(self, choices):
        return choices[2] == 0

    def canonical(self, choices):
        return (*sorted(choices[:2]), choices[2])


SPACE = Chain()
LOSS = Metric("loss", "cross entropy", "validation", higher_is_better=False)
SCORE = Metric("score", "accuracy", "test")


def table(loss=(0.3, 0.1, 0.2), score=(1.0, np.nan, 3.0), rows=None, **options):
    rows = SPACE.rows() if rows is None else rows
    values = {"loss": np.array(loss), "score": np.array(score)}
    return Table("measured", SPACE, rows, values, (LOSS, SCORE), **options)


def at(*row):
    return Architecture("chain", row)


def test_it_keeps_what_every_table_must():
    check_table(table())


def test_a_metric_where_lower_is_better_is_turned_around():
    assert table().scores("loss").tolist() == [-0.3, -0.1, -0.2]
    assert table().optimum("loss") == (at(0, 1, 0), 0.1)
    assert [table().true_rank(a, "loss") for a in table().architectures] == [3, 1, 2]


def test_equal_values_share_a_rank():
    assert [table(loss=(0.1, 0.2, 0.1)).true_rank(a, "loss") for a in table().architectures] == [1, 3, 1]


def test_what_was_not_measured_is_never_the_best_and_has_no_rank():
    assert table().optimum("score") == (at(1, 1, 0), 3.0)
    assert np.isnan(table().value(at(0, 1, 0), "score"))
    with pytest.raises(TableError, match="no 'score' for"):
        table().true_rank(at(0, 1, 0), "score")
    with pytest.raises(TableError, match="no measurement of 'score'"):
        table(score=[np.nan] * 3).optimum("score")


def test_looking_up_what_is_not_there_says_which():
    part = table(loss=[0.3], score=[1.0], rows=SPACE.rows()[:1])
    assert not part.complete
    with pytest.raises(TableError, match=r"no row for .*pool"):
        part.value(at(1, 1, 0), "loss")
    with pytest.raises(TableError, match="about the space chain, not other"):
        part.value(Architecture("other", (0, 0, 0)), "loss")
    assert Architecture("other", (0, 0, 0)) not in part


def test_the_metric_of_no_name_is_the_first():
    assert table().metric() is LOSS
    with pytest.raises(UnknownName, match="did you mean 'score'"):
        table().metric("scor")


def test_its_numbers_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        table().column("loss")[0] = 0.0


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: table(loss=[0.1]), TableError),
        (lambda: Table("t", SPACE, SPACE.rows(), {}, (LOSS,)), TableError),
        (lambda: Table("t", SPACE, SPACE.rows(), {}, ()), TableError),
        (lambda: Table("t", SPACE, SPACE.rows()[:, :2], {}, ()), TableError),
        (lambda: table(test_metrics={"loss": "perf"}), UnknownName),
    ],
)
def test_an_ill_made_table_is_refused(make, error):
    with pytest.raises(error):
        make()


def checked(rows):
    rows = np.array(rows, dtype=np.int16)
    return checked_table("t", SPACE, rows, {"loss": np.arange(len(rows)) / 10}, (LOSS,))


def test_checked_rows_are_sorted_with_their_values():
    made = checked([(1, 1, 0), (0, 0, 0), (0, 1, 0)])
    assert np.array_equal(made.rows, SPACE.rows())
    assert made.column("loss").tolist() == [0.1, 0.2, 0.0]


def test_the_order_of_the_sources_records_is_kept():
    made = checked([(1, 1, 0), (0, 0, 0), (0, 1, 0)])
    assert made.column("loss")[made.source_order].tolist() == [0.0, 0.1, 0.2]
    assert table().source_order.tolist() == list(range(len(table())))
    with pytest.raises(TableError, match="source order should name each of"):
        table(source_order=np.zeros(len(table()), dtype=np.intp))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([(0, 0, 1)], "not a valid architecture"),
        ([(0, 0, 7)], "does not exist"),
        ([(1, 0, 0)], r"\(1, 0, 0\) should be written \(0, 1, 0\)"),
        ([(0, 1, 0), (0, 0, 0), (0, 1, 0)], "two rows for"),
    ],
)
def test_rows_that_are_no_architecture_of_the_space_are_refused(rows, message):
    with pytest.raises(TableError, match=message):
        checked(rows)


class Vast(NASBench201):
    """Far too large to be listed."""

    name = "vast"
    choices = tuple(Choice(str(i), ("conv", "pool")) for i in range(60))


def test_a_table_over_a_space_that_cannot_be_listed_is_not_complete():
    rows = np.zeros((1, 60), dtype=np.int16)
    made = checked_table("t", Vast(), rows, {"loss": np.zeros(1)}, (LOSS,))
    assert not made.complete


def test_a_deep_copy_is_the_table_itself():
    measured = table()
    assert copy.deepcopy([measured])[0] is measured
