"""Pickles from elsewhere, read as data: the few names that a format needs are allowed, and nothing else.

A pickle is a program for a small stack machine. Its only way out of the machine is to ask for a name by
module; here every name leads to a harmless builder of this file, or to an error.
"""

import hashlib
import importlib.metadata
import importlib.util
import io
import pickle
import struct
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from archrank.benchmarks.pickle_structure import check_structure
from archrank.errors import TableError
from archrank.system.foreign import bounded, message, shown

__all__ = ["NUMPY_NUMBERS", "ORDERED", "Allowed", "package_pickle", "record_class", "restricted_loads"]

Allowed = Mapping[tuple[str, str], Callable[[], Any]]
"""For each allowed (module, name), what makes the thing that stands in for it, afresh for every pickle."""

LARGEST = 1 << 28
"""No table of numbers that this project reads comes near this many bytes."""


def restricted_loads(
    data: bytes,
    allowed: Allowed,
    source: str,
    *,
    intact: bool = False,
    remedy: str = "install its package again",
    encoding: str = "ASCII",
) -> Any:
    """Read a pickle without running anything that it asks for.

    Args:
        data: The pickle.
        allowed: The names that it may ask for.
        source: What to call it in messages.
        intact: Whether the bytes are known to be those that were published, so that their structure need not
            be checked first.
        remedy: The way out of damage, for the message.
        encoding: What the texts of Python 2 are in; ``"bytes"`` leaves them as bytes.

    Raises:
        TableError: It asks for a name that is not allowed, is cut short, or is not a pickle of plain data.

    >>> restricted_loads(pickle.dumps({"accuracy": [0.5]}), {}, "an example")
    {'accuracy': [0.5]}
    """
    if len(data) > LARGEST:
        raise TableError(
            f"{source}: {len(data):,} bytes, more than the {LARGEST:,} that any known table needs"
        )
    try:
        if not intact:
            check_structure(data)
        return _Restricted(data, allowed, source, encoding).load()
    except TableError:
        raise
    except Exception as error:
        # The machine fails in many ways on damaged input: EOFError, KeyError, TypeError, UnpicklingError, …
        raise TableError(
            f"{source} is damaged, or not a table: {type(error).__name__}: {message(error, 200)}; {remedy}"
        ) from None


class _Restricted(pickle.Unpickler):
    def __init__(self, data: bytes, allowed: Allowed, source: str, encoding: str) -> None:
        super().__init__(io.BytesIO(data), encoding=encoding)
        self._allowed = allowed
        self._made: dict[tuple[str, str], Any] = {}
        self._source = source

    def find_class(self, module: str, name: str) -> Any:
        asked = (module, name)
        if asked not in self._made:
            if asked not in self._allowed:
                raise TableError(
                    f"{self._source} asks for {bounded(module, 100)}.{bounded(name, 100)}, which no table "
                    "of numbers needs: refused, nothing was run"
                )
            self._made[asked] = self._allowed[asked]()
        return self._made[asked]

    def persistent_load(self, pid: Any) -> Any:
        raise TableError(f"{self._source} asks for the outside object {shown(pid)}: refused")


def record_class() -> type:
    """An inert class: its objects hold the attributes that a pickle gives them and do nothing."""

    class Record:
        def __init__(self) -> None:
            raise TypeError("a record is made by its pickle's state, not called")

    return Record


class _NumberType:
    """Stands in for ``numpy.dtype``: a code, and the byte order that follows as its state."""

    def __init__(self, code: str, align: bool = False, copy: bool = True) -> None:
        formats = {"f8": "d", "f4": "f", "i8": "q", "i4": "i"}
        if not isinstance(code, str) or code not in formats:
            raise ValueError(f"number type {shown(code)}, expected one of {', '.join(formats)}")
        self._format = formats[code]
        self.unpack = struct.Struct("<" + self._format).unpack

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        if state[1] not in ("<", ">"):
            raise ValueError(f"byte order {shown(state[1])}, expected '<' or '>'")
        self.unpack = struct.Struct(state[1] + self._format).unpack


def _number_type() -> type[_NumberType]:
    # A class of its own for every pickle: whatever a pickle does to it ends with that pickle.
    return type("_NumberTypeOfOnePickle", (_NumberType,), {})


def _number() -> Callable[[_NumberType, bytes], float]:
    def number(kind: _NumberType, data: bytes) -> float:
        if not isinstance(kind, _NumberType):
            raise TypeError(f"a number of type {shown(kind)}")
        return float(kind.unpack(data)[0])

    return number


NUMPY_NUMBERS: Allowed = {
    ("numpy", "dtype"): _number_type,
    ("numpy.core.multiarray", "scalar"): _number,
    ("numpy._core.multiarray", "scalar"): _number,
}
"""What a pickled NumPy number asks for; it comes out as a float."""

ORDERED: Allowed = {("collections", "OrderedDict"): lambda: dict}
"""What a pickled ordered dictionary asks for; it comes out as a dictionary."""


def package_pickle(package: str, file: str, allowed: Allowed) -> Any:
    """Read a pickle that an installed package carries, without importing the package.

    Args:
        package: Name of the package to install, e.g. ``"nas-bench-graph"``.
        file: The path of the pickle in it, e.g. ``"nas_bench_graph/light/cora.bench"``.
        allowed: The names that it may ask for.

    Raises:
        TableError: The package or its file is missing, differs from what was installed, or asks for other
            names.
    """
    module, _, inside = file.partition("/")
    spec = importlib.util.find_spec(module)
    folders = list(spec.submodule_search_locations or []) if spec else []
    if not folders:
        raise TableError(f"the package {package} is not installed: pip install {package}")
    path = next((p for folder in folders if (p := Path(folder, inside)).is_file()), None)
    if path is None:
        raise TableError(f"{Path(folders[0], inside)} is missing: pip install --force-reinstall {package}")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TableError(f"{path} cannot be read: {error.strerror}") from None
    recorded = _recorded_digest(package, file)
    if recorded is not None and recorded != _digest(data):
        raise TableError(
            f"{path} ({len(data):,} bytes) is not the file that was installed, it is damaged or cut short: "
            f"pip install --force-reinstall {package}"
        )
    return restricted_loads(data, allowed, str(path), intact=recorded is not None)


def _recorded_digest(package: str, file: str) -> str | None:
    """The SHA-256 that the installer wrote down for a file, or None where it wrote none."""
    try:
        files = importlib.metadata.files(package) or []
    except importlib.metadata.PackageNotFoundError:
        return None
    for entry in files:
        if entry.as_posix() == file and entry.hash is not None and entry.hash.mode == "sha256":
            return entry.hash.value
    return None


def _digest(data: bytes) -> str:
    return urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
