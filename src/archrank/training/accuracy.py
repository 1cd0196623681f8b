"""The accuracy and loss of a network on images."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from archrank.images.batches import Batches
from archrank.images.images import ImageData, Images
from archrank.networks.network import Network

__all__ = ["Accuracy", "accuracy", "sized"]

_MANY = 20
"""The number of classes from which on top-5 accuracy is measured too."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """The accuracy and loss on N images.

    Attributes:
        images: N.
        loss: The mean cross-entropy.
        accuracy: The share whose class is the most likely one, from 0 to 1.
        top5: The share whose class is among the five most likely; None where there are fewer than 20 classes.
    """

    images: int
    loss: float
    accuracy: float
    top5: float | None


def accuracy(
    network: Network,
    images: Images,
    data: ImageData,
    *,
    side: int | None = None,
    batch: int = 256,
) -> Accuracy:
    """Evaluate a network on images.

    Args:
        network: The network; its training or evaluation mode is restored.
        images: A part of the data.
        data: The data, for their normalization.
        side: Side of the images that the network sees; None for that of the data.
        batch: The number of images in a batch.
    """
    device = next(network.parameters()).device
    many = len(data.classes) >= _MANY
    loss, first, five = (torch.zeros((), device=device) for _ in range(3))
    training = network.training
    network.eval()
    try:
        with torch.inference_mode():
            for pixels, labels in Batches(images, data, batch, device=device):
                logits = network(sized(pixels, side))
                loss += F.cross_entropy(logits, labels, reduction="sum")
                likeliest = logits.topk(5 if many else 1).indices == labels[:, None]
                first += likeliest[:, 0].sum()
                five += likeliest.sum()
    finally:
        network.train(training)
    count = len(images)
    shares = [total / count for total in torch.stack([loss, first, five]).tolist()]
    return Accuracy(count, shares[0], shares[1], shares[2] if many else None)


def sized(images: Tensor, side: int | None) -> Tensor:
    """Images downsampled by averaging, in the memory layout in which convolutions are fastest.

    Args:
        images: (B, channels, H, W).
        side: In pixels; None leaves them as large as they are.
    """
    if side is not None and images.shape[-2:] != (side, side):
        images = F.interpolate(images, (side, side), mode="area")
    return images.contiguous(memory_format=torch.channels_last)
