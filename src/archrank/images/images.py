"""Images that networks are trained on: decoded once, kept as bytes, and split into disjoint parts."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from archrank.errors import DataError

__all__ = ["ImageData", "Images"]

Pixels = npt.NDArray[np.uint8]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Images:
    """N labeled images of one size.

    Attributes:
        pixels: (M, channels, H, W), bytes; usually a read-only memory map. A subset shares it.
        labels: The class of each of the N images: (N,).
        indices: The row of pixels of each image: (N,); None if the images are all M rows in order.

    >>> images = Images(np.zeros((3, 1, 8, 8), np.uint8), np.array([0, 1, 1]))
    >>> len(images.subset(np.array([2, 0])))
    2
    """

    pixels: Pixels
    labels: Indices
    indices: Indices | None = None

    def __post_init__(self) -> None:
        if self.pixels.ndim != 4 or self.pixels.dtype != np.uint8:
            raise DataError(
                f"pixels of shape {self.pixels.shape} and type {self.pixels.dtype}, "
                "expected bytes (uint8) of shape (images, channels, height, width)"
            )
        rows = len(self.pixels) if self.indices is None else len(self.indices)
        if self.labels.shape != (rows,):
            raise DataError(f"labels of shape {self.labels.shape} for {rows:,} images, expected one for each")

    def __len__(self) -> int:
        return len(self.labels)

    def subset(self, indices: Indices) -> "Images":
        """Some of the images; no pixels are copied.

        Args:
            indices: Their indices, counted from 0: (n,).
        """
        rows = indices if self.indices is None else self.indices[indices]
        return Images(self.pixels, self.labels[indices], rows)

    def batch(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """The pixels, as bytes, and labels of some of the images.

        Args:
            indices: Their indices, counted from 0: (B,).

        Returns:
            (B, channels, H, W) and (B,).
        """
        index = indices.numpy()
        rows = index if self.indices is None else self.indices[index]
        return torch.from_numpy(self.pixels[rows]), torch.from_numpy(self.labels[index])


@dataclass(frozen=True, eq=False)
class ImageData:
    """Images of several classes, in disjoint parts.

    Attributes:
        name: The name of the data.
        classes: Names of the classes; a label is an index into this list.
        train: The images that networks are trained on.
        validation: The images that a search, and decisions during training, are based on.
        test: The images for the final report; a search never uses them. None if there is no such part.
        mean: The mean of each channel over the training images, with pixels from 0 to 1.
        deviation: The standard deviation of each channel, likewise.
        digest: Short hash of the loaded data: classes, numbers of images, sizes of the source's files, seed of the
            split. Runs with different digests are not comparable.
    """

    name: str
    classes: tuple[str, ...]
    train: Images
    validation: Images
    test: Images | None
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    digest: str

    @property
    def channels(self) -> int:
        """The number of channels of an image."""
        return int(self.train.pixels.shape[1])

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return cast(tuple[int, int], self.train.pixels.shape[2:])

    @property
    def whole_training(self) -> Images:
        """Training and validation images together, for a final training."""
        parts = (self.train, self.validation)
        labels = np.concatenate([part.labels for part in parts])
        if self.train.pixels is self.validation.pixels:
            return Images(self.train.pixels, labels, np.concatenate([_rows(part) for part in parts]))
        return Images(np.concatenate([part.pixels[_rows(part)] for part in parts]), labels)


def _rows(images: Images) -> Indices:
    return np.arange(len(images)) if images.indices is None else images.indices
