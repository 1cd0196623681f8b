"""``archrank search``: search a benchmark or a space, and leave a run folder with a report."""

import json
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

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
    evaluator_of,
    values_from,
    warnings_on,
)
from archrank.cli.found import brief, show
from archrank.cli.goals import (
    GoalOptions,
    MaximizeOption,
    MetricOption,
    ObjectivesOption,
    WhereOption,
    goal_from,
)
from archrank.cli.predictors import (
    BootstrapOption,
    EffortOption,
    EncoderOption,
    LossOption,
    MembersOption,
    PredictorOption,
)
from archrank.cli.subject import Subject, check_values, subject_from
from archrank.cli.training import (
    TRAIN,
    TrainingOptions,
    training_evaluator,
    with_training_options,
)
from archrank.cli.versions import versions
from archrank.errors import ArchrankError, BudgetError, UnknownName
from archrank.strategies.named import DEFAULTS, STRATEGIES, StrategyOptions, named_strategy

if TYPE_CHECKING:
    from archrank.benchmarks.table import Table
    from archrank.study import Evaluator, Goal
    from archrank.study import Progress as SearchProgress

__all__ = ["command"]


@with_training_options()
def command(
    searched: Annotated[
        str,
        typer.Argument(
            metavar="BENCHMARK|SPACE",
            help="A benchmark (`archrank benchmarks`); or with --evaluator a space (`archrank spaces`), or your own as "
            "path/to/file.py:Class.",
            show_default=False,
        ),
    ],
    budget: Annotated[int, typer.Option(help="How many architectures may be evaluated.")] = 150,
    strategy: Annotated[str, typer.Option(help=" | ".join(STRATEGIES))] = "guided",
    predictor: PredictorOption = None,
    effort: EffortOption = None,
    encoder: EncoderOption = None,
    loss: LossOption = None,
    members: MembersOption = None,
    bootstrap: BootstrapOption = None,
    inner: Annotated[
        str, typer.Option(help="Inner search: auto | whole | evolution | annealing | random (guided).")
    ] = DEFAULTS.inner,
    acquisition: Annotated[
        str,
        typer.Option(
            help="What is best: the mean prediction, or by its spread: mean | ucb | ei | ts | portfolio (guided)."
        ),
    ] = DEFAULTS.acquisition,
    initial: Annotated[
        int, typer.Option(help="Random architectures at first (guided).", min=2)
    ] = DEFAULTS.initial,
    round_: Annotated[
        int, typer.Option("--round", help="Architectures a round (guided).", min=1)
    ] = DEFAULTS.round,
    explore: Annotated[
        float, typer.Option(help="Share of each round drawn at random (guided).")
    ] = DEFAULTS.explore,
    shrink: Annotated[
        float,
        typer.Option(help="Share of the measured, the best ones, that later rounds learn from (guided)."),
    ] = DEFAULTS.shrink,
    distinct: Annotated[
        str, typer.Option(help="Never evaluate twice the same of these: rows | functions.")
    ] = DEFAULTS.distinct,
    metric: MetricOption = None,
    maximize: MaximizeOption = None,
    objectives: ObjectivesOption = None,
    where: WhereOption = None,
    seed: Annotated[int, typer.Option(help="Seed of all randomness.", min=0)] = 0,
    out: Annotated[Path | None, typer.Option(help="Run folder (runs/SEARCHED-STRATEGY-SEED).")] = None,
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
    *,
    training: TrainingOptions,
) -> None:
    """Search a benchmark, or a space that an evaluator measures, for a good architecture, looking at few of them."""
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
        bootstrap=bootstrap,
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
    subject = subject_from(searched, evaluator, elsewhere=storage is not None)
    folder = out or Path("runs") / f"{subject.title}-{strategy}-{seed}".replace("/", "_")
    values = _values(subject, evaluating, training, folder, seed)
    check_values(subject, values)
    known = values if subject.table is None else subject.table
    goal = goal_from(known, GoalOptions(metric, objectives, where or (), maximize))
    request = _Request(subject, options, goal, budget, seed, folder, evaluating, training, values)
    _check(request)
    console = Console(stderr=True)
    try:
        record = _run(request, resume, console)
    except KeyboardInterrupt:
        console.print("\ninterrupted; nothing finished is lost. Go on with:")
        console.print(f"  {request.command} --resume", highlight=False, markup=False, soft_wrap=True)
        raise typer.Exit(130) from None
    if as_json:
        sys.stdout.write(json.dumps(record, indent=2, ensure_ascii=False) + "\n")
    else:
        show(record, subject.table, folder)
    if all(evaluation["state"] == "failed" for evaluation in record["evaluations"]):
        console.print(f"[bold red]all {len(record['evaluations'])} evaluations failed[/bold red]")
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True)
class _Request:
    """What the command line asks for, names resolved."""

    subject: Subject
    options: StrategyOptions
    goal: "Goal"
    budget: int
    seed: int
    folder: Path
    evaluating: ExecutorOptions
    training: TrainingOptions
    values: "Table | Evaluator | None"

    @property
    def training_facts(self) -> dict[str, Any]:
        """What makes trainings comparable; nothing where none are made."""
        facts: dict[str, Any] = self.values.facts if self.evaluating.evaluator == TRAIN else {}  # type: ignore[union-attr]
        return facts

    @property
    def command(self) -> str:
        """The command that repeats the run."""
        values = {"budget": self.budget, **self.options.active, "seed": self.seed}
        objectives = list(self.goal.objectives)
        if self.subject.table is None:
            objectives = [f"{name}:{direction[:3]}" for name, direction in self.goal.objectives.items()]
        values["objectives" if len(objectives) > 1 else "metric"] = ",".join(objectives)
        values["out"] = self.folder
        words = [[f"--{name}", str(value)] for name, value in values.items() if value is not None]
        words += [["--where", str(constraint)] for constraint in self.goal.constraints]
        words += [self.evaluating.words, self.training.words]
        return shlex.join(["archrank", "search", self.subject.name, *chain.from_iterable(words)])


