"""What ``--hint`` says: a column of something else that was measured, on more architectures."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from archrank.errors import TableError

if TYPE_CHECKING:
    import numpy.typing as npt

    from archrank.architecture import Architecture
    from archrank.benchmarks import Table
    from archrank.predictors import Predictor
    from archrank.space import SearchSpace

__all__ = ["Told", "measured"]


@dataclass(frozen=True, slots=True)
class Told:
    """A column that a hint is learnt from.

    Attributes:
        path: The file.
        column: The column's name.
        words: What the user wrote.
    """

    path: Path
    column: str
    words: str

    @classmethod
    def of(cls, words: str, train: Path) -> "Told":
        """What ``COLUMN``, one of the training file, or ``FILE:COLUMN`` says.

        >>> Told.of("cheap.csv:loss", Path("measured.csv")).column
        'loss'
        """
        from archrank.benchmarks.files import SUFFIXES

        for suffix in SUFFIXES:
            path, found, column = words.partition(f"{suffix}:")
            if found:
                return cls(Path(path + suffix), column, words)
        return cls(train, words, words)

    def learnt(self, space: "SearchSpace", least: int, seed: int) -> "Predictor":
        """The fast predictor, fitted on the rows in which the column is filled.

        Args:
            space: The space.
            least: So many rows it must have.
            seed: Fixes all randomness.

        Raises:
            TableError: The file, the column, or enough of its rows are not there.
            PredictorError: All its numbers are equal.
        """
        from archrank.benchmarks.files import read_table
        from archrank.predictors import auto

        table = read_table(self.path, space, metrics=[self.column], blanks=True)
        return auto(space, "fast", seed=seed).fit(*measured(table, self.path, least))


def measured(table: "Table", path: Path, least: int) -> "tuple[list[Architecture], npt.NDArray[np.float64]]":
    """The architectures of a table whose first column is filled, and its numbers.

    Args:
        table: The table.
        path: The file that it comes from.
        least: So many architectures there must be.

    Raises:
        TableError: Fewer than ``least``.
    """
    values = table.column()
    filled = np.flatnonzero(~np.isnan(values))
    if len(filled) < least:
        raise TableError(
            f"{path} holds {len(filled)} measured architectures, with a number in {table.metrics[0].name!r}: "
            f"too few to rank others by; give {least} or more"
        )
    return [table.architectures[place] for place in filled.tolist()], values[filled]
