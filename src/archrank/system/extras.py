"""What the extras of the package bring, and the one error where one is needed that is not installed."""

import ast
import importlib.util
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import lazy_loader

from archrank.errors import MissingExtra

__all__ = ["attach", "extra_named", "installed", "needs"]

_EXTRAS = {
    "torch": "neural",
    "PIL": "training",
    "sklearn": "training",
    "onnx": "training",
    "onnxscript": "training",
    "onnxruntime": "training",
    "pyarrow": "parquet",
    "psycopg": "postgres",
    "ray": "ray",
}
"""The extra that brings each module."""


def installed(module: str) -> bool:
    """Whether a module can be found; it is not imported.

    >>> installed("numpy")
    True
    """
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def needs(extra: str, *modules: str, what: str = "this") -> None:
    """Refuse to go on without an extra.

    Args:
        extra: The extra of this package, as in ``archrank[neural]``.
        modules: What it brings of which everything is needed.
        what: What needs it, for the message.

    Raises:
        MissingExtra: One of the modules is not installed.
    """
    for module in modules:
        if not installed(module):
            raise MissingExtra(module, extra, what)


@contextmanager
def extra_named(what: str = "this", extra: str | None = None) -> Iterator[None]:
    """Where a module that an extra brings cannot be imported, raise the error that names the extra.

    Args:
        what: What needs the module, for the message.
        extra: The extra to name; None for the smallest that brings the module.

    Raises:
        MissingExtra: An import within failed because the module is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        missing = str(error.name).partition(".")[0]
        if missing not in _EXTRAS:
            raise
        raise MissingExtra(missing, extra or _EXTRAS[missing], what) from None


def _elsewhere(package: str, file: str, name: str) -> str:
    """The subpackage whose public names hold this one, for a message; nothing is imported to find it."""
    if name.startswith("_"):
        return ""
    for stub in sorted(Path(file).parent.glob("*/__init__.py*")):
        imports = (node for node in ast.parse(stub.read_bytes()).body if isinstance(node, ast.ImportFrom))
        if any(alias.name == name for node in imports for alias in node.names):
            return f": it is in {package}.{stub.parent.name}"
    return ""


def attach(package: str, file: str) -> tuple[Callable[[str], object], Callable[[], list[str]], list[str]]:
    """Attributes of a package that are imported when they are first used: ``__getattr__``, ``__dir__``, ``__all__``.

    They are those that the package's stub, ``__init__.pyi``, imports. So a large library such as PyTorch is loaded
    only for those attributes that use it.

    Args:
        package: The package's ``__name__``.
        file: Its ``__file__``.
    """
    load, names, everything = lazy_loader.attach_stub(package, file)

    def loaded(name: str) -> object:
        if name not in everything:
            raise AttributeError(
                f"module {package!r} has no attribute {name!r}{_elsewhere(package, file, name)}"
            )
        with extra_named(f"{package}.{name}"):
            return load(name)

    return loaded, names, everything
