"""A user's own images: a PyTorch data set, or an ImageData object, in a Python file."""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from archrank.errors import ArchrankError, DataError, SpaceError, UnknownName
from archrank.images import pictures
from archrank.images.images import ImageData
from archrank.images.source import ImageSource, Part
from archrank.system.foreign import in_one_line, shown
from archrank.system.user_code import user_module

__all__ = ["user_data"]


def user_data(name: str, size: int | None = None) -> ImageSource | ImageData:
    """Load the images that a user's file defines.

    Args:
        name: ``path/to/file.py:name`` or ``package.module:name``, of an object, or of a function without arguments
            that gives one: an :class:`~archrank.training.ImageData`, or a map-style ``torch.utils.data.Dataset`` of
            images and labels. An image is a tensor (channels, H, W) or (H, W), an array (H, W) or (H, W, channels), or
            a Pillow image; numbers are bytes, or floats from 0 to 1.
        size: Side of the square to bring Pillow images to; others keep their size.

    Raises:
        UnknownName: The file has nothing of that name.
        DataError: It cannot be imported, or what it holds is neither of these.
    """
    where, _, attribute = name.rpartition(":")
    try:
        held = vars(user_module(where))
    except SpaceError as error:
        raise DataError(str(error)) from None
    if attribute not in held:
        public = [key for key, value in held.items() if not key.startswith("_") and callable(value)]
        raise UnknownName(f"data of {where}", attribute, public)
    found = held[attribute]
    if callable(found) and not isinstance(found, ImageData):
        try:
            found = found()
        except ArchrankError:
            raise
        except Exception as error:
            raise DataError(f"{name} cannot be called without arguments: {in_one_line(error)}") from None
    if isinstance(found, ImageData):
        return found
    if not hasattr(found, "__getitem__") or not hasattr(found, "__len__"):
        raise DataError(
            f"{name} gives {type(found).__name__}, expected an ImageData, or a data set with a length and items "
            "(image, label)"
        )
    return _source(name, attribute, found, size)


def _source(name: str, called: str, dataset: Any, size: int | None) -> ImageSource:
    """Read all images in order, in one thread: a user's data set may not be thread-safe."""
    labels, pixels = [], []
    for place in range(len(dataset)):
        image, label = _item(name, dataset, place)
        labels.append(_label(name, place, label))
        pixels.append(_pixels(f"image {place} of {name}", image, size))
    if not labels:
        raise DataError(f"{name} holds no images")
    classes = getattr(dataset, "classes", None) or range(max(labels) + 1)
    part = Part(np.array(labels, dtype=np.int64), pixels.__getitem__)
    return ImageSource(
        called, tuple(map(str, classes)), lambda: {"train": part}, fingerprint=len(labels), size=size
    )


def _item(name: str, dataset: Any, place: int) -> tuple[Any, Any]:
    try:
        image, label = dataset[place]
    except ArchrankError:
        raise
    except Exception as error:
        raise DataError(
            f"item {place} of {name} is not an image with a label: {in_one_line(error)}"
        ) from None
    return image, label


def _label(name: str, place: int, label: Any) -> int:
    try:
        number = int(label)
        if number == label and number >= 0:
            return number
    except Exception:  # a label is whatever the user's data set gives
        pass
    raise DataError(
        f"item {place} of {name} has the label {shown(label)}, expected a class as a whole number from 0"
    )


def _pixels(called: str, image: Any, size: int | None) -> npt.NDArray[np.uint8]:
    """Any kind of image as bytes: (channels, H, W)."""
    channels_last = not isinstance(image, torch.Tensor)
    if hasattr(image, "convert"):  # Pillow's
        image = image if image.mode in ("L", "RGB") else image.convert("RGB")
        image = image if size is None else pictures.cropped(image, size)
    array = image.numpy() if isinstance(image, torch.Tensor) else np.asarray(image)
    if array.ndim == 2:
        array = array[None]
    elif array.ndim == 3 and channels_last:
        array = array.transpose(2, 0, 1)
    if array.ndim != 3:
        raise DataError(f"{called} has the shape {array.shape}, expected channels, height and width")
    if array.dtype == np.uint8:
        return np.ascontiguousarray(array)
    if not np.issubdtype(array.dtype, np.floating) or not (array.min() >= 0 and array.max() <= 1):
        raise DataError(
            f"{called} holds numbers of type {array.dtype} from {array.min()} to {array.max()}, expected bytes (uint8) "
            "or floats from 0 to 1; archrank normalizes images itself"
        )
    whole: npt.NDArray[np.uint8] = np.rint(array * 255).astype(np.uint8)
    return whole
