"""What a search is of: a benchmark, or a space where nothing was measured."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from archrank.cli.executors import OWN_EVALUATOR
from archrank.errors import ArchrankError

if TYPE_CHECKING:
    from archrank.benchmarks.table import Table
    from archrank.space import SearchSpace
    from archrank.study.outcome import Evaluator

__all__ = ["Subject", "check_values", "subject_from"]

COUNTED = 200_000
"""The architectures of spaces with up to so many encodings are counted."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is searched.

    Attributes:
        name: What the command line calls it.
        space: The space.
        table: The benchmark's table; None where nothing was measured.
    """

    name: str
    space: "SearchSpace"
    table: "Table | None" = None

    @property
    def title(self) -> str:
        """The benchmark's name, or the space's."""
        return self.name if self.table is not None else self.space.name

    @property
    def benchmark(self) -> str | None:
        """The benchmark's name."""
        return None if self.table is None else self.name

    @property
    def is_own(self) -> bool:
        """Whether it is a space of the user's, which nobody finds by its name alone."""
        return self.table is None and ":" in self.name

    @property
    def most(self) -> int:
        """How many architectures can be evaluated at most; for a large space no fewer than that."""
        if self.table is not None:
            return len(self.table)
        return self.space.size if self.space.encodings <= COUNTED else self.space.encodings


def subject_from(name: str, evaluator: str | None, elsewhere: bool) -> Subject:
    """What a name on the command line says.

    Args:
        name: A benchmark, a space, or a space of the user's as ``path/to/file.py:Class``. What is both is the space
            where there is an evaluator.
        evaluator: The evaluator that is named.
        elsewhere: Whether workers elsewhere evaluate.

    Raises:
        UnknownName: There is no such benchmark, and no such space.
        SpaceError: The user's file cannot be imported, or what it holds there is no search space.
        TableError: The benchmark cannot be read.
        ArchrankError: It is a space, and nobody evaluates.
    """
    from archrank import benchmarks
    from archrank.cli import names
    from archrank.spaces.named import SPACES

    if name in benchmarks.SOURCES and not (evaluator and name in SPACES):
        table = names.table(name)
        return Subject(name, table.space, table)
    space = names.space(name, "benchmark or space")
    if evaluator is None and not elsewhere:
        tables = [other for other, source in benchmarks.SOURCES.items() if source.space().name == space.name]
        instead = f"; or search one of its benchmarks: {', '.join(tables)}" if tables else ""
        raise ArchrankError(
            f"{name} is a space, where nothing was measured yet: say what evaluates an architecture, by --evaluator "
            f"{OWN_EVALUATOR}, or train it, by --evaluator train{instead}"
        )
    return Subject(name, space)


def check_values(subject: Subject, values: "Table | Evaluator | None") -> None:
    """Make sure that what gives the values can evaluate what is searched.

    Raises:
        ArchrankError: It is a table of another space.
    """
    from archrank.benchmarks.table import Table

    if isinstance(values, Table) and values.space.name != subject.space.name:
        raise ArchrankError(
            f"the evaluator {values.name} is of the space {values.space.name}, not of {subject.space.name}: name "
            f"another benchmark, or {OWN_EVALUATOR}"
        )
