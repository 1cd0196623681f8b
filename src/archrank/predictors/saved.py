"""The files of a fitted predictor: ``predictor.json`` holds what it is, ``weights.safetensors`` its numbers."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load as read_arrays
from safetensors.numpy import save as array_bytes

from archrank.errors import PredictorError
from archrank.plugins import Names
from archrank.space import SearchSpace
from archrank.system.files import read_bounded, write_whole
from archrank.system.foreign import in_one_line, message, shown

__all__ = ["State", "damaged", "from_name", "named", "of_shape", "read", "write"]

FORMAT = 5

_PART = re.compile(r"[a-z]+-[0-9]{1,4}")
"""What the folder of a part is called."""

_DEEPEST = 8
"""Predictors within predictors, no deeper than this."""

_LARGEST_RECORD, _LARGEST_WEIGHTS = 64 * 2**20, 4 * 2**30
"""The most bytes of each file that are read."""

_LARGEST_NUMBER = 1e100
"""Computations with larger numbers could overflow."""


@dataclass(frozen=True, slots=True)
class State:
    """A fitted predictor as plain data.

    Attributes:
        settings: The arguments of its constructor that JSON can hold.
        learned: What it learned that JSON can hold.
        arrays: What it learned that are arrays, of finite numbers.
        parts: The fitted predictors that it consists of, by names such as ``member-0``; in files, the states of these.
        kind: The name of its class; filled in by :class:`~archrank.predictors.Predictor`.
        minimize: Whether it was fitted with lower targets as the better ones; filled in like ``kind``.
        title: What explanations call it, None for a number; filled in like ``kind``.
    """

    settings: Mapping[str, Any]
    learned: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    parts: Mapping[str, Any] = field(default_factory=dict)
    kind: str = ""
    minimize: bool = False
    title: str | None = None


def write(folder: Path, space: SearchSpace, state: State) -> None:
    """Write both files, and those of the parts into folders below; the record names the weights that belong to it.

    Raises:
        FileError: The folder cannot be written.
        PredictorError: Numbers that are not finite.
    """
    _check_finite(state.arrays)
    for name, part in state.parts.items():
        write(folder / name, space, part)
    weights = array_bytes({name: np.ascontiguousarray(array) for name, array in state.arrays.items()})
    record = {
        "format": FORMAT,
        "space": _identity(space),
        "predictor": state.kind,
        "minimize": state.minimize,
        "title": state.title,
        "settings": state.settings,
        "learned": state.learned,
        "parts": list(state.parts),
        "weights": hashlib.sha256(weights).hexdigest(),
    }
    write_whole(folder / "weights.safetensors", weights)
    write_whole(folder / "predictor.json", json.dumps(record, indent=2) + "\n")


def read(folder: Path, space: SearchSpace, depth: int = 0) -> State:
    """Read what :func:`write` wrote.

    Args:
        folder: Where it was written.
        space: The space that it is about.
        depth: How many predictors it is inside of.

    Raises:
        PredictorError: It is not there, damaged, of another format or about another space.
    """
    try:
        record = json.loads(read_bounded(folder / "predictor.json", _LARGEST_RECORD).decode())
        weights = read_bounded(folder / "weights.safetensors", _LARGEST_WEIGHTS)
    except (OSError, ValueError, RecursionError) as error:
        raise PredictorError(
            f"{folder} holds no saved predictor that can be read: {message(error)}"
        ) from None
    if not isinstance(record, dict):
        raise PredictorError(f"predictor.json in {folder} holds no record of a predictor")
    if record.get("format") != FORMAT:
        raise PredictorError(
            f"the predictor in {folder} has format {shown(record.get('format'))}, this version of archrank reads "
            f"{FORMAT}; fit it again and save it, or load it with the version that saved it"
        )
    if record.get("space") != _identity(space):
        raise PredictorError(
            f"the predictor in {folder} is about the space {shown(record.get('space'))}, "
            f"not {space.name} ({', '.join(list(_identity(space).values())[1:])})"
        )
    if hashlib.sha256(weights).hexdigest() != record.get("weights"):
        raise PredictorError(
            f"weights.safetensors in {folder} is damaged or belongs to another predictor.json"
        )
    try:
        parts = _folders(folder, record["parts"], depth)
        arrays = {name: array.copy() for name, array in read_arrays(weights).items()}
        _check_finite(arrays)
        return State(
            dict(record["settings"]),
            dict(record["learned"]),
            arrays,
            {part.name: read(part, space, depth + 1) for part in parts},
            str(record["predictor"]),
            bool(record["minimize"]),
            None if record.get("title") is None else str(record["title"]),
        )
    except PredictorError:
        raise
    except (AttributeError, LookupError, MemoryError, TypeError, ValueError, SafetensorError) as error:
        raise damaged(folder, error) from None


def of_shape(values: Any, shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """Numbers from a file as an array of 64-bit floats.

    Raises:
        ValueError: They have another shape, or are not finite numbers.
    """
    array = np.asarray(values)
    if array.shape != shape or array.dtype.kind not in "fiu":
        raise ValueError(f"an array of shape {array.shape} and type {array.dtype}, expected numbers {shape}")
    if array.size and not np.abs(array).max() <= _LARGEST_NUMBER:  # not of NaN either
        raise ValueError("numbers that are not finite, or very large")
    return array.astype(np.float64, copy=False)


def _check_finite(arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Check that all numbers are finite: a predictor with others would predict NaN.

    Raises:
        PredictorError: One is not.
    """
    for name, array in arrays.items():
        if array.dtype.kind in "fc" and not np.isfinite(array).all():
            raise PredictorError(
                f"the array {shown(name)} of the predictor has numbers that are not finite (NaN or infinite), so it "
                "could only predict NaN; fit it again, with a lower learning rate where it has one"
            )


