"""``archrank search``: search a benchmark or a space, and write a run folder with a report."""

import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archrank.cli import names
from archrank.cli.completion import searched_names
from archrank.cli.console import Console
from archrank.cli.executors import (
    EVALUATIONS_PANEL,
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
    values_from,
    warnings_on,
)
from archrank.cli.fidelities import FidelityOptions
from archrank.cli.objectives import MaximizeOption, MetricOption, ObjectivesOption, WhereOption
from archrank.cli.options import with_options
from archrank.cli.predictors import (
    BootstrapOption,
    EffortOption,
    EncoderOption,
    LossOption,
    MembersOption,
    PredictorOption,
)
from archrank.cli.summary import show
from archrank.cli.tables import TableOptions
from archrank.cli.training import TRAIN, TrainingOptions, training_evaluator, with_training_options
from archrank.cli.wishes import Wishes
from archrank.errors import ArchrankError
from archrank.strategies.named import DEFAULTS, STRATEGIES, StrategyOptions
from archrank.system.progress import ProgressBar
from archrank.system.text import file_name

if TYPE_CHECKING:
    from archrank.benchmarks.table import Table
    from archrank.space import SearchSpace
    from archrank.study import Evaluator, Objectives
    from archrank.study import Progress as SearchProgress

__all__ = ["command"]

_GUIDED = "Guided search, such as --initial 20 --acquisition mean"


