"""Lists of codes that take a while to work out, kept as small files between runs."""

import hashlib
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt

from archrank.errors import FileError
from archrank.system.files import write_whole

__all__ = ["cache_folder", "cached"]

Codes = npt.NDArray[np.uint32]

_CHECK_BYTES = 32


def cache_folder() -> Path | None:
    """Where archrank keeps what it can work out again, or None where the user has no home folder.

    It is the folder that the environment variable ``ARCHRANK_CACHE`` names, by default ``archrank`` in the platform's
    folder for caches.
    """
    if own := os.environ.get("ARCHRANK_CACHE"):
        return Path(own)
    try:
        home = Path.home()
    except RuntimeError:
        return None
    if sys.platform == "win32":
        base, default = os.environ.get("LOCALAPPDATA"), home / "AppData" / "Local"
    elif sys.platform == "darwin":
        base, default = None, home / "Library" / "Caches"
    else:
        base, default = os.environ.get("XDG_CACHE_HOME"), home / ".cache"
    return Path(base or default) / "archrank"


def cached(name: str, version: str, make: Callable[[], Codes]) -> Codes:
    """Numbers that ``make`` works out, from the cache where it has them.

    A file that is damaged, or was made of another version, is made anew; where the folder cannot be written, nothing
    is kept. Neither is worth a word: all that is lost is time.

    Args:
        name: The file's name, without its ending.
        version: Changes when ``make`` would give something else.
        make: Works the numbers out: (M,).
    """
    folder = cache_folder()
    if folder is None:
        return make()
    path = folder / f"{name}.u32"
    try:
        content = path.read_bytes()
    except OSError:
        content = b""
    check, numbers = content[:_CHECK_BYTES], content[_CHECK_BYTES:]
    if check == _check(version, numbers):
        return np.frombuffer(numbers, dtype="<u4")
    codes = make()
    numbers = codes.astype("<u4").tobytes()
    with suppress(FileError):
        write_whole(path, _check(version, numbers) + numbers)
    return codes


def _check(version: str, numbers: bytes) -> bytes:
    return hashlib.sha256(version.encode() + b"\0" + numbers).digest()