def _identity(space: SearchSpace) -> dict[str, str]:
    """What a saved predictor remembers of its space; attributes are features, so others need another fit."""
    identity = {"name": space.name, "digest": space.digest}
    if space.attributes:
        text = json.dumps({kind: dict(own) for kind, own in space.attributes.items()}, default=float)
        identity["attributes"] = hashlib.sha256(text.encode()).hexdigest()[:12]
    return identity


def _folders(folder: Path, names: Any, depth: int) -> list[Path]:
    """The folders of the parts of a predictor, as its record names them.

    A record may come from anywhere. So a name is one that :func:`write` gives, each is there once, and none is a link:
    reading ends, and stays within the folder.

    Raises:
        PredictorError: Other names, a link, or predictors within predictors without end.
    """
    if not isinstance(names, list) or not all(isinstance(n, str) and _PART.fullmatch(n) for n in names):
        raise PredictorError(
            f"predictor.json in {folder} names parts {str(names)[:200]}, expected a list of folders in it such as "
            "member-0: it is damaged, or was not written by archrank; fit the predictor again"
        )
    if len(set(names)) < len(names):
        raise PredictorError(
            f"predictor.json in {folder} names one of its parts twice; fit the predictor again"
        )
    if names and depth >= _DEEPEST:
        raise PredictorError(
            f"{folder} is the folder of a predictor within {_DEEPEST} others, and has parts of its own: that is deeper "
            "than this version reads; fit it with fewer levels"
        )
    for name in names:
        if (folder / name).is_symlink():
            raise PredictorError(
                f"{folder / name} is a link, expected a folder: copy the files there, or fit the predictor again"
            )
    return [folder / name for name in names]


def damaged(folder: Path, error: Exception) -> PredictorError:
    """The error to raise where the files are whole, but what they hold makes no predictor."""
    return PredictorError(
        f"the predictor in {folder} is damaged: {in_one_line(error, 200)}; fit the predictor again"
    )


def named(names: Names[Any], what: str, settings: Any) -> dict[str, Any]:
    """Settings as a record that names their class.

    Raises:
        PredictorError: Their class has no name.
        PluginError: It has, in an installed package, but not for itself alone.
    """
    name = names.name_of(type(settings))
    if name is None:
        raise PredictorError(
            f"the {what} {settings!r} is none of archrank's own or of an installed package ({', '.join(names)}), so a "
            f"file cannot name it; make it a package with an entry point of the group archrank.{what}s to save "
            "predictors that use it"
        )
    return {"name": name, **asdict(settings)}


def from_name(names: Mapping[str, Any], kind: str, record: Mapping[str, Any]) -> Any:
    """The settings that a record of :func:`named` holds."""
    settings = dict(record)
    name = settings.pop("name")
    if name not in names:
        raise PredictorError(
            f"the predictor was saved with the {kind} {name!r}, which is unknown here; install the package that adds "
            "it, or the version of archrank that has it"
        )
    return names[name](**settings)
