"""``archrank compare strategies``: searches of a table, replayed in memory, that can be killed and resumed."""

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
from archrank.cli.tables import TableOptions

__all__ = ["command"]


@with_options(TableOptions, "reading")
def command(
    benchmark: BenchmarkArgument = None,
    strategies: Annotated[
        str | None,
        typer.Option(
            "--strategies",
            "--strategy",
            help="NAME[:option=value…], separated by commas, such as guided:encoder=gcn "
            "(guided,evolution,local-search; guided where a table lacks a part of its space).",
        ),
    ] = None,
    budget: Annotated[int, typer.Option(help="How many architectures each search evaluates.")] = 150,
    seeds: Annotated[int, typer.Option(help="How many seeds, from 0.", min=1)] = 5,
    metric: Annotated[
        str | None, typer.Option(help="The metric to search by (the benchmark's default).")
    ] = None,
    test_metric: Annotated[
        str | None, typer.Option(help="The test metric to report too (the metric's own, if any).")
    ] = None,
    time_metric: Annotated[
        str | None,
        typer.Option(help="The metric with the seconds of an evaluation (the training time, if known)."),
    ] = None,
    parallel: Annotated[
        str | None, typer.Option(help="Numbers of workers to simulate, separated by commas (1).")
    ] = None,
    asynchronous: Annotated[
        bool,
        typer.Option(
            "--asynchronous", help="Propose whenever a simulated worker is free, instead of in rounds."
        ),
    ] = False,
    table: TableOption = None,
    space: SpaceOption = None,
    minimize: MinimizeOption = "",
    workers: Annotated[int, typer.Option(help="Processes that search.")] = 2,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder, new or to be resumed (runs/compare-strategies-BENCHMARK)."),
    ] = None,
    as_json: JsonOption = False,
    *,
    reading: TableOptions,
) -> None:
    """Compare strategies, and exact random search, by the architectures that they find with few evaluations.

    Example: archrank compare strategies analog-nasbench --strategies guided,evolution --budget 100 --seeds 5
    """
    from archrank.experiments import compare_strategies

    compare(
        compare_strategies,
        "strategies",
        named_table(benchmark, table, space, minimize, metric, reading),
        out=out,
        as_json=as_json,
        verb="searching",
        runs="searches",
        strategies=strategies,
        budget=budget,
        seeds=seeds,
        metric=metric,
        test_metric=test_metric,
        time_metric=time_metric,
        parallel=parallel,
        asynchronous=asynchronous,
        workers=workers,
    )