@with_options(Wishes, "before")
@with_options(FidelityOptions, "stopping")
@with_options(TableOptions, "reading")
@with_training_options()
def command(
    searched: Annotated[
        str,
        typer.Argument(
            metavar="BENCHMARK|SPACE",
            help="A benchmark (`archrank benchmarks`); or, with --evaluator, a space (`archrank spaces`) or your own "
            "as path/to/file.py:Class.",
            show_default=False,
            autocompletion=searched_names,
        ),
    ],
    budget: Annotated[
        int, typer.Option(help="How many architectures may be evaluated, or whole trainings' epochs paid.")
    ] = 150,
    strategy: Annotated[str, typer.Option(help=" | ".join(STRATEGIES))] = "guided",
    predictor: PredictorOption = None,
    effort: EffortOption = None,
    encoder: EncoderOption = None,
    loss: LossOption = None,
    members: MembersOption = None,
    bootstrap: BootstrapOption = None,
    inner: Annotated[
        str,
        typer.Option(
            rich_help_panel=_GUIDED, help="Inner search: auto | whole | evolution | annealing | random."
        ),
    ] = DEFAULTS.inner,
    acquisition: Annotated[
        str,
        typer.Option(rich_help_panel=_GUIDED, help="Acquisition function: mean | ucb | ei | ts | portfolio."),
    ] = DEFAULTS.acquisition,
    initial: Annotated[
        int, typer.Option(rich_help_panel=_GUIDED, help="Number of initial random architectures.", min=2)
    ] = DEFAULTS.initial,
    first: Annotated[
        str,
        typer.Option(
            rich_help_panel=_GUIDED,
            help="Initial architectures: random | zero-cost, in turn random and the best of 200 by scores of untrained "
            "networks.",
        ),
    ] = DEFAULTS.first,
    round_: Annotated[
        int, typer.Option("--round", rich_help_panel=_GUIDED, help="Architectures per round.", min=1)
    ] = DEFAULTS.round,
    explore: Annotated[
        float, typer.Option(rich_help_panel=_GUIDED, help="Share of each round drawn at random.")
    ] = DEFAULTS.explore,
    shrink: Annotated[
        float,
        typer.Option(
            rich_help_panel=_GUIDED,
            help="Share of the measured architectures, the best ones, that later rounds learn from.",
        ),
    ] = DEFAULTS.shrink,
    unique_by: Annotated[
        str, typer.Option(help="Never evaluate two architectures with the same: encoding | function.")
    ] = DEFAULTS.unique_by,
    metric: MetricOption = None,
    maximize: MaximizeOption = None,
    objectives: ObjectivesOption = None,
    where: WhereOption = None,
    seed: Annotated[int, typer.Option(help="Seed of all randomness.", min=0)] = 0,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Run folder (runs/SEARCHED-STRATEGY-SEED).")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the run in the folder.")] = False,
    workers: Annotated[
        int, typer.Option(rich_help_panel=EVALUATIONS_PANEL, help="Number of evaluations at the same time.")
    ] = 1,
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
    reading: TableOptions,
    stopping: FidelityOptions,
    before: Wishes,
) -> None:
    """Search a benchmark, or a space with an evaluator, for a good architecture with few evaluations.

    Example: archrank search enas --evaluator my_code.py:evaluate --budget 50 --workers 4 --out runs/enas
    """
    options = StrategyOptions(
        strategy=strategy,
        unique_by=unique_by,
        predictor=predictor,
        effort=effort,
        encoder=encoder,
        loss=loss,
        inner=inner,
        acquisition=acquisition,
        initial=initial,
        first=first,
        round=round_,
        members=members,
        bootstrap=bootstrap,
        explore=explore,
        shrink=shrink,
    )
    if strategy in STRATEGIES and options.unused:
        unused = ", ".join(f"--{name.replace('_', '-')}" for name in options.unused)
        raise ArchrankError(
            f"{unused}: options of guided search, which the strategy {strategy!r} does not have"
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
    target = names.target(searched, evaluator, is_remote=storage is not None)
    folder = out or Path("runs") / file_name(f"{_title(searched, target)}-{strategy}-{seed}")
    request = _Request(
        searched, target, options, evaluating, training, reading, stopping, budget, seed, folder, before
    )
    metric = metric or stopping.metric
    console = Console(stderr=True)
    with warnings_on(console):
        values = request.values(metric, maximize, objectives)
    by = request.searched_by(values, metric, maximize, objectives, where or ())
    again = request.command(by)
    try:
        record = request.run(values, by, again, resume, console)
    except KeyboardInterrupt as interrupt:
        how_far = getattr(interrupt, "__notes__", ["interrupted"])[0]
        console.print(f"\n{how_far}; nothing finished is lost. Continue with:")
        console.print(f"  {again} --resume", soft_wrap=True)
        raise typer.Exit(130) from None
    if as_json:
        sys.stdout.write(json.dumps(record, indent=2, ensure_ascii=False) + "\n")
    else:
        show(record, request.table, folder)
    if all(evaluation["state"] == "failed" for evaluation in record["evaluations"]):
        raise typer.Exit(1)


def _words(objectives: str | None) -> list[str] | None:
    return None if objectives is None else [word for word in objectives.split(",") if word.strip()]


def _title(searched: str, target: "SearchSpace | Table") -> str:
    """The benchmark's name, or the space's."""
    from archrank.benchmarks.table import Table

    return searched if isinstance(target, Table) else target.name


@dataclass(frozen=True, slots=True)
class _Request:
    """The request of the command line.

    Attributes:
        searched: The name of the benchmark or space.
        target: What it names.
        options: The options of the strategy.
        evaluating: The options for where evaluations run.
        training: The options for training networks.
        reading: The options for reading a user's table.
        stopping: The options for trainings that stop early.
        budget: How many evaluations.
        seed: The seed.
        folder: The run folder.
        before: What the user knows and wants before the search.
    """

    searched: str
    target: "SearchSpace | Table"
    options: StrategyOptions
    evaluating: ExecutorOptions
    training: TrainingOptions
    reading: TableOptions
    stopping: FidelityOptions
    budget: int
    seed: int
    folder: Path
    before: Wishes

    @property
    def table(self) -> "Table | None":
        """The table that is searched."""
        from archrank.benchmarks.table import Table

        return self.target if isinstance(self.target, Table) else None

    @property
    def space(self) -> "SearchSpace":
        """The space that is searched."""
        from archrank.benchmarks.table import Table

        return self.target.space if isinstance(self.target, Table) else self.target

    def values(
        self, metric: str | None, maximize: bool | None, objectives: str | None
    ) -> "Table | Evaluator | None":
        """The evaluator; None if a table is searched or workers elsewhere evaluate."""
        from archrank.benchmarks.files import SUFFIXES

        evaluating = self.evaluating
        if evaluating.evaluator != TRAIN:
            self.training.check_unused()
            if evaluating.evaluator is None or not evaluating.evaluator.lower().endswith(SUFFIXES):
                self.reading.check_unused()
                return None if evaluating.evaluator is None else values_from(evaluating.evaluator)
            return values_from(
                evaluating.evaluator,
                self.space,
                metric=metric,
                maximize=maximize,
                objectives=_words(objectives),
                reading=self.reading.given,
            )
        self.reading.check_unused()
        if self.table is not None:
            raise ArchrankError(
                f"{self.searched} is a table of trained architectures: to train, search its space, {self.space.name}"
            )
        threads = max(1, int(evaluating.cpus)) if evaluating.executor == "ray" else None
        trainings = self.folder.absolute() / "trainings"
        return training_evaluator(
            self.space, self.training, trainings, seed=self.seed, workers=evaluating.workers, threads=threads
        )

    def searched_by(
        self,
        values: "Table | Evaluator | None",
        metric: str | None,
        maximize: bool | None,
        objectives: str | None,
        where: "Sequence[str]",
    ) -> "Objectives":
        """The objectives and constraints, with what the table or the evaluator declares."""
        from archrank.study import declared_objectives

        words = _words(objectives)
        known = self.target if self.table is not None else values
        return declared_objectives(
            known,  # type: ignore[arg-type]
            metric=metric,
            maximize=maximize,
            objectives=words,
            where=where,
            known={*(self.space.known_names if where else ()), *self.space.measured_names},
        )

    def command(self, by: "Objectives") -> str:
        """The command that repeats the run."""
        values = {"budget": self.budget, **self.options.active, "seed": self.seed}
        objectives = list(by.directions)
        if self.table is None:
            objectives = [f"{name}:{direction[:3]}" for name, direction in by.directions.items()]
        values["objectives" if len(objectives) > 1 else "metric"] = ",".join(objectives)
        values["out"] = self.folder
        words = [
            [f"--{name.replace('_', '-')}", str(value)] for name, value in values.items() if value is not None
        ]
        words += [["--where", str(constraint)] for constraint in by.constraints]
        words += [
            self.stopping.words,
            self.before.words,
            self.evaluating.words,
            self.training.words,
            self.reading.words,
        ]
        return shlex.join(["archrank", "search", self.searched, *chain.from_iterable(words)])

    def run(
        self, values: "Table | Evaluator | None", by: "Objectives", again: str, resume: bool, console: Console
    ) -> dict[str, Any]:
        """Search; returns the record that the run folder holds."""
        import optuna

        from archrank.verbs.search import search

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        trains = self.evaluating.evaluator == TRAIN
        with (
            self.evaluating.opened(self.folder.name) as how,
            ProgressBar("searching", console) as bar,
            warnings_on(console),
        ):

            def on_progress(progress: "SearchProgress") -> None:
                bar.update(progress.done, progress.budget, progress.words)

            if invitation := self.evaluating.invitation(self.searched, self.table is None, self.folder.name):
                console.print(
                    f"waiting for workers; start some with\n  {invitation}",
                    soft_wrap=True,
                )
            result = search(
                self.target,
                values,
                self.options.strategy,
                budget=self.budget,
                seed=self.seed,
                objectives=dict(by.directions),
                where=[str(constraint) for constraint in by.constraints],
                folder=self.folder,
                resume=resume,
                on_progress=on_progress,
                command=again,
                fingerprint={**self.evaluating.active, **(values.fingerprint if trains else {})},  # type: ignore[union-attr]
                **self.before.given,
                **self.stopping.given,
                **how,
                **{name: value for name, value in self.options.active.items() if name != "strategy"},
            )
        assert result.folder is not None
        record: dict[str, Any] = json.loads((result.folder / "result.json").read_text(encoding="utf-8"))
        return record
