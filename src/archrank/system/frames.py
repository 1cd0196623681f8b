"""Data frames of pandas, which is not installed along."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from archrank.errors import ArchrankError

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["data_frame"]


def data_frame(data: Any, columns: Sequence[str] | None = None) -> "DataFrame":
    """A DataFrame of columns by name, or of rows.

    Raises:
        ArchrankError: pandas is not installed.
    """
    try:
        from pandas import DataFrame
    except ImportError:
        raise ArchrankError("to_pandas() needs pandas, which is not installed: pip install pandas") from None
    return DataFrame(data, columns=None if columns is None else list(columns))
