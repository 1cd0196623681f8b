"""The options for where a search's evaluations run, for ``archrank search`` and ``archrank worker``."""

import shlex
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archrank.errors import ArchrankError, UnknownName

if TYPE_CHECKING:
    from archrank.benchmarks.table import Table
    from archrank.cli.console import Console
    from archrank.space import SearchSpace
    from archrank.study.database import Database
    from archrank.workers.outcome import Evaluator

__all__ = [
    "EVALUATIONS_PANEL",
    "EXECUTORS",
    "USER_EVALUATOR",
    "AddressOption",
    "AsynchronousOption",
    "CpusOption",
    "EvaluatorOption",
    "ExecutorOption",
    "ExecutorOptions",
    "GpusOption",
    "MemoryOption",
    "PatienceOption",
    "RetriesOption",
    "StorageOption",
    "StudyOption",
    "TimeoutOption",
    "evaluator_of",
    "values_from",
    "warnings_on",
]

EXECUTORS = ("process", "ray")

EVALUATIONS_PANEL = "Evaluations, such as --workers 4 --timeout 600"

ExecutorOption = Annotated[
    str,
    typer.Option(rich_help_panel=EVALUATIONS_PANEL, help="Where evaluations run: " + " | ".join(EXECUTORS)),
]
AddressOption = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=EVALUATIONS_PANEL,
        help="Head of a Ray cluster to join; without it one is started here (ray).",
        metavar="HOST:PORT",
    ),
]
CpusOption = Annotated[
    float, typer.Option(rich_help_panel=EVALUATIONS_PANEL, help="CPUs per evaluation (ray).", min=0)
]
GpusOption = Annotated[
    float,
    typer.Option(
        rich_help_panel=EVALUATIONS_PANEL, help="GPUs per evaluation; may be fractional (ray).", min=0
    ),
]
MemoryOption = Annotated[
    float | None,
    typer.Option(rich_help_panel=EVALUATIONS_PANEL, help="GiB of memory per evaluation (ray).", min=0),
]
TimeoutOption = Annotated[
    float | None, typer.Option(rich_help_panel=EVALUATIONS_PANEL, help="Seconds that an evaluation may take.")
]
RetriesOption = Annotated[
    int,
    typer.Option(
        rich_help_panel=EVALUATIONS_PANEL, help="Retries of an evaluation whose worker died.", min=0
    ),
]
AsynchronousOption = Annotated[
    bool,
    typer.Option(
        "--asynchronous",
        rich_help_panel=EVALUATIONS_PANEL,
        help="Propose whenever a worker is free, instead of in rounds.",
    ),
]
StorageOption = Annotated[
    str | None,
    typer.Option(
        envvar="ARCHRANK_STORAGE",
        rich_help_panel=EVALUATIONS_PANEL,
        help="Store the study in this PostgreSQL database; `archrank worker` on any machine evaluates.",
        metavar="URL",
        show_envvar=True,
    ),
]
StudyOption = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=EVALUATIONS_PANEL, help="The study's name in the storage (the folder's name)."
    ),
]
PatienceOption = Annotated[
    float,
    typer.Option(
        rich_help_panel=EVALUATIONS_PANEL,
        help="Seconds without a heartbeat after which a worker counts as dead (storage).",
        min=1,
    ),
]
EvaluatorOption = Annotated[
    str | None,
    typer.Option(
        help="What evaluates: path/to/file.py:function, train, or measured.csv (a table of values); a space needs one.",
        metavar="NAME",
    ),
]

USER_EVALUATOR = "path/to/file.py:function"
"""The placeholder of a user's evaluator in messages."""


