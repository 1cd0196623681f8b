"""What a user may give as architectures: objects, texts, options by name, rows of indices, columns of a data frame."""

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.errors import ArchrankError, ParseError, PredictorError, SpaceError
from archrank.space import Rows, SearchSpace
from archrank.system.foreign import shown

__all__ = ["ArchitecturesLike", "Prepared", "architectures_of", "check_is_space", "rows_of", "values_of"]

One: TypeAlias = Architecture | str | Mapping[str, str]

ArchitecturesLike: TypeAlias = One | Iterable[One | Sequence[int]] | npt.NDArray[Any]
"""One architecture or several: an :class:`Architecture`, its text, or its options by the names of the choices; any
iterable of these, such as a list, a generator or a pandas Series; option indices, (B, number of choices); or a data
frame with a column named ``architecture``, with a column for each choice, or with a single column."""

_COLUMN = "architecture"


class Prepared:
    """Architectures that were prepared once for many predictors.

    Attributes:
        space: Their space.
        rows: Their option indices: (B, number of choices).
    """

    space: SearchSpace
    rows: Rows


def rows_of(space: SearchSpace, given: ArchitecturesLike, *, empty: bool = False) -> Rows:
    """Option indices of the architectures that a user gives.

    Args:
        space: The space that they belong to.
        given: One architecture or B of them, see :data:`ArchitecturesLike`. Option indices in an array are taken to
            be valid and canonical, as ``space.rows()`` gives them; only their range is checked.
        empty: Whether no architecture at all is allowed.

    Returns:
        One row for each architecture, in the order given: (B, number of choices).

    Raises:
        PredictorError: Architectures of another space, rows of another shape or with indices that no option has,
            something that is no architecture, or none at all.
        ParseError: A text, or options by name, that the space does not know.
        SpaceError: The space is none.

    >>> from archrank.spaces import NASBench201
    >>> text = "|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|"
    >>> rows_of(NASBench201(), text).tolist() == rows_of(NASBench201(), [text]).tolist()
    True
    """
    check_is_space(space)
    rows = _checked(space, _rows(space, given))
    if not len(rows) and not empty:
        raise PredictorError(f"no architecture was given; expected one or more of the space {space.name!r}")
    return rows


def architectures_of(
    space: SearchSpace, given: ArchitecturesLike, *, empty: bool = False
) -> list[Architecture]:
    """The architectures that a user gives; arguments and errors are those of :func:`rows_of`."""
    return space.architectures(rows_of(space, given, empty=empty))


def check_is_space(space: object) -> None:
    """Check what a user gives as a space.

    Raises:
        SpaceError: It is something else.
    """
    if isinstance(space, type) and issubclass(space, SearchSpace):
        raise SpaceError(f"{space.__name__} is a class, expected a space: give {space.__name__}()")
    if not isinstance(space, SearchSpace):
        if isinstance(held := getattr(space, "space", None), SearchSpace):
            raise SpaceError(f"{shown(space)} is no search space: give its space, {held!r}")
        raise SpaceError(f"{shown(space)} is no search space; expected a SearchSpace, such as NASBench201()")


def _rows(space: SearchSpace, given: Any) -> npt.NDArray[Any]:
    """Rows whose range is not checked yet: (B, number of choices), or another shape where the user gave one."""
    if isinstance(given, np.ndarray) and given.dtype.kind in "iu":
        return given
    items = _items(space, given)
    alone = len(items) == 1
    found = [
        _one(space, item, "" if alone else f"architecture {index}: ") for index, item in enumerate(items)
    ]
    try:
        return space.pack(found)
    except SpaceError:
        raise
    except (
        ValueError,
        OverflowError,
    ):  # architectures made by hand: of several lengths, or with large indices
        lengths = sorted({len(architecture.choices) for architecture in found})
        raise PredictorError(
            f"architectures of {' and '.join(map(str, lengths))} choices were given, but the space {space.name} "
            f"has {len(space.choices)}"
        ) from None


