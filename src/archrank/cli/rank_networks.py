"""``archrank rank networks``: the files of trained networks and of candidates."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from archrank.benchmarks.files import read_cells
from archrank.cli.example import example_shape
from archrank.errors import ArchrankError, TableError
from archrank.verbs.rank_networks import rank_networks
from archrank.verbs.ranked import Ranking

__all__ = ["ranked_networks"]

_COLUMN = "architecture"


def ranked_networks(
    train: Path,
    target: str | None,
    candidates: Path | None,
    example: str | None,
    minimize: bool,
    top: int,
    seed: int,
) -> Ranking:
    """Rank the networks that a file names by those of another one.

    Further columns that both files have are inputs of the predictor, such as a training recipe. Names of networks are
    those of :func:`~archrank.trace`; only the files that they name are imported.

    Raises:
        TableError: A file lacks its column of networks, or the target.
        ArchrankError: No candidates, no target where it is not clear, or an example that is no shape.
    """
    if candidates is None:
        raise ArchrankError("rank networks needs the networks to rank: --candidates pool.csv")
    known, pool = read_cells(train).columns, read_cells(candidates).columns
    for path, cells in ((train, known), (candidates, pool)):
        if _COLUMN not in cells:
            raise TableError(f"{path} has the columns {', '.join(cells)}; expected a column {_COLUMN!r}")
    if target is None:
        target = _only_numbers(
            train, {name: known[name] for name in known if name != _COLUMN and name not in pool}
        )
    if target not in known:
        raise TableError(f"{train} has no column {target!r}; it has {', '.join(known)}")
    shared = [name for name in known if name in pool and name not in (_COLUMN, target)]
    ranking: Ranking = rank_networks(
        list(map(str, known[_COLUMN])),
        [_number(cell, target) for cell in known[target]],
        list(map(str, pool[_COLUMN])),
        example=None if example is None else example_shape(example),
        inputs={name: _column(known[name]) for name in shared} or None,
        candidate_inputs={name: _column(pool[name]) for name in shared} or None,
        target=target,
        minimize=minimize,
        top=top,
        seed=seed,
    )
    return ranking


def _only_numbers(path: Path, columns: Mapping[str, Sequence[Any]]) -> str:
    """The name of the only column of numbers that the candidates lack."""
    numbers = [name for name, cells in columns.items() if any(isinstance(v, float) for v in _column(cells))]
    if len(numbers) == 1:
        return numbers[0]
    if numbers:
        raise ArchrankError(f"name the column to rank by with --target: {', '.join(numbers)}")
    raise TableError(f"{path} has no column of numbers to rank by beside the columns of the candidates")


def _number(cell: Any, column: str) -> float:
    try:
        return float(cell)
    except (TypeError, ValueError):
        raise TableError(f"the column {column!r} holds {cell!r}, expected numbers only") from None


def _column(cells: Any) -> list[Any]:
    """Numbers where all that is filled are numbers, else texts."""
    given = [None if cell in (None, "") else cell for cell in cells]
    try:
        return [None if cell is None else float(cell) for cell in given]
    except (TypeError, ValueError):
        return [None if cell is None else str(cell) for cell in given]
