"""A table in two parts, of which one is trained on and the other is to be ranked."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from archrank.benchmarks.table import Metric, Table
from archrank.errors import TableError
from archrank.experiments.named import listed
from archrank.experiments.protocols import Protocol, protocol_of
from archrank.experiments.splits import TableSplit, sizes_of
from archrank.experiments.splits import split as split_of

__all__ = ["Parts"]

_UNSHUFFLED = ("prefix", "source")


@dataclass(frozen=True)
class Parts:
    """A table in two parts.

    Attributes:
        table: The table.
        trained: The metric that is trained on.
        tested: The metric that is tested on.
        kind: The kind of split.
        split_seed: Fixes the split's permutation.
        split: The two parts.
        same_subset: Whether all seeds share one training subset.
        protocol: The published protocol that determines all this, if one does.
    """

    table: Table
    trained: Metric
    tested: Metric
    kind: str
    split_seed: int
    split: TableSplit
    same_subset: bool
    protocol: Protocol | None = None

    @classmethod
    def of(
        cls,
        table: Table,
        *,
        metric: str | None,
        test_metric: str | None,
        protocol: str | None,
        split: str | None,
        split_seed: int | None,
        pool: str | int | None,
        test: str | int | None,
        same_subset: bool,
    ) -> "Parts":
        """Split a table.

        Raises:
            UnknownName: No such metric, split or protocol.
            TableError: Parts that cannot be made, a protocol about another space, or options that it determines.
        """
        options = {"split": split, "split_seed": split_seed, "pool": pool, "test": test}
        known = None if protocol is None else protocol_of(protocol, table)
        if known is not None:
            if given := [name for name, value in options.items() if value is not None]:
                raise TableError(f"the protocol {protocol!r} determines {given[0]}: leave out one of the two")
            split, split_seed, pool, test = known.split, known.seed, known.pool, known.test
            if metric is None and test_metric is None:
                metric, test_metric = known.metrics_in(table)
        split, split_seed = split or "random", 2020 if split_seed is None else split_seed
        trained, tested = table.metric(metric), table.metric(test_metric or metric)
        parts = split_of(
            table,
            split,
            metrics=[trained.name, tested.name],
            pool=None if pool is None else str(pool),
            test=None if test is None else str(test),
            seed=split_seed,
            overlap=known is not None and known.overlap,
        )
        # A prefix is the one subset of its size.
        same_subset = same_subset or split == "prefix"
        return cls(table, trained, tested, split, split_seed, parts, same_subset, known)

    def sizes(self, given: "str | int | Iterable[str | int] | None", default: str) -> list[int]:
        """The training sizes: those given, or else those of the protocol, or else the default ones."""
        if given is None:
            given = self.protocol.sizes if self.protocol else default
        return sizes_of(",".join(map(str, listed(given))), len(self.split.pool))

    @property
    def data(self) -> dict[str, Any]:
        """Fields of :class:`~archrank.experiments.fits.RankingFits`: what fits are made and measured on."""
        return {
            "space": self.table.space,
            "split": self.split,
            "rows": self.table.rows,
            "targets": self.table.scores(self.trained.name),
            "test_targets": self.table.scores(self.tested.name),
        }

    @property
    def config(self) -> dict[str, Any]:
        """What must be the same on resuming, as JSON values."""
        return {
            "benchmark": self.table.name,
            "space": self.table.space.name,
            "metric": self.trained.name,
            "test_metric": self.tested.name,
            "split": self.kind,
            "split_seed": None if self.kind in _UNSHUFFLED else self.split_seed,
            "pool": self.split.pool_range,
            "test": self.split.test_range,
            "same_subset": self.same_subset,
            **({"protocol": self.protocol.name} if self.protocol else {}),
        }

    @property
    def about(self) -> dict[str, Any]:
        """What a report tells beside that."""
        return {
            "split": self.split.words,
            "pool": len(self.split.pool),
            "test": len(self.split.test),
            "metrics": [asdict(self.trained), asdict(self.tested)],
            **({"protocol": _record(self.protocol)} if self.protocol else {}),
        }


def _record(protocol: Protocol) -> dict[str, Any]:
    """What the report needs of a protocol; JSON has no whole numbers as keys."""
    return {
        "name": protocol.name,
        "words": protocol.words,
        "overlap": protocol.overlap,
        "published": [
            {
                "method": each.method,
                "source": each.source,
                "sizes": list(each.taus),
                "taus": list(each.taus.values()),
            }
            for each in protocol.published
        ],
    }