def _items(space: SearchSpace, given: Any) -> Sequence[Any]:
    """The architectures one by one, each in the form that the user chose."""
    if isinstance(given, Architecture | str | Mapping) or _is_genotype(given):
        return [given]
    if hasattr(given, "columns"):
        return _of_frame(space, given)
    if isinstance(given, bytes | Set) or not (isinstance(given, Iterable) or hasattr(given, "tolist")):
        raise PredictorError(
            f"{shown(given)} is of the type {type(given).__name__}; {_expected(space)}, or a list, an array or a "
            "column of these"
        )
    return values_of(given)


def values_of(column: Any) -> Sequence[Any]:
    """The cells of a column of any library, as Python's own values."""
    for name in ("tolist", "to_list", "to_pylist"):
        if hasattr(column, name):
            values = getattr(column, name)()
            return values if isinstance(values, list) else [values]
    return list(column)


def _of_frame(space: SearchSpace, frame: Any) -> Sequence[Any]:
    names = [str(name) for name in getattr(frame, "column_names", frame.columns)]
    choices = [choice.name for choice in space.choices]
    if _COLUMN in names:
        return values_of(frame[_COLUMN])
    if not choices:  # they depend on each other: what is not active is missing in its row
        records = zip(*(values_of(frame[name]) for name in names), strict=True)
        return [
            {n: v for n, v in zip(names, row, strict=True) if v is not None and v == v} for row in records
        ]
    if set(choices) <= set(names):
        cells = [values_of(frame[name]) for name in choices]
        return [dict(zip(choices, row, strict=True)) for row in zip(*cells, strict=True)]
    if len(names) == 1:
        return values_of(frame[names[0]])
    raise PredictorError(
        f"a data frame with the columns {', '.join(map(repr, names[:8]))}{', …' * (len(names) > 8)} was given; "
        f"expected a column {_COLUMN!r}, or one for each choice of the space {space.name} ({', '.join(choices)})"
    )


def _one(space: SearchSpace, item: Any, where: str) -> Architecture:
    if isinstance(item, Architecture):
        if item.space != space.name:
            raise PredictorError(
                f"{where}an architecture of the space {item.space!r} was given where the space is {space.name!r}"
            )
        return item
    try:
        if isinstance(item, str):
            return space.parse(item)
        if _is_genotype(item):
            return space.parse(repr(item))
        if isinstance(item, Mapping):
            return space.from_options(item)
        if isinstance(item, Sequence | np.ndarray) and all(isinstance(i, int | np.integer) for i in item):
            return space.architecture([int(index) for index in item])
    except ArchrankError as error:
        if not where and isinstance(error, ParseError):
            raise
        raise ParseError(f"{where}{error}") from None
    raise PredictorError(f"{where}{shown(item)} is of the type {type(item).__name__}; {_expected(space)}")


def _is_genotype(item: object) -> bool:
    """Whether it is a named tuple, as the authors of DARTS have their genotypes: it prints what spaces read."""
    return isinstance(item, tuple) and hasattr(item, "_fields")


def _checked(space: SearchSpace, rows: npt.NDArray[Any]) -> Rows:
    if rows.dtype == object:
        return rows
    counts = np.array([len(choice.options) for choice in space.choices])
    if rows.ndim != 2 or rows.shape[1] != len(counts):
        raise PredictorError(
            f"rows of the shape {rows.shape} were given, expected (B, {len(counts)}): the option indices of "
            f"architectures of {space.name}"
        )
    if len(rows) and ((rows.min(axis=0) < 0) | (rows.max(axis=0) >= counts)).any():
        row, column = np.argwhere((rows < 0) | (rows >= counts))[0].tolist()
        raise PredictorError(
            f"row {row}: option {rows[row, column]} of {space.choices[column].name!r} does not exist; "
            f"its options have the indices 0 to {counts[column] - 1}"
        )
    return rows.astype(np.int16, copy=False)


def _expected(space: SearchSpace) -> str:
    return f"expected an Architecture of the space {space.name!r}, its text, or its options by name"