@dataclass(frozen=True, slots=True)
class ExecutorOptions:
    """The options for evaluating; the fields are the options of ``archrank search``."""

    workers: int = 1
    executor: str = "process"
    address: str | None = None
    cpus: float = 1.0
    gpus: float = 0.0
    memory: float | None = None
    timeout: float | None = None
    retries: int = 2
    asynchronous: bool = False
    storage: str | None = None
    study: str | None = None
    patience: float = 60.0
    evaluator: str | None = None

    @property
    def words(self) -> list[str]:
        """The options that differ from their defaults, as words of a command, without a password."""
        words: list[str] = []
        for name in self.__slots__:
            value = getattr(self, name)
            if value == ExecutorOptions.__dataclass_fields__[name].default:
                continue
            if name == "storage":
                value = self._database("any").address
            words += [f"--{name}"] if value is True else [f"--{name}", str(value)]
        return words

    @property
    def active(self) -> dict[str, Any]:
        """The options that identify a run, without those that have their defaults."""
        kept = {name: getattr(self, name) for name in ("asynchronous", "study", "evaluator")}
        return {name: value for name, value in kept.items() if value}

    @contextmanager
    def opened(self, name: str) -> Iterator[dict[str, Any]]:
        """The arguments of a search for where it runs; closes what it opened.

        Args:
            name: The study's name if ``study`` is not set.

        Raises:
            ArchrankError: An option that conflicts with others, or an unknown executor.
        """
        from archrank.study import RayCluster

        if self.executor not in EXECUTORS:
            raise UnknownName("executor", self.executor, EXECUTORS)
        cluster = RayCluster(self.address, self.cpus, self.gpus, self.memory)
        if self.executor != "ray" and cluster != RayCluster():
            raise ArchrankError(
                "--address, --cpus, --gpus and --memory are options of Ray: add --executor ray"
            )
        if self.storage is None and self.study is not None:
            raise ArchrankError(f"--study {self.study} names a study in a database: add --storage URL")
        arguments: dict[str, Any] = {
            "workers": self.workers,
            "retries": self.retries,
            "timeout": self.timeout,
            "asynchronous": self.asynchronous,
            "executor": cluster if self.executor == "ray" else None,
        }
        if self.storage is None:
            yield arguments
            return
        if self.evaluator is not None:
            raise ArchrankError(
                "with --storage, give --evaluator to every `archrank worker`, not to the search"
            )
        with self._database(name) as database:
            yield {**arguments, "database": database}

    def invitation(self, searched: str, is_space: bool, name: str) -> str | None:
        """The command that starts a worker for the search; None where the search starts its own.

        Args:
            searched: The name of what is searched.
            is_space: Whether that is a space, not a table.
            name: The study's name if ``study`` is not set.
        """
        if self.storage is None:
            return None
        database = self._database(name)
        words = ["--storage", database.address, "--study", database.name]
        words += ["--evaluator", USER_EVALUATOR if is_space else searched]
        if is_space and ":" in searched:
            words += ["--space", searched]
        return shlex.join(["archrank", "worker", *words])

    def _database(self, name: str) -> "Database":
        from archrank.study import Database

        assert self.storage is not None
        return Database(self.storage, self.study or name, self.patience)


def values_from(name: str, space: "SearchSpace | None" = None, **asked: Any) -> "Table | Evaluator":
    """The source of values that the command line names.

    Args:
        name: A benchmark; a table of the user's; or a function as ``path/to/file.py:function`` or
            ``package.module:function``.
        space: The space of a user's table; None where none is read.
        asked: What is searched by, and how a table is written, for :func:`archrank.verbs.named.given_values`.

    Raises:
        ArchrankError: There is no such benchmark or function, or it cannot be called.
    """
    from archrank.benchmarks.files import SUFFIXES
    from archrank.cli import names
    from archrank.verbs.named import given_values

    if space is not None and name.lower().endswith(SUFFIXES):
        read = given_values(name, space, **asked)
        assert read is not None
        return read
    where, colon, attribute = name.rpartition(":")
    if not (colon and where):
        if name.endswith(".py"):
            raise ArchrankError(f"{name!r}: name the function in the file, e.g. {name}:evaluate")
        return names.table(name)
    held = vars(names.user_module(where))
    if attribute not in held:
        functions = [key for key, value in held.items() if callable(value) and not isinstance(value, type)]
        raise UnknownName(f"evaluator of {where}", attribute, functions)
    if not callable(held[attribute]) or isinstance(held[attribute], type):
        raise ArchrankError(
            f"{name} is {held[attribute]!r}, expected a function of an architecture, or an object that can be called "
            "with one"
        )
    evaluator: Evaluator = held[attribute]
    return evaluator


def evaluator_of(values: "Table | Evaluator", metrics: Sequence[str]) -> "Evaluator":
    """The evaluator that gives these values: a table is looked up.

    Args:
        values: A table or an evaluator.
        metrics: Names of the values that the search uses.

    Raises:
        UnknownName: The table has no such metric.
    """
    from archrank.benchmarks.table import Table
    from archrank.study import TableEvaluator

    return TableEvaluator(values, *metrics) if isinstance(values, Table) else values


@contextmanager
def warnings_on(console: "Console") -> Iterator[None]:
    """A context in which a warning is one line on the console, without the line of code that it comes from."""
    from rich.text import Text

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        console.print(Text("warning:", style="yellow"), str(message), soft_wrap=True)

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield
