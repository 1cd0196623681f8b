"""The files of a fitted predictor: ``predictor.json`` says what it is, ``weights.safetensors`` holds its numbers."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from archrank.errors import PredictorError
from archrank.files import write_whole
from archrank.predictors.base import Predictor
from archrank.space import SearchSpace

__all__ = ["folders_named", "from_name", "named", "read", "write", "write_hints"]

FORMAT = 3

_PART = re.compile(r"(member|hint)-\d{1,4}", re.ASCII)
"""What the folder of a predictor within another's is called."""

_DEEPEST = 8
"""Predictors within predictors, no deeper than this."""


def write(folder: Path, space: SearchSpace, record: Mapping[str, Any], weights: bytes) -> None:
    """Write both files; the record names the weights that belong to it.

    Raises:
        FileError: The folder cannot be written.
    """
    whole = {
        "format": FORMAT,
        "space": {"name": space.name, "digest": space.digest},
        **record,
        "weights": hashlib.sha256(weights).hexdigest(),
    }
    write_whole(folder / "weights.safetensors", weights)
    write_whole(folder / "predictor.json", json.dumps(whole, indent=2) + "\n")


def write_hints(folder: Path, hints: Sequence[Predictor]) -> list[str]:
    """Write fitted hints into folders of their own within that of the predictor, and give the folders' names."""
    names = [f"hint-{place}" for place in range(len(hints))]
    for name, hint in zip(names, hints, strict=True):
        hint.save(folder / name)
    return names


def folders_named(folder: Path, record: Mapping[str, Any], key: str) -> list[Path]:
    """The folders of the predictors within a predictor, as its record names them.

    A record may come from anywhere. So a name is one that :meth:`Predictor.save` gives, each is there once, and none is
    a link: reading ends, and stays within the folder.

    Args:
        folder: That of the predictor.
        record: What its ``predictor.json`` says.
        key: Where the record has the names; it may be missing.

    Raises:
        PredictorError: Other names, a link, or predictors within predictors without end.
    """
    names = record.get(key, [])
    if not isinstance(names, list) or not all(isinstance(n, str) and _PART.fullmatch(n) for n in names):
        raise PredictorError(
            f"predictor.json in {folder} names {key} {str(names)[:200]}, expected a list of folders in it such as "
            "member-0: it is damaged, or was not written by archrank; fit it anew"
        )
    if len(set(names)) < len(names):
        raise PredictorError(f"predictor.json in {folder} names one of its {key} twice; fit it anew")
    within = folder.absolute().parts[-_DEEPEST:]
    if names and len(within) == _DEEPEST and all(map(_PART.fullmatch, within)):
        raise PredictorError(
            f"{folder} is the folder of a predictor within {_DEEPEST} others, and has {key} of its own: that is deeper "
            "than this version reads; fit it with fewer levels"
        )
    for name in names:
        if (folder / name).is_symlink():
            raise PredictorError(
                f"{folder / name} is a link, expected a folder: copy the files there, or fit it anew"
            )
    return [folder / name for name in names]


def named(names: Mapping[str, Any], what: str, settings: Any) -> dict[str, Any]:
    """Settings as a record that names their class.

    Raises:
        PredictorError: Their class has no name.
    """
    for name, kind in names.items():
        if type(settings) is kind:
            return {"name": name, **asdict(settings)}
    raise PredictorError(
        f"the {what} {settings!r} is none of archrank's own ({', '.join(names)}), so a file cannot name it; "
        "add it to the table of names to save predictors that use it"
    )


def from_name(names: Mapping[str, Any], kind: str, record: Mapping[str, Any]) -> Any:
    """The settings that a record of :func:`named` says."""
    settings = dict(record)
    name = settings.pop("name")
    if name not in names:
        raise PredictorError(
            f"this version does not know the {kind} {name!r} that the predictor was saved with"
        )
    return names[name](**settings)


def read(folder: Path, space: SearchSpace) -> tuple[dict[str, Any], bytes]:
    """The record and the weights that :func:`write` wrote.

    Raises:
        PredictorError: They are not there, damaged, of another format or about another space.
    """
    try:
        record = json.loads((folder / "predictor.json").read_text(encoding="utf-8"))
        weights = (folder / "weights.safetensors").read_bytes()
    except (OSError, ValueError, RecursionError) as error:
        raise PredictorError(f"{folder} holds no saved predictor that can be read: {error}") from None
    if not isinstance(record, dict):
        raise PredictorError(f"predictor.json in {folder} holds no record of a predictor")
    if record.get("format") != FORMAT:
        raise PredictorError(
            f"the predictor in {folder} has format {record.get('format')!r}, this version reads {FORMAT}; fit it anew"
        )
    if record.get("space") != {"name": space.name, "digest": space.digest}:
        raise PredictorError(
            f"the predictor in {folder} is about the space {record.get('space')}, "
            f"not {space.name} ({space.digest})"
        )
    if hashlib.sha256(weights).hexdigest() != record.get("weights"):
        raise PredictorError(
            f"weights.safetensors in {folder} is damaged or belongs to another predictor.json"
        )
    return record, weights
