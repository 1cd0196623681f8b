"""The files of simulated searches: the labels of the whole table, and every evaluation as a row."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from archrank.benchmarks.files import kept_table, read_cells, write_table
from archrank.benchmarks.table import Floats
from archrank.errors import RunFolderError, TableError
from archrank.simulation.measures import Labels

__all__ = ["LABELS", "evaluations", "read_labels", "save_labels"]

LABELS = "labels.parquet"


def save_labels(folder: Path, labels: Mapping[str, Floats | None]) -> None:
    """Write the labels of the whole table beside the results; their ``index`` refers to them."""
    write_table(
        kept_table(folder / LABELS), {name: c.tolist() for name, c in labels.items() if c is not None}
    )


def read_labels(folder: Path, *, valid_sign: float, test_sign: float) -> Labels:
    """The labels that a folder holds, turned so that higher is better.

    Args:
        folder: The folder of a comparison.
        valid_sign: 1 where a higher value is better, else -1.
        test_sign: The same of the test metric.

    Raises:
        RunFolderError: The file is missing or damaged.
    """
    path = kept_table(folder / LABELS)
    try:
        columns = {
            name: np.array(column, dtype=np.float64) for name, column in read_cells(path).columns.items()
        }
        test = test_sign * columns["test"] if "test" in columns else None
        return Labels(valid_sign * columns["valid"], test)
    except (TableError, KeyError, TypeError, ValueError) as error:
        raise RunFolderError(
            f"{path} cannot be read ({error}): run the command of the comparison again to rewrite it"
        ) from None


def evaluations(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The finished searches as columns with an entry for every evaluation, numbered from 1 in each search."""
    names = ("strategy", "parallel", "asynchronous", "seed")
    columns: dict[str, list[Any]] = {name: [] for name in (*names, "evaluation", *_LISTS)}
    for row in rows:
        if row["error"] is None:
            count = len(row["index"])
            columns["evaluation"] += range(1, count + 1)
            for name in names:
                columns[name] += [row[name]] * count
            for name in _LISTS:
                columns[name] += row[name] if row[name] is not None else [None] * count
    return {name: column for name, column in columns.items() if any(v is not None for v in column)}


_LISTS = ("index", "valid", "test", "reason", "seconds_proposing", "began", "ended")
