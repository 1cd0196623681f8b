"""The conformance suite of a table of measured architectures: run :func:`check_table` over your own."""

import numpy as np

from archrank.benchmarks.table import Metric, Table
from archrank.errors import InvalidArchitecture, TableError, UnknownName
from archrank.testing.require import require

__all__ = ["check_table"]


def check_table(table: Table, *, samples: int = 60, seed: int = 0) -> None:
    """Check that a table keeps what search and reports rely on.

    Args:
        table: The table to check.
        samples: The number of its architectures to look up.
        seed: The seed of the random choices.

    Raises:
        AssertionError: A law does not hold; the message names it and the example.
    """
    rng = np.random.default_rng(seed)
    _check_rows(table)
    names = [metric.name for metric in table.metrics]
    require(len(names) > 0, f"{table.name} has no metrics")
    require(len(set(names)) == len(names), f"{table.name}: two metrics share a name: {names}")
    require(table.metric() == table.metrics[0], f"{table.name}: the default metric must be the first")
    for selected, reported in table.test_metrics.items():
        require(
            selected in names and reported in names and selected != reported,
            f"{table.name}: the test metric {reported!r} of {selected!r} must be another metric of the table",
        )
    indices = rng.choice(len(table), size=min(samples, len(table)), replace=False).tolist()
    for metric in table.metrics:
        _check_metric(table, metric, indices)
    _check_refusals(table, rng)


def _check_rows(table: Table) -> None:
    space = table.space
    require(len(table) > 0, f"{table.name} is empty")
    shape = (len(table),) if space.conditional else (len(table), len(space.choices))
    require(table.rows.shape == shape, f"{table.name}: rows have shape {table.rows.shape}, expected {shape}")
    rows = [a.choices for a in space.architectures(table.rows)]
    require(len(set(rows)) == len(rows), f"{table.name}: an architecture comes twice")
    for row in rows:
        try:
            canonical = space.architecture(row).choices
        except InvalidArchitecture as error:
            raise AssertionError(f"{table.name}: {error}") from error
        require(canonical == row, f"{table.name}: {row} should be {canonical}, the space's canonical row")
    require(
        [a.choices for a in table.architectures] == rows,
        f"{table.name}: architectures must come in the order of rows",
    )
    if table.complete:
        missing = {a.choices for a in space.architectures(space.rows())} - set(rows)
        require(not missing, f"{table.name} claims to be complete, but lacks {len(missing)} architectures")


def _check_metric(table: Table, metric: Metric, indices: list[int]) -> None:
    what = f"{table.name}, {metric.name}"
    column, scores = table.column(metric.name), table.scores(metric.name)
    require(bool(metric.meaning), f"{what}: describe its meaning in words")
    require(column.shape == (len(table),), f"{what}: {column.shape} values for {len(table)} architectures")
    require(not np.isinf(column).any(), f"{what} holds an infinite value")
    require(not np.isnan(column).all(), f"{what}: nothing was measured")
    require(
        np.array_equal(scores, column if metric.higher_is_better else -column, equal_nan=True),
        f"{what}: a score is the value, turned so that higher is better",
    )
    best, value = table.optimum(metric.name)
    require(table.value(best, metric.name) == value, f"{what}: the optimum's value is not the table's")
    require(table.true_rank(best, metric.name) == 1, f"{what}: the optimum must have rank 1")
    for index in indices:
        architecture = table.architectures[index]
        require(
            architecture in table and table.index(architecture) == index, f"{what}: row {index} is not found"
        )
        looked_up = table.value(architecture, metric.name)
        require(
            looked_up == column[index] or (np.isnan(looked_up) and np.isnan(column[index])),
            f"{what}: looking up row {index} gives {looked_up}, the column holds {column[index]}",
        )
        if not np.isnan(looked_up):
            better = int(np.sum(scores > scores[index]))
            require(
                table.true_rank(architecture, metric.name) == better + 1,
                f"{what}: {better} architectures are better than row {index}, so its rank is {better + 1}",
            )


def _check_refusals(table: Table, rng: np.random.Generator) -> None:
    try:
        table.metric("no such metric")
    except UnknownName:
        pass
    else:
        raise AssertionError(f"{table.name}: an unknown metric must raise UnknownName")
    for architecture in table.space.sample(20, rng):
        if architecture in table:
            continue
        try:
            table.value(architecture)
        except TableError:
            return
        raise AssertionError(f"{table.name}: an architecture that it does not hold must raise TableError")
