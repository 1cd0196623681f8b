"""A user's own code, by the name of its file or module."""

import importlib
import sys
import sysconfig
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from archrank.errors import SpaceError
from archrank.system.files import is_file
from archrank.system.foreign import bounded, in_one_line

__all__ = ["neighbors_first", "user_module"]

_PYTHON = sysconfig.get_path("stdlib")

_LINES = 4
"""Of a user's traceback; what raised comes last."""


def user_module(where: str) -> ModuleType:
    """A module of the user's, imported.

    Args:
        where: ``path/to/file.py`` or ``package.module``.

    Raises:
        SpaceError: It cannot be imported.
    """
    path = Path(where)
    if path.suffix != ".py":
        return _import(where, where, folder=Path.cwd())
    if not is_file(path):
        raise SpaceError(f"{bounded(where, 200)}: no such file")
    module = _import(path.stem, where, folder=path.resolve().parent)
    if Path(module.__file__ or "").resolve() != path.resolve():
        raise SpaceError(
            f"{where}: a module named {path.stem!r} is there already ({module.__file__ or 'built in'}); "
            "rename the file"
        )
    return module


@contextmanager
def neighbors_first(folder: Path) -> Iterator[None]:
    """A context in which imports find the files of a folder, and not what was imported by the same name from another.

    Args:
        folder: The folder of the user's file.
    """
    aside: dict[str, ModuleType] = {}
    for name, module in list(sys.modules.items()):
        file = Path(getattr(module, "__file__", None) or _PYTHON)
        # Installed modules and Python's own stay: others rely on them.
        if "site-packages" in file.parts or file.is_relative_to(_PYTHON):
            continue
        first = folder / name.partition(".")[0]
        neighbors = (first.with_suffix(".py"), first / "__init__.py")
        if any(map(Path.is_file, neighbors)) and not file.resolve().is_relative_to(folder):
            aside[name] = sys.modules.pop(name)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        if str(folder) not in sys.path:
            sys.path.append(str(folder))  # for what is imported later, within functions
        # What was there first keeps its name; what the file has imported holds its own.
        sys.modules.update(aside)


def _import(module: str, where: str, folder: Path) -> ModuleType:
    # The folder stays on the path: the module's own imports find its neighbors, worker processes the module.
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    # A file that was written a moment ago may be missing from what Python remembers of the folder.
    importlib.invalidate_caches()
    try:
        return importlib.import_module(module)
    except (Exception, SystemExit) as error:
        raise SpaceError(
            f"{bounded(where, 200)} cannot be imported: {in_one_line(error)}{_way_to(error)}"
        ) from None


def _way_to(error: BaseException) -> str:
    """The last lines of code on the way to an error, as a traceback shows them; those of Python's import left out."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename != __file__ and not frame.filename.startswith("<frozen ")
    ]
    lines = [
        f"\n  {frame.filename}, line {frame.lineno}, in {frame.name}: {bounded((frame.line or '').strip(), 200)}"
        for frame in frames
        if frame.filename != importlib.__file__
    ]
    return "".join(lines[-_LINES:])
