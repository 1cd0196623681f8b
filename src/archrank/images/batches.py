"""One pass over images, in batches that a network can read."""

from collections.abc import Iterator

import torch
from torch import Tensor

from archrank.errors import DataError
from archrank.images.augmentation import Augmentation
from archrank.images.images import ImageData, Images

__all__ = ["Batches"]


class Batches:
    """Batches of normalized images; every iteration is one pass over the data.

    With a generator the order is drawn anew for every pass, and the images of an incomplete last batch are left
    out, different ones in every pass: batch normalization over one or two images would be too noisy. Without one, all
    images come, in order.

    Args:
        images: A part of the data.
        data: The data, for the mean and deviation of their channels.
        size: The number of images in a batch.
        augmentation: The random changes, if any.
        generator: The source of the order and the changes; None for neither.
        device: The device of the batches.

    Raises:
        DataError: No images, a size below 1, or an augmentation without a generator.
    """

    def __init__(
        self,
        images: Images,
        data: ImageData,
        size: int,
        *,
        augmentation: Augmentation | None = None,
        generator: torch.Generator | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        if size < 1:
            raise DataError(f"batches of {size} images, expected 1 or more")
        if not len(images):
            raise DataError(f"{data.name}: there are no images to go over")
        if augmentation is not None and generator is None:
            raise DataError("images are changed at random, so a torch.Generator is needed to draw from")
        self._images = images
        self._size = min(size, len(images))
        self._augmentation = augmentation
        self._generator = generator
        self._device = torch.device(device)
        self._mean = torch.tensor(data.mean, device=self._device)
        self._deviation = torch.tensor(data.deviation, device=self._device)

    def __len__(self) -> int:
        """The number of batches in a pass."""
        whole, rest = divmod(len(self._images), self._size)
        return whole if self._generator is not None or not rest else whole + 1

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Images (B, channels, H, W) and labels (B,)."""
        count, generator = len(self._images), self._generator
        if generator is None:
            order = torch.arange(count)
        else:
            order = torch.randperm(count, generator=generator, device=generator.device).cpu()
        for batch in range(len(self)):
            indices = order[batch * self._size : (batch + 1) * self._size]
            pixels, labels = self._images.batch(indices)
            yield self._prepared(pixels.to(self._device)), labels.to(self._device)

    def _prepared(self, pixels: Tensor) -> Tensor:
        """Bytes to normalized numbers: (B, channels, H, W)."""
        scale, shift = 1 / self._deviation, -self._mean / self._deviation
        if self._augmentation is None or self._generator is None:
            images, scale = pixels.float(), scale / 255
        else:
            images = self._augmentation(pixels.float().div_(255), self._generator, fill=self._mean)
        return torch.addcmul(shift.view(-1, 1, 1), images, scale.view(-1, 1, 1))
