"""``archrank compare predictors``: whole predictors by how well they rank, from few labels to many."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from archrank.cli.comparisons import check_failures, named_table, parts_of, run, show
from archrank.cli.predictors import PredictorOptions, predictor_from
from archrank.cli.specs import parse_specs

__all__ = ["command"]

_USUAL = "auto,auto:effort=fast,neural,trees,gaussian-process"


def command(
    benchmark: Annotated[
        str | None, typer.Argument(help="A benchmark's name; see `archrank benchmarks`.")
    ] = None,
    predictors: Annotated[
        str,
        typer.Option(
            "--predictors",
            "--predictor",
            help="NAME[:option=value…], separated by commas, such as neural:encoder=gcn.",
        ),
    ] = _USUAL,
    sizes: Annotated[str, typer.Option(help="Training sizes: counts, or shares of the pool.")] = "1%,5%",
    seeds: Annotated[int, typer.Option(help="How many seeds, from 0.", min=1)] = 3,
    metric: Annotated[str | None, typer.Option(help="What to train on (the benchmark's own).")] = None,
    test_metric: Annotated[str | None, typer.Option(help="What to test on (the same).")] = None,
    split: Annotated[str, typer.Option(help="prefix | source | random | function")] = "random",
    split_seed: Annotated[int, typer.Option(help="Fixes the split's permutation.", min=0)] = 2020,
    pool: Annotated[
        str | None, typer.Option(help="May be trained on: the first N or N%, or a:b (the rest).")
    ] = None,
    test: Annotated[
        str | None, typer.Option(help="Is tested on: the last N or N%, or a:b (half; 10% of many).")
    ] = None,
    same_subset: Annotated[
        bool, typer.Option("--same-subset", help="All seeds share the subset of seed 0.")
    ] = False,
    table: Annotated[Path | None, typer.Option(help="A table of your own: .csv, .parquet or .jsonl.")] = None,
    space: Annotated[str | None, typer.Option(help="Its space: a name, or file.py:ClassName.")] = None,
    minimize: Annotated[str, typer.Option(help="Its columns where lower is better.")] = "",
    workers: Annotated[int, typer.Option(help="Processes that fit.")] = 2,
    out: Annotated[
        Path | None, typer.Option(help="Folder, new or to go on with (runs/compare-predictors-BENCHMARK).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all rows as JSON and nothing else.")] = False,
) -> None:
    """Compare whole predictors, as search and rank use them, by how well they rank."""
    specs = parse_specs(parts_of(predictors), PredictorOptions)
    measured = named_table(benchmark, table, space, minimize)
    from archrank.experiments.ranking import PredictorFits, predictor_tasks
    from archrank.experiments.splits import sizes_of
    from archrank.experiments.splits import split as split_of
    from archrank.report.ranking_page import failed_fits, write_ranking_report
    from archrank.report.ranking_tables import measures_of, sheet

    trained, tested = measured.metric(metric), measured.metric(test_metric or metric)
    parts = split_of(
        measured, split, metrics=[trained.name, tested.name], pool=pool, test=test, seed=split_seed
    )
    made = {name: predictor_from(measured.space, **asdict(options)) for name, options in specs.items()}
    fits = PredictorFits(
        measured.space,
        parts,
        measured.rows,
        measured.scores(trained.name),
        measured.scores(tested.name),
        made,
    )
    # A prefix has one subset of each size.
    same_subset = same_subset or split == "prefix"
    tasks = predictor_tasks(made, sizes_of(sizes, len(parts.pool)), seeds, same_subset=same_subset)
    config = {
        "compare": "ranking",
        "benchmark": measured.name,
        "space": measured.space.name,
        "metric": trained.name,
        "test_metric": tested.name,
        "split": split,
        "split_seed": None if split in ("prefix", "source") else split_seed,
        "pool": parts.pool_range,
        "test": parts.test_range,
        "same_subset": same_subset,
        "data": fits.digest,
    }
    about = {
        "rows": "predictors",
        "tau": "last",
        "split": parts.words,
        "pool": len(parts.pool),
        "test": len(parts.test),
        "metrics": [asdict(trained), asdict(tested)],
    }
    folder = out or Path("runs") / f"compare-predictors-{measured.name}".replace("/", "_")
    rows = run(
        folder,
        config,
        about,
        tasks,
        fits,
        workers=workers,
        verb="fitting",
        alike=("predictor",),
        report=write_ranking_report,
    )
    if as_json:
        sys.stdout.write(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
    else:
        (measure, *_) = measures_of(rows, "last")
        show(measure.title, sheet(rows, measure, "predictors", len(parts.pool)), folder)
    check_failures("fits", len(tasks), failed_fits(rows[: len(tasks)], "predictors"))
