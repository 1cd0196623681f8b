"""A source of images, before they are split and decoded."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["ImageSource", "Part"]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Images that can be decoded one by one.

    Attributes:
        labels: The class of each image: (N,).
        image: The pixels of one of them, as bytes: (channels, H, W). Called by several threads at once.
    """

    labels: npt.NDArray[np.int64]
    image: Callable[[int], npt.NDArray[np.uint8]]


@dataclass(frozen=True, slots=True, eq=False)
class ImageSource:
    """Images of one source.

    Attributes:
        name: The name of the data.
        classes: Names of the classes.
        parts: Opens ``"train"``, and where there are such parts ``"validation"`` and ``"test"``. It is slow, so it is
            called only if the images are not in the cache.
        fingerprint: What identifies the images independently of their location, such as the sizes of their files.
        stamps: Values that change when a file on this machine changes; None if decoded images are not cached.
        size: Side of an image in pixels, if known before decoding.
        validation: Share of the training images used for validation if the source has no validation part.
        test: Share of all images used for testing if the source has no test part.
    """

    name: str
    classes: tuple[str, ...]
    parts: Callable[[], Mapping[str, Part]]
    fingerprint: object
    stamps: object | None = None
    size: int | None = None
    validation: float = 0.1
    test: float = 0.1
