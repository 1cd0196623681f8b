"""``archrank compare predictors``: whole predictors by how well they rank, from few labels to many."""

from pathlib import Path
from typing import Annotated

import typer

from archrank.cli.comparisons import (
    BenchmarkArgument,
    JsonOption,
    MinimizeOption,
    SpaceOption,
    TableOption,
    compare,
    named_table,
)
from archrank.cli.options import with_options
from archrank.cli.rankings import (
    MetricOption,
    PoolOption,
    ProtocolOption,
    SameSubsetOption,
    SizesOption,
    SplitOption,
    SplitSeedOption,
    TestMetricOption,
    TestOption,
)
from archrank.cli.suite import run_suite
from archrank.cli.tables import TableOptions
from archrank.errors import ArchrankError

__all__ = ["command"]

_SEEDS = 3
_SUITE = "The fixed grid"

_DEFAULT = "auto,auto:effort=fast,neural,trees,gaussian-process"


@with_options(TableOptions, "reading")
def command(
    benchmark: BenchmarkArgument = None,
    predictors: Annotated[
        str,
        typer.Option(
            "--predictors",
            "--predictor",
            help="NAME[:option=value…], separated by commas, such as neural:encoder=gcn.",
        ),
    ] = _DEFAULT,
    sizes: SizesOption = None,
    seeds: Annotated[int, typer.Option(help="How many seeds, from 0.", min=1)] = _SEEDS,
    metric: MetricOption = None,
    test_metric: TestMetricOption = None,
    protocol: ProtocolOption = None,
    split: SplitOption = None,
    split_seed: SplitSeedOption = None,
    pool: PoolOption = None,
    test: TestOption = None,
    same_subset: SameSubsetOption = False,
    table: TableOption = None,
    space: SpaceOption = None,
    minimize: MinimizeOption = "",
    workers: Annotated[int, typer.Option(help="Processes that fit.")] = 2,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder, new or to be resumed (runs/compare-predictors-BENCHMARK)."),
    ] = None,
    as_json: JsonOption = False,
    suite: Annotated[
        bool,
        typer.Option(
            "--suite",
            rich_help_panel=_SUITE,
            help="The default predictor beside its members and simple predictors, on every table at hand; BENCHMARK, "
            "tables separated by commas, computes these only, and --table joins the grid. Of the other options "
            "it takes --sizes, --workers and --out.",
        ),
    ] = False,
    efforts: Annotated[
        str | None, typer.Option(rich_help_panel=_SUITE, help="For --suite: fast,balanced (both).")
    ] = None,
    *,
    reading: TableOptions,
) -> None:
    """Compare predictors, as search and rank use them, by ranking quality.

    Example: archrank compare predictors analog-nasbench --predictors auto,trees --sizes 78,390 --seeds 5
    """
    from archrank.experiments import compare_predictors

    if suite:
        unused = {
            "predictors": None if predictors == _DEFAULT else predictors,
            "metric": metric,
            "test-metric": test_metric,
            "protocol": protocol,
            "split": split,
            "split-seed": split_seed,
            "pool": pool,
            "test": test,
            "same-subset": same_subset or None,
            "json": as_json or None,
            "seeds": None if seeds == _SEEDS else seeds,
        }
        if given := [f"--{name}" for name, value in unused.items() if value is not None]:
            raise ArchrankError(f"--suite is a fixed grid; leave out {', '.join(given)}")
        more = {}
        if table is not None:
            joined = named_table(None, table, space, minimize, None, reading)
            more = {table.stem: joined}
        run_suite(benchmark, sizes, efforts, more, workers, out)
        return
    if efforts is not None:
        raise ArchrankError("--efforts is an option of --suite")
    compare(
        compare_predictors,
        "predictors",
        named_table(benchmark, table, space, minimize, metric, reading),
        out=out,
        as_json=as_json,
        verb="fitting",
        runs="fits",
        predictors=predictors,
        sizes=sizes,
        seeds=seeds,
        metric=metric,
        test_metric=test_metric,
        protocol=protocol,
        split=split,
        split_seed=split_seed,
        pool=pool,
        test=test,
        same_subset=same_subset,
        workers=workers,
    )
