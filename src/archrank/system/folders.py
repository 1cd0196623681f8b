"""Where tables that come from official files are kept."""

import os
from pathlib import Path

from platformdirs import user_data_dir

from archrank.errors import TableError

__all__ = ["data_folder", "imported_path"]


def data_folder() -> Path:
    """The folder of the user's data.

    It is the folder that the environment variable ``ARCHRANK_DATA`` names, by default ``archrank`` in the platform's
    folder for a user's data.

    Raises:
        TableError: The user has no home folder, and the variable is not set.
    """
    if own := os.environ.get("ARCHRANK_DATA"):
        return Path(own)
    try:
        Path.home()
    except RuntimeError:
        raise TableError(
            "there is no home folder: set ARCHRANK_DATA to a folder for imported tables"
        ) from None
    return Path(user_data_dir("archrank", appauthor=False))


def imported_path(name: str) -> Path:
    """The path of the imported table of that name; None if it was not imported."""
    return data_folder() / "tables" / f"{name}.parquet"
