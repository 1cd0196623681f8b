"""``archrank search``: search a benchmark, and leave a run folder with a report."""

import json
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table as Grid
from rich.text import Text

from archrank.cli.executors import (
    AddressOption,
    AsynchronousOption,
    CpusOption,
    EvaluatorOption,
    ExecutorOption,
    ExecutorOptions,
    GpusOption,
    MemoryOption,
    PatienceOption,
    RetriesOption,
    StorageOption,
    StudyOption,
    TimeoutOption,
    warnings_on,
)
from archrank.cli.goals import goal_from
from archrank.cli.predictors import (
    EffortOption,
    EncoderOption,
    LossOption,
    MembersOption,
    PredictorOption,
)
from archrank.cli.strategies import STRATEGIES, USUAL, StrategyOptions, strategy_from
from archrank.cli.versions import versions
from archrank.errors import BudgetError, UnknownName

if TYPE_CHECKING:
    from archrank.benchmarks.table import Table
    from archrank.study import Goal
    from archrank.study import Progress as SearchProgress

__all__ = ["command"]

_SHOWN = 12
"""So many of a Pareto front are shown in the terminal."""


def command(
    benchmark: Annotated[str, typer.Argument(help="A benchmark's name; see `archrank benchmarks`.")],
    budget: Annotated[int, typer.Option(help="How many architectures may be evaluated.")] = 150,
    strategy: Annotated[str, typer.Option(help=" | ".join(STRATEGIES))] = "guided",
    predictor: PredictorOption = None,
    effort: EffortOption = None,
    encoder: EncoderOption = None,
    loss: LossOption = None,
    members: MembersOption = None,
    inner: Annotated[
        str, typer.Option(help="Inner search: auto | whole | evolution | annealing | random (guided).")
    ] = USUAL.inner,
    acquisition: Annotated[
        str,
        typer.Option(
            help="What is best: the mean prediction, or by its spread: mean | ucb | ei | ts (guided)."
        ),
    ] = USUAL.acquisition,
    initial: Annotated[
        int, typer.Option(help="Random architectures at first (guided).", min=2)
    ] = USUAL.initial,
    round_: Annotated[
        int, typer.Option("--round", help="Architectures a round (guided).", min=1)
    ] = USUAL.round,
    explore: Annotated[
        float, typer.Option(help="Share of each round drawn at random (guided).")
    ] = USUAL.explore,
    shrink: Annotated[
        float,
        typer.Option(help="Share of the measured, the best ones, that later rounds learn from (guided)."),
    ] = USUAL.shrink,
    distinct: Annotated[
        str, typer.Option(help="Never evaluate twice the same of these: rows | functions.")
    ] = USUAL.distinct,
    metric: Annotated[str | None, typer.Option(help="What to search by (the benchmark's own).")] = None,
    objectives: Annotated[
        str | None,
        typer.Option(help="Search by two or three metrics instead: the Pareto front.", metavar="A,B[,C]"),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            help='A constraint on a metric, such as "latency < 20"; may be repeated.', metavar="CONSTRAINT"
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of all randomness.", min=0)] = 0,
    out: Annotated[Path | None, typer.Option(help="Run folder (runs/BENCHMARK-STRATEGY-SEED).")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in the folder.")] = False,
    workers: Annotated[int, typer.Option(help="How many evaluations are made at the same time.")] = 1,
    executor: ExecutorOption = "process",
    address: AddressOption = None,
    cpus: CpusOption = 1.0,
    gpus: GpusOption = 0.0,
    memory: MemoryOption = None,
    timeout: TimeoutOption = None,
    retries: RetriesOption = 2,
    asynchronous: AsynchronousOption = False,
    storage: StorageOption = None,
    study: StudyOption = None,
    patience: PatienceOption = 60.0,
    evaluator: EvaluatorOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print result.json and nothing else.")] = False,
) -> None:
    """Search a benchmark for one of its best architectures, looking at few of them."""
    from archrank.cli import names

    options = StrategyOptions(
        strategy=strategy,
        distinct=distinct,
        predictor=predictor,
        effort=effort,
        encoder=encoder,
        loss=loss,
        inner=inner,
        acquisition=acquisition,
        initial=initial,
        round=round_,
        members=members,
        explore=explore,
        shrink=shrink,
    )
    evaluating = ExecutorOptions(
        workers=workers,
        executor=executor,
        address=address,
        cpus=cpus,
        gpus=gpus,
        memory=memory,
        timeout=timeout,
        retries=retries,
        asynchronous=asynchronous,
        storage=storage,
        study=study,
        patience=patience,
        evaluator=evaluator,
    )
    table = names.table(benchmark)
    goal = goal_from(table, metric, objectives, where or ())
    folder = out or Path("runs") / f"{benchmark}-{strategy}-{seed}".replace("/", "_")
    request = _Request(benchmark, options, goal, budget, seed, folder, evaluating)
    _check(request, table)
    console = Console(stderr=True)
    try:
        record = _run(request, table, resume, console)
    except KeyboardInterrupt:
        console.print("\ninterrupted; nothing finished is lost. Go on with:")
        console.print(f"  {request.command} --resume", highlight=False, markup=False, soft_wrap=True)
        raise typer.Exit(130) from None
    if as_json:
        sys.stdout.write(json.dumps(record, indent=2, ensure_ascii=False) + "\n")
    else:
        _show(record, table, folder)


@dataclass(frozen=True, slots=True)
class _Request:
    """What the command line asks for, names resolved."""

    benchmark: str
    options: StrategyOptions
    goal: "Goal"
    budget: int
    seed: int
    folder: Path
    evaluating: ExecutorOptions

    @property
    def command(self) -> str:
        """The command that repeats the run."""
        values = {"budget": self.budget, **self.options.that_matter, "seed": self.seed}
        several = len(self.goal.objectives) > 1
        values["objectives" if several else "metric"] = ",".join(self.goal.objectives)
        values["out"] = self.folder
        words = [[f"--{name}", str(value)] for name, value in values.items() if value is not None]
        words += [["--where", str(constraint)] for constraint in self.goal.constraints]
        words.append(self.evaluating.words)
        return shlex.join(["archrank", "search", self.benchmark, *chain.from_iterable(words)])


def _check(request: _Request, table: "Table") -> None:
    if request.options.strategy not in STRATEGIES:
        raise UnknownName("strategy", request.options.strategy, STRATEGIES)
    if request.budget < 1:
        raise BudgetError(
            f"a budget of {request.budget} evaluations cannot be spent; give --budget 1 or more"
        )
    if request.budget > len(table):
        raise BudgetError(
            f"a budget of {request.budget} is larger than {table.name} with its {len(table)} architectures; "
            f"give --budget {len(table)} or less"
        )
    if (workers := request.evaluating.workers) < 1:
        raise BudgetError(f"{workers} workers cannot evaluate anything; give --workers 1 or more")


def _run(request: _Request, table: "Table", resume: bool, console: Console) -> dict[str, Any]:
    import optuna

    from archrank.report.page import write_report
    from archrank.study import RunFolder, Stopwatch, result_record, search

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    stopwatch = Stopwatch()
    strategy = strategy_from(request.options, table.space, table, stopwatch)
    goal = request.goal
    config = {
        "benchmark": request.benchmark,
        "space": table.space.name,
        "metric": goal.metric,
        **({} if goal.is_plain else {key: goal.facts[key] for key in ("objectives", "constraints")}),
        **request.options.that_matter,
        "settings": repr(strategy),
        "seed": request.seed,
        "budget": request.budget,
        **request.evaluating.that_matter,
    }
    made_with = versions()
    evaluating, name = request.evaluating, request.folder.name
    # Opened before the folder: a mistake in what is asked for leaves no folder behind.
    with evaluating.opened(table, goal.needed, name, resume) as how:
        environment = {"versions": made_with, "workers": evaluating.workers, "command": request.command}
        with RunFolder.open(request.folder, config, environment, resume) as folder:
            if invitation := evaluating.invitation(request.benchmark, name):
                console.print(
                    f"waiting for workers; start some by\n  {invitation}",
                    highlight=False,
                    markup=False,
                    soft_wrap=True,
                )
            with _bar(console, request.budget) as on_progress, warnings_on(console):
                found = search(
                    space=table.space,
                    strategy=strategy,
                    budget=request.budget,
                    seed=request.seed,
                    objectives=goal.objectives,
                    where=[str(constraint) for constraint in goal.constraints],
                    folder=folder,
                    stopwatch=stopwatch,
                    on_progress=on_progress,
                    **how,
                )
            record = result_record(
                found,
                strategy=request.options.strategy,
                benchmark=request.benchmark,
                table=table,
                command=request.command,
                versions=made_with,
            )
            folder.write_result(record)
            with folder.writing():
                write_report(folder.path, record, table.space, table)
    return record


@contextmanager
def _bar(console: Console, budget: int) -> Iterator[Any]:
    columns = (
        TextColumn("searching"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("best {task.fields[best]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("search", total=budget, best="–")

        def on_progress(progress: "SearchProgress") -> None:
            bar.update(task, completed=progress.done, best=_number(progress.best))

        yield on_progress


def _show(record: Mapping[str, Any], table: "Table", folder: Path) -> None:
    from archrank.study import Goal, of_feasible

    table = of_feasible(table, Goal.from_facts(record))
    evaluations = record["evaluations"]
    failed = sum(evaluation["state"] == "failed" for evaluation in evaluations)
    looked = f"{len(evaluations)} of {len(table):,} ({len(evaluations) / len(table):.1%})"
    looked += f", {failed} failed" if failed else ""
    rows: list[tuple[str, str]] = [("evaluated", looked)]
    counted = f"{len(table):,}"
    if constraints := record["constraints"]:
        counted = f"{np.count_nonzero(~np.isnan(table.column(record['metric']))):,} that do"
        rows.append(("where", f"{' and '.join(constraints)}: {record['infeasible']} of them do not"))
    if record["front"] is not None:
        rows += _front_rows(record)
    elif best := record["best"]:
        rows += [("best cell", best["architecture"]), (record["metric"], _number(best["value"]))]
        if best["test_value"] is not None:
            rows.append((str(record["test_metric"]), _number(best["test_value"])))
        rows += [
            ("true rank", f"{best['true_rank']} of {counted}"),
            ("regret", f"{_number(record['regret'])} (the optimum is {_number(record['optimum'])})"),
        ]
    if record["front"] is None and (others := _in_comparison(record, table)):
        rows.append(("in comparison", others))
    rows += [("time", f"{record['seconds']['total']:.1f} s"), ("report", str(folder / "report.html"))]
    grid = Grid.grid(padding=(0, 2))
    for name, value in rows:
        grid.add_row(Text(name, style="bold"), Text(value, overflow="fold"))
    Console().print(Panel(grid, title=f"{record['benchmark']} · {record['strategy']}", expand=False))


def _front_rows(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The Pareto front for the panel, as many as one looks at."""
    front = record["front"]
    rows = [
        (
            "Pareto front",
            f"{len(front)} that no other one evaluated beats in all of {', '.join(record['objectives'])}",
        )
    ]
    for member in front[:_SHOWN]:
        numbers = ", ".join(_number(value) for value in member["values"].values())
        rows.append((numbers, member["architecture"]))
    if len(front) > _SHOWN:
        rows.append(("…", f"{len(front) - _SHOWN} more in the report"))
    if volume := record["hypervolume"]:
        share = f", {volume['share']:.1%} of what the whole table dominates" if volume["share"] else ""
        rows.append(("hypervolume", f"{_number(volume['value'])}{share}"))
    return rows


def _in_comparison(record: Mapping[str, Any], table: "Table") -> str:
    """What other ways to search find with as many evaluations, in the median."""
    from archrank.report.comparison import comparison_bands

    bands = comparison_bands(table, record["metric"], len(record["evaluations"]))
    return ", ".join(f"{band.label.split(',')[0]} {_number(float(band.middle[-1]))}" for band in bands)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.6g}"