def _values(
    subject: Subject, evaluating: ExecutorOptions, training: TrainingOptions, folder: Path, seed: int
) -> "Table | Evaluator | None":
    """Where the values come from; None where workers elsewhere know."""
    if evaluating.evaluator != TRAIN:
        training.check_unused()
        return subject.table if evaluating.evaluator is None else values_from(evaluating.evaluator)
    if subject.table is not None:
        raise ArchrankError(
            f"{subject.name} is a table of what was trained: to train, search its space, {subject.space.name}"
        )
    threads = max(1, int(evaluating.cpus)) if evaluating.executor == "ray" else None
    trainings = folder.absolute() / "trainings"
    return training_evaluator(
        subject.space, training, trainings, seed=seed, workers=evaluating.workers, threads=threads
    )


def _check(request: _Request) -> None:
    if request.options.strategy not in STRATEGIES:
        raise UnknownName("strategy", request.options.strategy, STRATEGIES)
    if request.budget < 1:
        raise BudgetError(
            f"a budget of {request.budget} evaluations cannot be spent; give --budget 1 or more"
        )
    if request.budget > (most := request.subject.most):
        raise BudgetError(
            f"a budget of {request.budget} is larger than {request.subject.title} with its {most} architectures; "
            f"give --budget {most} or less"
        )
    request.training.check_goal(list(request.goal.objectives))
    if (workers := request.evaluating.workers) < 1:
        raise BudgetError(f"{workers} workers cannot evaluate anything; give --workers 1 or more")


def _run(request: _Request, resume: bool, console: Console) -> dict[str, Any]:
    import optuna

    from archrank.report.page import write_report
    from archrank.study import RunFolder, Stopwatch, result_record, search

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    stopwatch = Stopwatch()
    subject, goal = request.subject, request.goal
    table = subject.table
    candidates = None if table is None or table.complete else table.architectures
    strategy = named_strategy(subject.space, request.options, candidates)
    config = {
        "benchmark": subject.benchmark,
        "space": subject.space.name,
        "metric": goal.metric,
        **({} if goal.maximize or subject.table is not None else {"maximize": False}),
        **({} if goal.is_plain else {key: goal.facts[key] for key in ("objectives", "constraints")}),
        **request.options.active,
        "settings": repr(strategy),
        "seed": request.seed,
        "budget": request.budget,
        **request.evaluating.active,
        **request.training_facts,
    }
    made_with = versions()
    evaluating, name = request.evaluating, request.folder.name
    evaluate = None if request.values is None else evaluator_of(request.values, goal.needed)
    # Opened before the folder: a mistake in what is asked for leaves no folder behind.
    with evaluating.opened(evaluate, name, resume) as how:
        environment = {"versions": made_with, "workers": evaluating.workers, "command": request.command}
        with RunFolder.open(request.folder, config, environment, resume) as folder:
            if invitation := evaluating.invitation(subject, name):
                console.print(
                    f"waiting for workers; start some by\n  {invitation}",
                    highlight=False,
                    markup=False,
                    soft_wrap=True,
                )
            with _bar(console, request.budget) as on_progress, warnings_on(console):
                found = search(
                    space=subject.space,
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
                benchmark=subject.benchmark,
                table=subject.table,
                command=request.command,
                versions=made_with,
            )
            folder.write_result(record)
            with folder.writing():
                write_report(folder.path, record, subject.space, subject.table)
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
            bar.update(task, completed=progress.done, best=brief(progress.best))

        yield on_progress
