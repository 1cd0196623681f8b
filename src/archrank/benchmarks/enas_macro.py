"""ENAS macro structures of six layers, with the accuracy that shared weights gave them.

Reference: Pham et al., ENAS (ICML 2018); the structures and accuracies are those of Zhang et al., D-VAE
(NeurIPS 2019).
"""

from pathlib import Path

import numpy as np

from archrank.benchmarks.import_schema import ImportedColumns, Quantity, packed_rows
from archrank.benchmarks.parquet_reader import read_parquet
from archrank.errors import TableError
from archrank.spaces import EnasMacro
from archrank.system.on_progress import OnProgress, silent

__all__ = ["QUANTITY", "read"]

LAYERS = 6

QUANTITY = Quantity(
    "weight_sharing_accuracy",
    "CIFAR-10 validation accuracy, as a fraction, with the weights that all structures share; noisy",
    "validation",
    seeds="one supernet",
)
"""The one thing that was measured."""


def read(path: Path, partial: bool = False, on_progress: OnProgress = silent) -> ImportedColumns:
    """Read the structures, each once, in the file's order.

    Args:
        path: A Parquet file with ``structure`` and ``weight_sharing_accuracy``.
        partial: Nothing changes: no such table covers its space.
        on_progress: Called with how many rows were read, and of how many.

    Raises:
        TableError: The file cannot be read, lacks a column, or holds something else, or one structure twice with
            different accuracies; the message names the row.
    """
    content = read_parquet(path, required=("structure", QUANTITY.name))
    space = EnasMacro(LAYERS)
    numbers = content.numbers(QUANTITY.name)
    first: dict[str, int] = {}
    architectures, kept = [], []
    for row, text in enumerate(map(str, content.column("structure"))):
        if (earlier := first.setdefault(text, row)) != row:
            if not np.array_equal(numbers[earlier], numbers[row], equal_nan=True):
                raise TableError(
                    f"{content.where(row)} repeats row {earlier + 1:,} with another accuracy: "
                    f"{numbers[row]} and {numbers[earlier]}"
                )
            continue
        with content.naming(row):
            architectures.append(space.parse(text))
        kept.append(row)
    on_progress(len(numbers), len(numbers))
    rows = packed_rows(architectures, space, lambda index: content.where(kept[index]))
    return ImportedColumns(space, rows, (QUANTITY,), {QUANTITY.name: numbers[kept]}, content.source)
