"""Images decoded once, and kept as memory-mapped arrays that all processes share."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt

from archrank.errors import DataError, FileError
from archrank.images.images import Images
from archrank.images.source import ImageSource, Part
from archrank.spaces.cache import cache_folder
from archrank.system.on_progress import OnProgress

__all__ = ["decode", "decoded"]

_FORMAT = 1
_CHUNK = 256
_NAMES = ("train", "validation", "test")


def decoded(source: ImageSource, on_progress: OnProgress) -> dict[str, Images]:
    """The parts of a source, from the cache where it has them.

    They lie in the folder ``images`` of archrank's cache folder, which the environment variable ``ARCHRANK_CACHE``
    names. Damaged files there, and those decoded from files that have changed since, are decoded again.

    Args:
        source: The source.
        on_progress: Called with the number of decoded images and the total.

    Raises:
        DataError: An image cannot be decoded, or has another size than the first.
        FileError: The cache cannot be written; the message states how much space is needed.
    """
    if source.stamps is None:
        return _made(source.parts(), on_progress, lambda _, shape: np.empty(shape, np.uint8))
    base = cache_folder()
    if base is None:
        raise DataError("there is no home folder: set ARCHRANK_CACHE to a folder for decoded images")
    stamps = json.dumps(
        [_FORMAT, source.classes, source.size, source.fingerprint, source.stamps], default=str
    )
    digest = hashlib.sha256(stamps.encode()).hexdigest()[:12]
    folder = base / "images" / f"{source.name}-{source.size}-{digest}"
    if (found := _opened(folder)) is None:
        _write(folder, source.parts(), on_progress)
        found = _opened(folder)
    if found is None:
        raise FileError(
            f"the decoded images in {folder} cannot be read back; set ARCHRANK_CACHE to another folder"
        )
    return found


def _opened(folder: Path) -> dict[str, Images] | None:
    """The decoded images, or None if they are missing, incomplete or damaged."""
    parts = {}
    try:
        # The folder appears whole, so a part that has no file is a part that the source does not have.
        for name in _NAMES:
            if (folder / f"{name}-pixels.npy").exists():
                pixels = np.load(folder / f"{name}-pixels.npy", mmap_mode="r", allow_pickle=False)
                parts[name] = Images(pixels, np.load(folder / f"{name}-labels.npy", allow_pickle=False))
    except (OSError, ValueError, EOFError):
        return None
    return parts if "train" in parts else None


def _write(folder: Path, parts: Mapping[str, Part], on_progress: OnProgress) -> None:
    """Decode into a temporary folder and rename it; if two processes do so, the later result is discarded."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    except OSError as error:
        raise FileError(
            f"decoded images cannot be kept in {folder.parent}: {error.strerror or error}; set ARCHRANK_CACHE to a "
            "folder that you can write to"
        ) from error
    try:
        _fill(beside, parts, on_progress)
        # This fails where a folder is there already: finished by another process a moment ago, or damaged. Never remove
        # it by its name: it might be finished between a look at it and that.
        with suppress(OSError):
            beside.rename(folder)
        if beside.exists() and _opened(folder) is None:
            folder.rename(beside / "damaged")
            beside.rename(folder)
            shutil.rmtree(folder / "damaged", ignore_errors=True)
    except OSError as error:
        raise FileError(f"decoded images cannot be kept in {folder}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _fill(folder: Path, parts: Mapping[str, Part], on_progress: OnProgress) -> None:
    made = _made(parts, on_progress, lambda name, shape: _mapped(folder / f"{name}-pixels.npy", shape))
    for name, images in made.items():
        if isinstance(images.pixels, np.memmap):
            images.pixels.flush()
        np.save(folder / f"{name}-labels.npy", images.labels)


def _mapped(path: Path, shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    needed, free = int(np.prod(shape)), shutil.disk_usage(path.parent).free
    # A full disk would otherwise end the process: a memory map learns of it in the middle of an assignment.
    if needed > free:
        raise FileError(
            f"{path.parent.parent} has {free / 1e9:.1f} GB left, and the decoded images need {needed / 1e9:.1f} GB: "
            "free some space, choose smaller images, or set ARCHRANK_CACHE to a folder with more space"
        )
    return np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)


def _made(
    parts: Mapping[str, Part],
    on_progress: OnProgress,
    room: Callable[[str, tuple[int, ...]], npt.NDArray[np.uint8]],
) -> dict[str, Images]:
    total = sum(len(part.labels) for part in parts.values())
    done, made = 0, {}
    for name, part in parts.items():
        if not len(part.labels):
            raise DataError(f"there are no images in the part {name!r}")
        pixels = room(name, (len(part.labels), *part.image(0).shape))
        decode(part, pixels, lambda count, before=done: on_progress(before + count, total))  # type: ignore[misc]
        made[name] = Images(pixels, part.labels)
        done += len(part.labels)
    return made


def decode(part: Part, pixels: npt.NDArray[np.uint8], on_count: Callable[[int], None]) -> None:
    """Decode images into an array, with one thread per core.

    Args:
        part: The images.
        pixels: The array to fill: (N, channels, H, W).
        on_count: Called with the number of decoded images.

    Raises:
        DataError: An image cannot be decoded, or is of another size.
    """

    def fill(start: int) -> int:
        stop = min(start + _CHUNK, len(pixels))
        for row in range(start, stop):
            image = part.image(row)
            if image.shape != pixels.shape[1:]:
                raise DataError(
                    f"image {row} is {_in_words(image.shape)}, image 0 {_in_words(pixels.shape[1:])}; images of one "
                    "size are needed"
                )
            pixels[row] = image
        return stop - start

    done = 0
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        work = [threads.submit(fill, start) for start in range(0, len(pixels), _CHUNK)]
        try:
            for chunk in work:
                done += chunk.result()
                on_count(done)
        finally:
            threads.shutdown(cancel_futures=True)


def _in_words(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) + " (channels × height × width)"
