"""Which architectures are trained on and which are tested on: pure functions of a table."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from archrank.benchmarks.table import Table
from archrank.errors import BudgetError, TableError, UnknownName

__all__ = ["SPLITS", "SplitKind", "TableSplit", "drawn", "sizes_of", "split"]

SplitKind = Literal["prefix", "source", "random", "function"]
SPLITS: tuple[SplitKind, ...] = get_args(SplitKind)

Indices = npt.NDArray[np.intp]

_LARGE = 100_000
"""Larger tables keep a tenth for testing, as the paper does on NAS-Bench-101; others keep one half."""


@dataclass(frozen=True, slots=True)
class TableSplit:
    """A table in two parts.

    Attributes:
        kind: How the rows were ordered.
        pool: Indices of the rows that may be trained on, in the split's order.
        test: Indices of the rows that are tested on, in the split's order.
        pool_range: Where the pool begins and ends in the split's order.
        test_range: Where the test part begins and ends in it.
        words: The split in words.
    """

    kind: SplitKind
    pool: Indices
    test: Indices
    pool_range: tuple[int, int]
    test_range: tuple[int, int]
    words: str


def split(
    table: Table,
    kind: str = "random",
    *,
    metrics: Sequence[str | None] = (None,),
    pool: str | None = None,
    test: str | None = None,
    seed: int = 2020,
    overlap: bool = False,
) -> TableSplit:
    """Split a table's measured rows into a pool and a test part.

    The rows are ordered, and both parts are ranges of that order: ``"prefix"`` takes the order of the source's
    records, as the paper does, and trains on prefixes; ``"source"`` takes the same order, and trains on random subsets;
    ``"random"`` takes a fixed permutation; ``"function"`` a permutation in which architectures
    of equal function are adjacent, and no architecture of the pool computes the same as one of the test part.

    Args:
        table: The table.
        kind: One of :data:`SPLITS`.
        metrics: Rows that lack a number in one of these columns are left out.
        pool: The first N or N% of the order (``"12500"``, ``"50%"``), or a range of it (``"0:12500"``); None for
            all rows before the test part.
        test: The last N or N% of the order, or a range of it; None for half of the rows, or a tenth of large tables.
        seed: Fixes the permutation.
        overlap: Whether the test part may contain the pool, as in some published protocols.

    Raises:
        UnknownName: No such kind of split, or no such metric.
        TableError: Parts that cannot be parsed, overlap, exceed the rows, or are too small.

    >>> from archrank.benchmarks import load_benchmark
    >>> parts = split(load_benchmark("analog-nasbench"), "random")
    >>> len(parts.pool), len(parts.test)
    (7812, 7813)
    """
    chosen = _kind(kind)
    measured = ~np.any([np.isnan(table.column(metric)) for metric in metrics], axis=0)
    order, functions = _ordered(table, chosen, measured, seed)
    total = len(order)
    tested = _stretch(
        test or ("10%" if total > _LARGE else str(total - total // 2)), total, "test", last=True
    )
    trained = _stretch(pool, total, "pool", last=False) if pool else (0, tested[0])
    if not overlap and trained[0] < tested[1] and tested[0] < trained[1]:
        raise TableError(
            f"the pool {_shown(trained)} and the test part {_shown(tested)} overlap in the order of the {total:,} "
            "measured rows; give a smaller pool or test part"
        )
    trainable, testable = order[slice(*trained)], order[slice(*tested)]
    if functions is not None:
        trainable = trainable[~np.isin(functions[trainable], functions[testable])]
    for what, part in (("pool", trainable), ("test part", testable)):
        if len(part) < 2:
            raise TableError(
                f"the {what} has {len(part)} of the {total:,} measured rows of {table.name}, too few to rank; "
                "give another pool and test part"
            )
    pooled = f"the pool of {len(trainable):,} is {_shown(trained)}"
    counts = f"{pooled}, the test part of {len(testable):,} is {_shown(tested)}"
    words = f"The {total:,} measured architectures in {_ORDERS[chosen].format(seed)}: {counts}. {_SUBSETS[chosen]}"
    return TableSplit(chosen, trainable, testable, trained, tested, words)


_ORDERS = {
    "prefix": "the order of the source's records",
    "source": "the order of the source's records",
    "random": "a random order (seed {})",
    "function": "a random order (seed {}) in which equal functions are adjacent, so that none is in both parts",
}
_SUBSETS = {
    "prefix": "Training sets are prefixes of the pool.",
    "source": "Training sets are random subsets of the pool.",
    "random": "Training sets are random subsets of the pool.",
    "function": "Training sets are random subsets of the pool.",
}


def sizes_of(text: str, pool: int) -> list[int]:
    """Training sizes, ascending, each once.

    Args:
        text: Counts, or shares of the pool, which are rounded down: ``"78,390"``, ``"0.05%,1%,100%"``.
        pool: The size of the pool.

    Raises:
        BudgetError: A size that cannot be parsed, exceeds the pool, or is below 2.

    >>> sizes_of("0.05%, 0.1%, 1%, 100", 381_262)
    [100, 190, 381, 3812]
    """
    sizes = set()
    for word in filter(None, map(str.strip, text.split(","))):
        size = _count(word, pool)
        if size is None:
            raise BudgetError(
                f"the size {word!r} is neither a count nor a share; give sizes such as 78,390 or 1%,5%"
            )
        if size > pool:
            raise BudgetError(
                f"the size {word} is above the pool of {pool:,} architectures; give sizes up to {pool} (or 100%), "
                "or a larger pool"
            )
        if size < 2:
            raise BudgetError(
                f"the size {word} of a pool of {pool:,} is {size}: a predictor needs 2 architectures or more"
            )
        sizes.add(size)
    if not sizes:
        raise BudgetError("no training size is given; give sizes such as 78,390 or 1%,5%")
    return sorted(sizes)


def drawn(pool: int, size: int, seed: int, kind: SplitKind) -> Indices:
    """Which of the pool are trained on: its first ones in a prefix split, else a random subset.

    Args:
        pool: The size of the pool.
        size: n, the size of the subset.
        seed: Fixes the subset.
        kind: The kind of split.

    Returns:
        Indices into the pool: (n,).

    >>> drawn(10, 3, 0, "prefix").tolist()
    [0, 1, 2]
    """
    if kind == "prefix":
        return np.arange(size)
    return np.random.default_rng([seed, size]).choice(pool, size, replace=False)


def _kind(name: str) -> SplitKind:
    for kind in SPLITS:
        if kind == name:
            return kind
    raise UnknownName("split", name, SPLITS)


def _ordered(
    table: Table, kind: SplitKind, measured: npt.NDArray[np.bool_], seed: int
) -> tuple[Indices, Indices | None]:
    """The indices of the measured rows in the split's order; for a function split also each row's function."""
    if kind in ("prefix", "source"):
        return table.source_order[measured[table.source_order]], None
    order = np.random.default_rng(seed).permutation(np.flatnonzero(measured))
    if kind == "random":
        return order, None
    numbers: dict[Hashable, int] = {}
    functions = np.full(len(table), -1)
    for place in order.tolist():
        key = table.space.function(table.architectures[place]).key
        functions[place] = numbers.setdefault(key, len(numbers))
    return order[np.argsort(functions[order], kind="stable")], functions


def _stretch(text: str, total: int, what: str, *, last: bool) -> tuple[int, int]:
    begin, colon, end = text.strip().partition(":")
    ends = (
        [_count(begin or "0", total), _count(end or str(total), total)] if colon else [_count(begin, total)]
    )
    if None in ends:
        raise TableError(f"{what} {text!r}: give a count, a share such as 10%, or a range such as 0:12500")
    whole = [end for end in ends if end is not None]
    if colon:
        first, beyond = whole
    else:
        first, beyond = (total - whole[0], total) if last else (0, whole[0])
    if not 0 <= first <= beyond <= total:
        raise TableError(f"{what} {text}: there are {total:,} measured rows, so it must lie within 0:{total}")
    return first, beyond


def _count(word: str, of: int) -> int | None:
    """The number that a count or a share stands for, a share rounded down; None for anything else."""
    number, percent = word.removesuffix("%"), word.endswith("%")
    try:
        # Not in floating point, where 0.7 × 10 is below 7.
        return int(Fraction(number) * of / 100) if percent else int(number)
    except (ValueError, ZeroDivisionError):
        return None


def _shown(part: tuple[int, int]) -> str:
    return f"{part[0]}:{part[1]}"
