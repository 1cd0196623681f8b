"""``archrank compare strategies``: searches of a table, replayed in memory, that can be killed and gone on with."""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archrank.cli.comparisons import (
    BenchmarkArgument,
    JsonOption,
    MinimizeOption,
    SpaceOption,
    TableOption,
    check_failures,
    named_table,
    names_in,
    parts_of,
    run,
    show,
)
from archrank.cli.specs import parse_specs
from archrank.errors import ArchrankError, BudgetError, RunFolderError, TableError
from archrank.strategies.named import StrategyOptions, named_strategy

if TYPE_CHECKING:
    from archrank.benchmarks import Table
    from archrank.strategies import Strategy

__all__ = ["command"]

_COMPLETE = "guided,evolution,local-search"
_PART = "guided"


def command(
    benchmark: BenchmarkArgument = None,
    strategies: Annotated[
        str | None,
        typer.Option(
            "--strategies",
            "--strategy",
            help="NAME[:option=value…], separated by commas, such as guided:encoder=gcn "
            f"({_COMPLETE}; {_PART} where a table lacks a part of its space).",
        ),
    ] = None,
    budget: Annotated[int, typer.Option(help="How many architectures each search evaluates.")] = 150,
    seeds: Annotated[int, typer.Option(help="How many seeds, from 0.", min=1)] = 5,
    metric: Annotated[str | None, typer.Option(help="What to search by (the benchmark's own).")] = None,
    test_metric: Annotated[
        str | None, typer.Option(help="What to report beside it (the one that belongs to it, if any).")
    ] = None,
    time_metric: Annotated[
        str | None, typer.Option(help="Seconds an evaluation takes (those of the training, if known).")
    ] = None,
    parallel: Annotated[
        str | None, typer.Option(help="Numbers of workers to simulate, separated by commas (1).")
    ] = None,
    asynchronous: Annotated[
        bool, typer.Option("--asynchronous", help="Simulated workers ask when free, not in rounds.")
    ] = False,
    table: TableOption = None,
    space: SpaceOption = None,
    minimize: MinimizeOption = "",
    workers: Annotated[int, typer.Option(help="Processes that search.")] = 2,
    out: Annotated[
        Path | None, typer.Option(help="Folder, new or to go on with (runs/compare-strategies-BENCHMARK).")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare strategies by what they find with few evaluations, and random search exactly."""
    specs = None if strategies is None else parse_specs(parts_of(strategies), StrategyOptions)
    simulated = _workers(parallel)
    measured = named_table(benchmark, table, space, minimize)
    from archrank.experiments.search import Searches, search_tasks
    from archrank.experiments.search import time_metric as time_of
    from archrank.report.search_page import failed_searches, search_sheets, write_search_report
    from archrank.report.sheets import Sheet
    from archrank.simulation.files import save_labels

    searched = measured.metric(metric)
    tested = test_metric or measured.test_metrics.get(searched.name)
    timed = time_of(measured, searched.name) if time_metric is None else measured.metric(time_metric)
    if timed is None and (parallel is not None or asynchronous):
        raise TableError(
            f"{measured.name} has no column of training seconds that belongs to {searched.name!r}, so workers cannot "
            "be simulated: name one with --time-metric, or leave --parallel and --asynchronous out"
        )
    if specs is None:
        usual = _COMPLETE if measured.complete else _PART
        specs = parse_specs(names_in(usual if timed is None else f"{usual},random"), StrategyOptions)
    made = _made(specs, measured)
    searches = Searches(
        measured,
        made,
        budget,
        searched.name,
        None if tested is None else measured.metric(tested).name,
        None if timed is None else timed.name,
    )
    tasks = search_tasks(made, seeds, parallel=simulated, asynchronous=asynchronous)
    config = {
        "compare": "strategies",
        "benchmark": measured.name,
        "space": measured.space.name,
        "metric": searched.name,
        "test_metric": searches.test_metric,
        "time_metric": searches.time_metric,
        "evaluations": budget,
        "data": searches.digest,
    }
    about = {
        "size": len(measured),
        "metrics": {
            which: None if name is None else asdict(measured.metric(name))
            for which, name in (
                ("valid", searches.metric),
                ("test", searches.test_metric),
                ("time", searches.time_metric),
            )
        },
    }

    def before(folder: Path) -> None:
        _check_settings(folder, made)
        save_labels(folder, searches.labels)

    folder = out or Path("runs") / f"compare-strategies-{measured.name}".replace("/", "_")
    rows = run(
        folder,
        config,
        about,
        tasks,
        searches,
        workers=workers,
        verb="searching",
        alike=("strategy", "parallel", "asynchronous"),
        report=write_search_report,
        before=before,
    )
    if as_json:
        sys.stdout.write(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
    elif sheets := search_sheets(folder, rows, config, about):
        title, _, sheet = sheets[0]
        # Every second column says how many searches got there; a terminal has room for the others only.
        narrow = Sheet(sheet.headings[::2], [(name, cells[::2]) for name, cells in sheet.lines])
        show(title, narrow, folder)
    check_failures("searches", len(tasks), failed_searches(rows[: len(tasks)]))


def _workers(text: str | None) -> list[int]:
    """The numbers of simulated workers."""
    if text is None:
        return [1]
    words = names_in(text)
    if not words or not all(word.isdecimal() and int(word) > 0 for word in words):
        raise BudgetError(f"--parallel is {text!r}, expected numbers of workers from 1, such as 1,4,16")
    return list(dict.fromkeys(map(int, words)))


def _made(specs: Mapping[str, StrategyOptions], table: "Table") -> "dict[str, Strategy]":
    """The strategies, by their short forms."""
    candidates = None if table.complete else table.architectures
    made = {}
    for short, options in specs.items():
        try:
            made[short] = named_strategy(table.space, options, candidates)
        except ArchrankError as error:
            raise ArchrankError(f"the strategy {short}: {error}") from None
    return made


def _check_settings(folder: Path, strategies: "Mapping[str, Strategy]") -> None:
    """Refuse a folder whose searches of the same name were made by other settings, as of another version."""
    from archrank.experiments.grid import read_rows

    for row in read_rows(folder):
        strategy = strategies.get(row["strategy"])
        if strategy is not None and repr(strategy) != row["settings"]:
            raise RunFolderError(
                f"the searches of {row['strategy']} in {folder} were made by {row['settings']}, and it is {strategy!r} "
                "now: choose another folder with --out"
            )
