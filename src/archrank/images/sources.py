"""The only place where names become image data."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from archrank.errors import DataError, UnknownName
from archrank.images.decoded import decoded
from archrank.images.images import ImageData, Images
from archrank.images.source import ImageSource
from archrank.images.splits import stratified
from archrank.system.files import is_folder
from archrank.system.on_progress import OnProgress, silent

__all__ = ["SOURCES", "load_images"]


def _digits(folder: Path | None, size: int | None) -> ImageSource:
    from archrank.images.digits import digits

    if folder is not None:
        raise DataError(f"the digits come with scikit-learn: leave the folder {folder} out")
    return digits()


def _cifar(name: str) -> Callable[[Path | None, int | None], ImageSource]:
    def load(folder: Path | None, size: int | None) -> ImageSource:
        from archrank.images.cifar import cifar

        return cifar(name, folder)

    return load


SOURCES: Mapping[str, Callable[[Path | None, int | None], ImageSource]] = {
    "digits": _digits,
    "cifar10": _cifar("cifar10"),
    "cifar100": _cifar("cifar100"),
}
"""The data sets by name; each is opened with the folder of its files and a size."""

_OTHERS = ("path/to/folder of classes", "path/to/file.py:function")

_QUOTED = 200
"""The number of characters of a stored name that a message repeats."""

_MEASURED = 10_000
"""The number of evenly spaced images that mean and deviation are estimated from; the error is a few thousandths."""


def load_images(
    name: str,
    *,
    folder: Path | None = None,
    size: int | None = None,
    validation: float | int | None = None,
    train: int | None = None,
    seed: int = 0,
    on_progress: OnProgress = silent,
    typed: bool = True,
) -> ImageData:
    """Load images by name, in disjoint parts.

    Validation images are drawn from the official training images, class by class, by the seed. If a source has no
    official test part, one is split off first; it does not depend on the seed, so no run trains on another run's test
    images.

    Args:
        name: One of :data:`SOURCES`; the path of a folder with a folder of pictures for each class, as ImageNet has
            it; or ``path/to/file.py:name`` of a PyTorch data set or of an :class:`ImageData`.
        folder: Where the files of a named source are; by default in the data folder.
        size: Side in pixels that pictures of a folder (224 by default) or of your own data set are resized to.
        validation: Share (below 1) or number of the training images; a tenth by default, of the digits a quarter.
        train: How many training images to keep, class by class; all by default.
        seed: The seed of the validation images and of the training images to keep.
        on_progress: Called with the number of decoded images and the total while images are decoded, the first time.
        typed: Whether the user typed the name. A name that comes from a file never imports code: it is that of a
            source or of a folder of pictures.

    Raises:
        UnknownName: No such source.
        DataError: Files are missing or damaged, or do not hold the requested images; the message names them.

    >>> data = load_images("digits")
    >>> len(data.train), len(data.validation), len(data.test), data.size
    (1078, 360, 359, (8, 8))
    """
    source = _source(name, folder, size, typed)
    if isinstance(source, ImageData):
        if validation is not None:
            raise DataError(f"{name} has its own parts: omit validation")
        return _reduced(source, train, seed)
    return _reduced(_split(source, decoded(source, on_progress), validation, seed), train, seed)


def _source(name: str, folder: Path | None, size: int | None, typed: bool) -> ImageSource | ImageData:
    if name in SOURCES:
        source = SOURCES[name](folder, size)
        if size not in (None, source.size):
            raise DataError(f"{name} has images of {source.size} pixels: leave the size {size} out")
        return source
    if folder is not None:
        raise DataError(f"{name} is a place itself: leave the folder {folder} out")
    where, colon, _ = name.rpartition(":")
    if is_folder(name):
        from archrank.images.image_folder import image_folder

        return image_folder(Path(name), 224 if size is None else size)
    if not typed:
        raise DataError(
            f"the images {name[:_QUOTED]!r} are neither {', '.join(SOURCES)} nor an existing folder, and code is "
            "never loaded because a file names it: name the images yourself (--data)"
        )
    if colon and where:
        from archrank.images.user import user_data

        return user_data(name, size)
    if name.endswith(".py"):
        raise DataError(f"{name!r}: name the data in the file, e.g. {name}:my_images")
    if len(Path(name).parts) > 1:
        raise DataError(f"{name}: no such folder")
    raise UnknownName("image data", name, [*SOURCES, *_OTHERS])


def _split(
    source: ImageSource, parts: Mapping[str, Images], validation: float | int | None, seed: int
) -> ImageData:
    for part, images in parts.items():
        _check_labels(source, part, images)
    learning, test = parts["train"], parts.get("test")
    if test is None:
        tested = stratified(
            learning.labels, max(1, round(source.test * len(learning))), np.random.default_rng(0)
        )
        test, learning = learning.subset(np.flatnonzero(tested)), learning.subset(np.flatnonzero(~tested))
    if (validating := parts.get("validation")) is not None:
        if validation is not None:
            raise DataError(f"{source.name} has its own validation images: omit validation")
    else:
        count = _count(source.validation if validation is None else validation, len(learning))
        chosen = stratified(learning.labels, count, np.random.default_rng([seed, 0]))
        validating, learning = (
            learning.subset(np.flatnonzero(chosen)),
            learning.subset(np.flatnonzero(~chosen)),
        )
    fingerprint = [source.name, source.fingerprint, len(validating), len(test), seed]
    return ImageData(
        source.name,
        source.classes,
        learning,
        validating,
        test,
        *_channel_statistics(learning),
        _digest(fingerprint),
    )


def _reduced(data: ImageData, train: int | None, seed: int) -> ImageData:
    """The data with fewer training images."""
    if train is None:
        return data
    there, classes = len(data.train), len(data.classes)
    if not classes <= train <= there:
        raise DataError(
            f"train={train}: {data.name} has {there:,} images to learn from after validation and test were taken off, "
            f"and {classes:,} classes; expected a number from {classes} to {there}"
        )
    kept = data.train.subset(
        np.flatnonzero(stratified(data.train.labels, train, np.random.default_rng([seed, 1])))
    )
    mean, deviation = _channel_statistics(kept)
    return replace(
        data, train=kept, mean=mean, deviation=deviation, digest=_digest([data.digest, train, seed])
    )


def _count(asked: float | int, there: int) -> int:
    count = round(asked * there) if 0 < asked < 1 else asked
    if not isinstance(count, int) or not 0 < count < there:
        raise DataError(
            f"validation={asked}, expected a share between 0 and 1, or a number from 1 to {there - 1}: there are "
            f"{there:,} images to take it from"
        )
    return count


def _check_labels(source: ImageSource, part: str, images: Images) -> None:
    lowest, highest, classes = images.labels.min(), images.labels.max(), len(source.classes)
    if lowest < 0 or highest >= classes:
        wrong = lowest if lowest < 0 else highest
        raise DataError(
            f"{source.name}, {part}: image {int(np.argmax(images.labels == wrong))} has the label {wrong}, but there "
            f"are {classes} classes: expected 0 to {classes - 1}"
        )
    if part == "train":
        counts = np.bincount(images.labels, minlength=classes)
        if counts.min() == 0:
            empty = source.classes[int(counts.argmin())]
            raise DataError(f"{source.name}: there are no training images of the class {empty!r}")


def _channel_statistics(images: Images) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel, with pixels from 0 to 1."""
    rows = np.arange(len(images)) if images.indices is None else images.indices
    pixels = images.pixels[rows[:: -(-len(rows) // _MEASURED)]]
    means, deviations = [], []
    for channel in range(pixels.shape[1]):
        # 256 counts are exact and need no copy of the pixels as floats.
        counts = np.bincount(pixels[:, channel].ravel(), minlength=256) / pixels[:, channel].size
        values = np.arange(256) / 255
        mean = counts @ values
        means.append(float(mean))
        # Normalization divides by at least one shade, so that a constant channel stays finite.
        deviations.append(max(float(np.sqrt(counts @ (values - mean) ** 2)), 1 / 255))
    return tuple(means), tuple(deviations)


def _digest(fingerprint: object) -> str:
    return hashlib.sha256(json.dumps(fingerprint).encode()).hexdigest()[:12]
