"""``archrank compare predictors``: whole predictors by how well they rank, from few labels to many."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from archrank.cli.comparisons import (
    BenchmarkArgument,
    JsonOption,
    MinimizeOption,
    SpaceOption,
    TableOption,
    named_table,
    parts_of,
)
from archrank.cli.rankings import (
    MetricOption,
    PoolOption,
    ProtocolOption,
    Ranked,
    SameSubsetOption,
    SizesOption,
    SplitOption,
    SplitSeedOption,
    TestMetricOption,
    TestOption,
)
from archrank.cli.specs import parse_specs
from archrank.predictors.named import PredictorOptions, named_predictor

__all__ = ["command"]

_SIZES = "1%,5%"
_USUAL = "auto,auto:effort=fast,neural,trees,gaussian-process"


def command(
    benchmark: BenchmarkArgument = None,
    predictors: Annotated[
        str,
        typer.Option(
            "--predictors",
            "--predictor",
            help="NAME[:option=value…], separated by commas, such as neural:encoder=gcn.",
        ),
    ] = _USUAL,
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
        Path | None, typer.Option(help="Folder, new or to go on with (runs/compare-predictors-BENCHMARK).")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare whole predictors, as search and rank use them, by how well they rank."""
    specs = parse_specs(parts_of(predictors), PredictorOptions)
    measured = named_table(benchmark, table, space, minimize)
    from archrank.experiments.ranking import PredictorFits, predictor_tasks

    ranked = Ranked.of(measured, metric, test_metric, split, split_seed, pool, test, same_subset, protocol)
    made = {name: named_predictor(measured.space, **asdict(options)) for name, options in specs.items()}
    tasks = predictor_tasks(made, ranked.sizes(sizes, _SIZES), seeds, same_subset=ranked.same_subset)
    fits = PredictorFits(**ranked.data, predictors=made)
    ranked.compare("predictors", tasks, fits, alike=("predictor",), out=out, workers=workers, as_json=as_json)
