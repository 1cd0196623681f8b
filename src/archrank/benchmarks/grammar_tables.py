"""Architectures of grammars, trained on small CIFAR-10 images for these tables.

The files are part of this package; ``docs/results/hierarchical-table`` says how they were sampled and trained, how
noisy they are and what they are not good for.
"""

from pathlib import Path

import numpy as np

from archrank.benchmarks.parquet_reader import ParquetColumns, read_parquet
from archrank.benchmarks.table import Floats, Metric, Table
from archrank.errors import TableError
from archrank.space import SearchSpace
from archrank.spaces.named import named_space

__all__ = ["CHOOSING", "SPACES", "load", "metrics", "space"]

SPACES = {
    "hierarchical-nas-bench-201-cifar10": "hierarchical-nas-bench-201",
    "free-form-cifar10": "free-form",
}
"""The benchmarks, and the spaces of their architectures."""

CHOOSING = 300
"""The first trainings of the larger table may choose settings of predictors and searches; all others only report."""

EPOCHS = 3
_FOLDER = Path(__file__).parent / "tables"
_COLUMNS = (
    "architecture",
    "seed",
    "valid_accuracy",
    "test_accuracy",
    "curve",
    "parameters",
    "multiply_adds",
    "seconds",
)


def space(name: str) -> SearchSpace:
    """The space of a benchmark."""
    return named_space(SPACES[name])


def metrics() -> tuple[Metric, ...]:
    """What was measured; the first is what search selects by."""

    def accuracy(name: str, split: str, epochs: int = EPOCHS, seeds: str = "one run") -> Metric:
        meaning = f"CIFAR-10 accuracy on {split} images of 8 × 8 pixels, as a fraction"
        return Metric(name, meaning, split, epochs=epochs, seeds=seeds)  # type: ignore[arg-type]

    def size(name: str, meaning: str) -> Metric:
        return Metric(name, meaning, "none", higher_is_better=False, measured=False)

    again = "a second run, of some architectures"
    return (
        accuracy("valid_accuracy", "validation"),
        *(accuracy(f"valid_accuracy_{epoch}", "validation", epoch) for epoch in range(1, EPOCHS)),
        accuracy("test_accuracy", "test"),
        accuracy("valid_accuracy_again", "validation", seeds=again),
        accuracy("test_accuracy_again", "test", seeds=again),
        size("parameters", "trainable parameters"),
        size("multiply_adds", "multiply-adds of an image"),
        Metric("seconds", "processor seconds of a training on one core", "none", higher_is_better=False),
    )


def load(name: str) -> Table:
    """Read the architectures that were trained, in the order of their trainings.

    Args:
        name: One of :data:`SPACES`.

    Raises:
        TableError: The file is damaged.
    """
    content = read_parquet(_FOLDER / f"{name}.parquet", _COLUMNS)
    of = space(name)
    texts, seeds = content.column("architecture"), content.column("seed")
    trained = ~np.isnan(content.numbers("valid_accuracy"))
    first = [row for row, seed in enumerate(seeds) if seed == 0 and trained[row]]
    again = {texts[row]: row for row, seed in enumerate(seeds) if seed == 1 and trained[row]}
    architectures = []
    for row in first:
        with content.naming(row):
            architectures.append(of.parse(texts[row]))
    if len(set(architectures)) < len(architectures):
        raise TableError(f"{content.source.name} has two first trainings of one architecture")
    second = np.array([again.get(texts[row], -1) for row in first])
    return Table(
        name,
        of,
        of.pack(architectures),
        _columns(content, np.array(first), second),
        metrics(),
        {"valid_accuracy": "test_accuracy", "valid_accuracy_again": "test_accuracy_again"},
        notes=(
            f"the first {CHOOSING} trainings may choose settings, the others only report"
            if len(seeds) > CHOOSING
            else "all trainings only report; none may choose settings",
        ),
        skipped=sum(seed == 0 for seed in seeds) - len(first),
    )


def _columns(content: ParquetColumns, first: np.ndarray, second: np.ndarray) -> dict[str, Floats]:
    values = {
        name: content.numbers(name)[first]
        for name in _COLUMNS
        if name not in ("architecture", "seed", "curve")
    }
    for name in ("valid_accuracy", "test_accuracy"):
        values[f"{name}_again"] = np.where(second < 0, np.nan, content.numbers(name)[second])
    curves = content.lists("curve").to_pylist()
    for epoch in range(1, EPOCHS):
        values[f"valid_accuracy_{epoch}"] = np.array(
            [curves[row][epoch - 1] for row in first], dtype=np.float64
        )
    return values
