"""What a source of images gives, before it is split and decoded."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["ImageSource", "Part"]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Images that can be decoded one by one.

    Attributes:
        labels: (N,).
        image: The pixels of one of them, as bytes: (channels, H, W). Called by several threads at once.
    """

    labels: npt.NDArray[np.int64]
    image: Callable[[int], npt.NDArray[np.uint8]]


@dataclass(frozen=True, slots=True, eq=False)
class ImageSource:
    """Images of some source.

    Attributes:
        name: What the data are called.
        classes: Names of the classes.
        parts: Opens ``"train"``, and where there are such parts ``"validation"`` and ``"test"``. Costs time, so it is
            called only where the images were not decoded before.
        fingerprint: What makes the images what they are wherever they lie, such as the sizes of their files.
        stamps: What changes when a file on this machine does; None where decoded images are not worth keeping.
        size: Side of an image in pixels, where it is known before decoding.
        validation: Share of the training images that validation takes where the source has none.
        test: Share of all images that the test takes where the source has none.
    """

    name: str
    classes: tuple[str, ...]
    parts: Callable[[], Mapping[str, Part]]
    fingerprint: object
    stamps: object | None = None
    size: int | None = None
    validation: float = 0.1
    test: float = 0.1
