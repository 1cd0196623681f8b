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
from archrank.cli.tables import TableOptions

__all__ = ["command"]

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
    seeds: Annotated[int, typer.Option(help="How many seeds, from 0.", min=1)] = 3,
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
    *,
    reading: TableOptions,
) -> None:
    """Compare predictors, as search and rank use them, by ranking quality.

    Example: archrank compare predictors analog-nasbench --predictors auto,trees --sizes 78,390 --seeds 5
    """
    from archrank.experiments import compare_predictors

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
