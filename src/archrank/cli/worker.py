"""``archrank worker``: evaluate what a search on another machine queues."""

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from archrank.cli.console import Console
from archrank.cli.executors import RetriesOption, TimeoutOption
from archrank.cli.training import (
    TRAIN,
    TrainingOptions,
    training_evaluator,
    with_training_options,
)
from archrank.errors import ArchrankError, UnknownName

if TYPE_CHECKING:
    from archrank.space import SearchSpace
    from archrank.study import Evaluator

__all__ = ["command"]


@with_training_options()
def command(
    storage: Annotated[
        str, typer.Option(envvar="ARCHRANK_STORAGE", metavar="URL", help="The search's PostgreSQL database.")
    ],
    study: Annotated[str, typer.Option(help="The study's name there; the search prints it.")],
    evaluator: Annotated[
        str, typer.Option(metavar="NAME", help="A benchmark's name, path/to/file.py:function, or train.")
    ],
    space: Annotated[
        str | None, typer.Option(help="The space, if it is your own: path/to/file.py:Class (the study's).")
    ] = None,
    timeout: TimeoutOption = None,
    retries: RetriesOption = 2,
    trainings: Annotated[
        Path,
        typer.Option(
            help="Folder of the learning curves (--evaluator train), and of the checkpoints of trainings that go on. "
            "Workers that share it go on with each other's trainings."
        ),
    ] = Path("trainings"),
    *,
    training: TrainingOptions,
) -> None:
    """Take architectures from a search's database, evaluate them and record the results.

    It ends when the search does. Start one per core or GPU, on as many machines as you like.

    Example: archrank worker --storage postgresql://host/optuna --study s --evaluator my_code.py:train
    """
    import optuna

    from archrank.benchmarks.table import Table
    from archrank.cli.executors import evaluator_of, values_from
    from archrank.study import Database, Objectives, Outcome, serve
    from archrank.workers.evaluation import Task

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    # What a cluster sends before it takes the machine away; Ctrl-C is treated with care everywhere.
    signal.signal(signal.SIGTERM, lambda number, frame: os.kill(os.getpid(), signal.SIGINT))
    console = Console(stderr=True)
    with Database(storage, study) as database:
        metadata = database.metadata()
        objectives = Objectives.from_metadata(metadata)
        evaluate: Evaluator
        if evaluator == TRAIN:
            searched = _space(space, metadata["space"])
            evaluate = training_evaluator(searched, training, trainings, seed=metadata.get("seed", 0))
        else:
            training.check_unused()
            values = values_from(evaluator)
            evaluate = evaluator_of(values, objectives.needed)
            of_table = values.space if isinstance(values, Table) else None
            searched = (
                of_table if space is None and of_table is not None else _space(space, metadata["space"])
            )

        def show(task: Task, outcome: Outcome, recorded: bool) -> None:
            found = [
                f"{name} {outcome.values[name]:.6g}" for name in objectives.needed if name in outcome.values
            ]
            said = ", ".join(found) or f"failed: {outcome.error}"
            if outcome.trained is not None and task.fidelity is not None:
                said += f", {outcome.trained} epochs trained to reach {task.fidelity}"
            if not recorded:
                said += " (not recorded: the search counted this worker as dead and queued the architecture again)"
            console.print(Text(f"{task.number:>5}  {outcome.seconds:.1f} s  {said}", overflow="fold"))

        console.print(Text(f"evaluating for the study in {database.where}"))
        try:
            done = serve(
                database,
                searched,
                evaluate,
                timeout=timeout,
                retries=retries,
                on_outcome=show,
                trainings=trainings.absolute(),
            )
        except KeyboardInterrupt:
            console.print("interrupted; the unfinished evaluation is back in the queue")
            raise typer.Exit(130) from None
    console.print(f"the search has ended; {done} evaluations ran here")


def _space(typed: str | None, stored: object) -> "SearchSpace":
    """The space that is searched: what the user typed may name code; the database holds only a name."""
    from archrank.cli import names
    from archrank.spaces.named import named_space

    if typed is not None:
        return names.space(typed)
    try:
        return named_space(stored)
    except UnknownName:
        raise ArchrankError(
            f"the study searches the space {str(stored)[:200]!r}, which is neither one of archrank's nor an "
            "installed package's, and code is never loaded because a database names it: name its file with "
            "--space path/to/file.py:Class"
        ) from None
