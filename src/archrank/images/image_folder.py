"""A folder of images with one folder for each class, as in ImageNet."""

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from archrank.errors import DataError
from archrank.images import pictures
from archrank.images.source import ImageSource, Part
from archrank.system.files import is_folder

__all__ = ["ENDINGS", "image_folder"]

ENDINGS = (".jpeg", ".jpg", ".png", ".bmp", ".gif", ".ppm", ".tif", ".tiff", ".webp")
"""The suffixes of picture files; other files are ignored."""


def image_folder(folder: Path, size: int = 224) -> ImageSource:
    """Pictures in one folder for each class; the folders' names, sorted, are the classes.

    The class folders lie in ``train``, ``val`` and ``test``, or directly in the folder. If there are ``train`` and
    ``val`` but no ``test``, ``val`` is the test part, as for ImageNet, whose test labels are not public.

    Args:
        folder: The folder.
        size: Side of the square that is kept of each picture. Its shorter side is brought to 256/224 of that, and the
            square cut out of the middle.

    Raises:
        DataError: No class folders, a class without pictures, parts with different classes, or pillow is missing.
    """
    pictures.need_pillow()
    if size < 1:
        raise DataError(f"pictures of {size} pixels, expected 1 or more")
    files = {part: _classes(place) for part, place in _parts(folder).items()}
    classes = tuple(files["train"])
    for part, by_class in files.items():
        if different := sorted(set(by_class) ^ set(classes)):
            raise DataError(
                f"{folder}: the class {different[0]!r} is in only one of the parts 'train' and {part!r}"
            )
    every = [(str(path), *_stat(path)) for c in files.values() for paths in c.values() for path in paths]
    return ImageSource(
        folder.resolve().name,
        classes,
        partial(_read, files, size),
        fingerprint=[size, len(every), sum(count for _, count, _ in every)],
        stamps=[str(folder.resolve()), every],
        size=size,
    )


def _parts(folder: Path) -> dict[str, Path]:
    """The folder of each part's class folders."""
    if not is_folder(folder / "train"):
        return {"train": folder}
    held = {part: folder / part for part in ("train", "val", "test") if is_folder(folder / part)}
    validation = held.pop("val", None)
    if validation is not None:
        held["validation" if "test" in held else "test"] = validation
    return held


def _classes(folder: Path) -> dict[str, list[Path]]:
    names = [entry.name for entry in _entries(folder) if entry.is_dir() and not entry.name.startswith(".")]
    if not names:
        raise DataError(f"{folder} has no folders in it; expected one folder of pictures for each class")
    found = {}
    for name in names:
        # A pipe or a device has no end, whatever its name.
        files = [
            entry.name
            for entry in _entries(folder / name)
            if entry.name.lower().endswith(ENDINGS) and entry.is_file()
        ]
        found[name] = [folder / name / file for file in files]
        if not found[name]:
            raise DataError(
                f"{folder / name} holds no pictures ({', '.join(ENDINGS)}); add pictures, or remove the class"
            )
    return found


def _entries(folder: Path) -> "list[os.DirEntry[str]]":
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise DataError(f"{folder} cannot be read: {error.strerror or error}") from None


def _stat(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from None
    return status.st_size, status.st_mtime_ns


def _read(files: Mapping[str, Mapping[str, list[Path]]], size: int) -> dict[str, Part]:
    return {part: _part(list(by_class.values()), size) for part, by_class in files.items()}


def _part(by_class: list[list[Path]], size: int) -> Part:
    labels = np.repeat(np.arange(len(by_class)), [len(paths) for paths in by_class])
    paths = [path for paths in by_class for path in paths]

    def image(place: int) -> npt.NDArray[np.uint8]:
        return pictures.picture(paths[place], str(paths[place]), size)

    return Part(labels, image)
