"""Expressivity, progressivity and trainability: how the features of a network change from block to block."""

from itertools import pairwise

import torch
from torch import Tensor

from archrank.proxies.outputs import as_images
from archrank.proxies.probe import Probe

__all__ = ["expressivity", "progressivity", "trainability"]

_SMALL_NORM = 1e-6
_WORST = float("-inf")


def expressivity(probe: Probe) -> float:
    """The sum over blocks of the entropy of the shares that principal components have of the variance of features.

    Reference: Lee and Ham, AZ-NAS (CVPR 2024), section 3.2. The blocks are those of
    :class:`~archrank.proxies.outputs.Outputs`. The batch and the weights are those that are scored; the authors draw
    normal images and He-normal weights.
    """
    entropies = probe.forward.entropies
    return sum(entropies) if entropies else _WORST


def progressivity(probe: Probe) -> float:
    """The smallest gain of that entropy from one block to the next; the worst of all where there is one block.

    Reference: Lee and Ham, AZ-NAS (CVPR 2024), section 3.2; see :func:`expressivity`.
    """
    entropies = probe.forward.entropies
    gains = [after - before for before, after in pairwise(entropies)]
    return min(gains, default=_WORST)


def trainability(probe: Probe) -> float:
    """How well each block keeps the scale of gradients: the mean of 2 - s - 1 / s over blocks, 0 at best.

    A random gradient of signs enters at the output of a block. s is the largest singular value of the matrix that
    predicts the gradient at its input, pixel by pixel: the mean of their products, because signs are uncorrelated. A
    block that halves the image has a channel for each of the pixels that it reads. Blocks whose positions cannot be
    matched are left out.

    Reference: Lee and Ham, AZ-NAS (CVPR 2024), section 3.2; see :func:`expressivity`. Blocks that give their input
    unchanged are left out; the authors give a network with one of them the worst score.
    """
    blocks, signals = probe.forward.blocks, probe.forward.signals
    generator = torch.Generator().manual_seed(probe.seed)
    found = []
    for before, after in pairwise(blocks):
        signs = torch.randint(0, 2, after.shape, generator=generator).to(after.dtype).mul_(2).sub_(1)
        if not (after.requires_grad and before.requires_grad):
            continue
        (gradient,) = torch.autograd.grad(after, before, signs, retain_graph=True, allow_unused=True)
        if gradient is None:
            continue
        matrix = _products(as_images(gradient, signals=signals), as_images(signs, signals=signals))
        if matrix is not None and not bool(matrix.isfinite().all()):
            return _WORST
        if matrix is not None:
            norm = float(torch.linalg.matrix_norm(matrix.double(), 2))
            found.append(2 - norm - 1 / (norm + _SMALL_NORM))
    return sum(found) / len(found) if found else _WORST


def _products(given: Tensor, signs: Tensor) -> Tensor | None:
    """The mean over images and positions of the products of two gradients; None if positions do not match.

    Args:
        given: At the input of a block: (B, C, H, W).
        signs: At its output: (B, D, H / s, W / t), rounded up.

    Returns:
        (s · t · C, D).
    """
    height, width = signs.shape[2:]
    s, t = -(-given.shape[2] // height), -(-given.shape[3] // width)
    if (-(-given.shape[2] // s), -(-given.shape[3] // t)) != (height, width):
        return None
    if s > 1 or t > 1:
        more = (0, t * width - given.shape[3], 0, s * height - given.shape[2])
        given = torch.nn.functional.pad(given, more) if any(more) else given
        tiles = given.reshape(*given.shape[:2], height, s, width, t)
        given = tiles.permute(0, 1, 3, 5, 2, 4).flatten(1, 3)
    products = torch.bmm(given.flatten(2), signs.flatten(2).transpose(1, 2))
    return products.sum(0) / (len(signs) * height * width)
