"""Random augmentation of training images, a whole batch at a time."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from archrank.errors import DataError
from archrank.system.foreign import shown

__all__ = ["Augmentation"]

_ASPECT = math.log(4 / 3)
"""Crops are at most this much wider than high, or higher than wide, as a logarithm."""

_LUMA = (0.299, 0.587, 0.114)

_TO_YIQ = torch.tensor([_LUMA, (0.5959, -0.2746, -0.3213), (0.2115, -0.5227, 0.3112)])


@dataclass(frozen=True)
class Augmentation:
    """Random changes of the images of a training batch. A change that is 0, None or False is off.

    The order is that of the attributes.

    Attributes:
        resized_crop: Smallest and largest share of the image's area that a box of random position and shape (3:4 to
            4:3) may have; its content is resized to the image's size.
        crop: Pixels of black padding around the image, before a part of its own size is cut out at a random position.
        flip: Whether half of the images are mirrored, left to right.
        jitter: By how much brightness, contrast, saturation and hue may change: a factor between 1 - x and 1 + x for
            the first three, a share of a full turn, up to ½, for hue.
        cutout: Side in pixels of a square that is painted over; its center is any pixel, so it may reach over the edge.

    Reference:
        He et al., ResNet (CVPR 2016), section 4.2 (crop, flip); DeVries & Taylor, Cutout (2017); Szegedy et al.,
        GoogLeNet (CVPR 2015), section 6 (crops of random area). Hue turns channels around the gray axis (YIQ) instead
        of going by HSV.
    """

    resized_crop: tuple[float, float] | None = None
    crop: int = 0
    flip: bool = False
    jitter: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    cutout: int = 0

    def __post_init__(self) -> None:
        for name in ("crop", "cutout"):
            if (value := getattr(self, name)) < 0:
                raise DataError(f"augmentation: {name}={shown(value)}, expected 0 or more pixels")
        if len(self.jitter) != 4 or not all(0 <= x <= 1 for x in self.jitter) or self.jitter[3] > 0.5:
            raise DataError(
                f"augmentation: jitter={shown(self.jitter)}, expected four numbers (brightness, contrast, saturation, "
                "hue) from 0 to 1, hue to 0.5"
            )
        if self.resized_crop is not None:
            smallest, largest = self.resized_crop
            if not 0 < smallest <= largest <= 1:
                raise DataError(
                    f"augmentation: resized_crop={shown(self.resized_crop)}, expected two shares of the area, above 0 "
                    "and up to 1, the smaller first"
                )

    def __call__(self, images: Tensor, generator: torch.Generator, fill: Tensor | None = None) -> Tensor:
        """Augment a batch.

        All random numbers are drawn from the generator, so that every device sees the same changes.

        Args:
            images: Pixels from 0 to 1: (B, C, H, W). They are not changed.
            generator: The source of randomness.
            fill: The channel of cut-out squares: (C,); black where there is none. The data's mean makes them 0 after
                normalization.

        Raises:
            DataError: Jitter of images that have neither one channel nor three.
        """
        if self.resized_crop is not None:
            images = _resized_crop(images, self.resized_crop, generator)
        if self.crop or self.flip:
            images = _crop_and_flip(images, self.crop, self.flip, generator)
        if any(self.jitter):
            images = _jitter(images, self.jitter, generator)
        if self.cutout:
            images = _cutout(images, self.cutout, generator, fill)
        return images


def _uniform(images: Tensor, low: float, high: float, generator: torch.Generator) -> Tensor:
    """A random number for each image, on its device: (B,)."""
    drawn = torch.rand(len(images), generator=generator, device=generator.device)
    return (low + (high - low) * drawn).to(images.device)


def _indices(images: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """A random integer below ``count`` for each image, on its device: (B, 1)."""
    drawn = torch.randint(count, (len(images), 1), generator=generator, device=generator.device)
    return drawn.to(images.device)


def _crop_and_flip(images: Tensor, padding: int, flip: bool, generator: torch.Generator) -> Tensor:
    """Crops and flips select rows and columns, so one gather does both."""
    batch, channels, height, width = images.shape
    rows = torch.arange(height, device=images.device) + _indices(images, 2 * padding + 1, generator)
    columns = torch.arange(width, device=images.device)
    if flip:
        mirrored = _indices(images, 2, generator).bool()
        columns = torch.where(mirrored, columns.flip(0), columns)
    columns = columns + _indices(images, 2 * padding + 1, generator)
    padded = F.pad(images, [padding] * 4) if padding else images
    indices = (rows[:, :, None] * padded.shape[-1] + columns[:, None, :]).view(batch, 1, -1)
    return padded.flatten(2).gather(2, indices.expand(-1, channels, -1)).view_as(images)


def _resized_crop(images: Tensor, area: tuple[float, float], generator: torch.Generator) -> Tensor:
    share = _uniform(images, *area, generator)
    aspect = _uniform(images, -_ASPECT, _ASPECT, generator).exp()
    wide = (share * aspect).sqrt().clamp(max=1)
    high = (share / aspect).sqrt().clamp(max=1)
    # A box that is a share s of the image, in coordinates from -1 to 1, has its center within 1 - s of the middle.
    across = _uniform(images, -1, 1, generator) * (1 - wide)
    down = _uniform(images, -1, 1, generator) * (1 - high)
    none = torch.zeros_like(wide)
    boxes = torch.stack([wide, none, across, none, high, down], 1).view(-1, 2, 3)
    grid = F.affine_grid(boxes, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)


def _jitter(images: Tensor, by: tuple[float, float, float, float], generator: torch.Generator) -> Tensor:
    channels = images.shape[1]
    if channels not in (1, 3):
        raise DataError(f"augmentation: jitter of images with {channels} channels, expected 1 or 3")
    brightness, contrast, saturation = (
        _uniform(images, 1 - x, 1 + x, generator).view(-1, 1, 1, 1) for x in by[:3]
    )
    images = (images * brightness).clamp(0, 1)
    gray = _gray(images).mean((2, 3), keepdim=True)
    images = torch.lerp(gray, images, contrast).clamp(0, 1)
    if channels == 1:
        return images
    images = torch.lerp(_gray(images), images, saturation).clamp(0, 1)
    return _turn_hue(images, _uniform(images, -by[3], by[3], generator)) if by[3] else images


def _gray(images: Tensor) -> Tensor:
    if images.shape[1] == 1:
        return images
    weights = images.new_tensor(_LUMA).view(1, 3, 1, 1)
    return (images * weights).sum(1, keepdim=True)


def _turn_hue(images: Tensor, turns: Tensor) -> Tensor:
    cosine, sine = torch.cos(2 * math.pi * turns), torch.sin(2 * math.pi * turns)
    none, one = torch.zeros_like(turns), torch.ones_like(turns)
    turning = torch.stack([one, none, none, none, cosine, -sine, none, sine, cosine], 1).view(-1, 3, 3)
    to_yiq = _TO_YIQ.to(images)
    whole = torch.linalg.inv(to_yiq) @ turning @ to_yiq
    turned: Tensor = whole @ images.flatten(2)
    return turned.view_as(images).clamp(0, 1)


def _cutout(images: Tensor, side: int, generator: torch.Generator, fill: Tensor | None) -> Tensor:
    height, width = images.shape[2:]
    top = _indices(images, height, generator) - side // 2
    left = _indices(images, width, generator) - side // 2
    rows, columns = torch.arange(height, device=images.device), torch.arange(width, device=images.device)
    in_rows = (rows >= top) & (rows < top + side)
    in_columns = (columns >= left) & (columns < left + side)
    square = (in_rows[:, :, None] & in_columns[:, None, :]).unsqueeze(1)
    channel = images.new_zeros(()) if fill is None else fill.to(images).view(1, -1, 1, 1)
    return torch.where(square, channel, images)
