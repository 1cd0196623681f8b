"""What the comparisons of rankings share: their options, the table in two parts, and the run with its report."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archrank.cli.comparisons import Work, check_failures, run, show
from archrank.errors import TableError

if TYPE_CHECKING:
    from archrank.benchmarks import Metric, Table
    from archrank.experiments.grid import Task
    from archrank.experiments.protocols import Protocol
    from archrank.experiments.splits import Split

__all__ = [
    "MetricOption",
    "PoolOption",
    "ProtocolOption",
    "Ranked",
    "SameSubsetOption",
    "SizesOption",
    "SplitOption",
    "SplitSeedOption",
    "TestMetricOption",
    "TestOption",
]

ProtocolOption = Annotated[
    str | None,
    typer.Option(
        help="Split, sizes and metrics of publications: gates | tnasp | ta-gates; shows their figures."
    ),
]
SizesOption = Annotated[
    str | None,
    typer.Option(help="Training sizes: counts, or shares of the pool (1%,5%,…).", show_default=False),
]
MetricOption = Annotated[str | None, typer.Option(help="What to train on (the benchmark's own).")]
TestMetricOption = Annotated[str | None, typer.Option(help="What to test on (the same).")]
SplitOption = Annotated[
    str | None, typer.Option(help="prefix | source | random | function (random).", show_default=False)
]
SplitSeedOption = Annotated[
    int | None, typer.Option(help="Fixes the split's permutation (2020).", min=0, show_default=False)
]
PoolOption = Annotated[
    str | None, typer.Option(help="May be trained on: the first N or N%, or a:b (the rest).")
]
TestOption = Annotated[
    str | None, typer.Option(help="Is tested on: the last N or N%, or a:b (half; 10% of many).")
]
SameSubsetOption = Annotated[
    bool, typer.Option("--same-subset", help="All seeds share the subset of seed 0.")
]

_UNSHUFFLED = ("prefix", "source")


@dataclass(frozen=True)
class Ranked:
    """A table in two parts, whose one is trained on and whose other is to be ranked.

    Attributes:
        table: The table.
        trained: What is trained on.
        tested: What is tested on.
        kind: The kind of split.
        split_seed: Fixes the split's permutation.
        parts: The two parts.
        same_subset: Whether all seeds share one training subset.
        protocol: The published protocol that said so, if one did.
    """

    table: "Table"
    trained: "Metric"
    tested: "Metric"
    kind: str
    split_seed: int
    parts: "Split"
    same_subset: bool
    protocol: "Protocol | None" = None

    @classmethod
    def of(
        cls,
        table: "Table",
        metric: str | None,
        test_metric: str | None,
        split: str | None,
        split_seed: int | None,
        pool: str | None,
        test: str | None,
        same_subset: bool,
        protocol: str | None = None,
    ) -> "Ranked":
        """Split a table as the options say.

        Raises:
            UnknownName: No such metric, split or protocol.
            TableError: Parts that cannot be made, a protocol about another space, or options that it settles.
        """
        from archrank.experiments.protocols import protocol_of
        from archrank.experiments.splits import split as split_of

        settled = {"split": split, "split-seed": split_seed, "pool": pool, "test": test}
        known = None if protocol is None else protocol_of(protocol, table)
        if known is not None:
            if given := [f"--{name}" for name, value in settled.items() if value is not None]:
                raise TableError(f"the protocol {protocol!r} settles {given[0]}: leave out one of the two")
            split, split_seed, pool, test = known.split, known.seed, known.pool, known.test
            if metric is None and test_metric is None:
                metric, test_metric = known.metrics_in(table)
        split, split_seed = split or "random", 2020 if split_seed is None else split_seed
        trained, tested = table.metric(metric), table.metric(test_metric or metric)
        parts = split_of(
            table,
            split,
            metrics=[trained.name, tested.name],
            pool=pool,
            test=test,
            seed=split_seed,
            overlap=known is not None and known.overlap,
        )
        # A prefix is the one subset of its size.
        same_subset = same_subset or split == "prefix"
        return cls(table, trained, tested, split, split_seed, parts, same_subset, known)

    def sizes(self, text: str | None, usual: str) -> list[int]:
        """The training sizes that ``--sizes`` says, or else the protocol, or else the usual ones."""
        from archrank.experiments.splits import sizes_of

        return sizes_of(text or (self.protocol.sizes if self.protocol else usual), len(self.parts.pool))

    @property
    def data(self) -> dict[str, Any]:
        """What fits are made and measured on: fields of :class:`~archrank.experiments.ranking.RankingFits`."""
        return {
            "space": self.table.space,
            "split": self.parts,
            "rows": self.table.rows,
            "targets": self.table.scores(self.trained.name),
            "test_targets": self.table.scores(self.tested.name),
        }

    def compare(
        self,
        what: str,
        tasks: "Sequence[Task]",
        fits: Work,
        *,
        alike: Sequence[str],
        settings: Mapping[str, Any] | None = None,
        tau: str = "last",
        out: Path | None,
        workers: int,
        as_json: bool,
    ) -> None:
        """Fit what is left to be fitted, write the report, and show the first table.

        Args:
            what: ``"encoders"``, ``"losses"`` or ``"predictors"``: what is compared.
            tasks: The fits that are wanted.
            fits: Makes and measures them.
            alike: Names of a task's fields: tasks that agree in them take times in proportion to their costs.
            settings: What must be the same in all fits of the folder, beside the data.
            tau: The epochs whose tau is shown.
            out: The folder; None for the usual one.
            workers: How many processes.
            as_json: Whether to print the rows instead.
        """
        from archrank.report.ranking_page import failed_fits, write_ranking_report
        from archrank.report.ranking_tables import measures_of, sheet

        config = {
            "compare": "ranking",
            "benchmark": self.table.name,
            "space": self.table.space.name,
            "metric": self.trained.name,
            "test_metric": self.tested.name,
            "split": self.kind,
            "split_seed": None if self.kind in _UNSHUFFLED else self.split_seed,
            "pool": self.parts.pool_range,
            "test": self.parts.test_range,
            "same_subset": self.same_subset,
            **({"protocol": self.protocol.name} if self.protocol else {}),
            **(settings or {}),
            "data": fits.digest,
        }
        about = {
            "rows": what,
            "tau": tau,
            "split": self.parts.words,
            "pool": len(self.parts.pool),
            "test": len(self.parts.test),
            "metrics": [asdict(self.trained), asdict(self.tested)],
            **({"protocol": _record(self.protocol)} if self.protocol else {}),
        }
        folder = out or Path("runs") / f"compare-{what}-{self.table.name}".replace("/", "_")
        rows = run(
            folder,
            config,
            about,
            tasks,
            fits,
            workers=workers,
            verb="fitting",
            alike=alike,
            report=write_ranking_report,
        )
        if as_json:
            sys.stdout.write(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
        else:
            (measure, *_) = measures_of(rows, tau)
            show(measure.title, sheet(rows, measure, what, len(self.parts.pool)), folder)
        check_failures("fits", len(tasks), failed_fits(rows[: len(tasks)], what))


def _record(protocol: "Protocol") -> dict[str, Any]:
    """What the report needs to know of a protocol; JSON has no whole numbers as keys."""
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
