"""jacov: how differently the output depends on the pixels of different images."""

import torch

from archrank.proxies.probe import Probe

__all__ = ["jacov"]

_SMALL = 1e-5


def jacov(probe: Probe) -> float:
    """The score of the correlations of the input gradients: with the eigenvalues v, -Σ (log(v + k) + 1 / (v + k)).

    The gradient is that of the sum of all logits.

    Reference: Mellor et al., Neural Architecture Search without Training, first version (arXiv:2006.04647v1), section
    3, with k = 1e-5.
    """
    gradient = probe.image_gradient
    if gradient is None:
        return float("-inf")
    correlations = torch.corrcoef(gradient.flatten(1).double())
    if not bool(correlations.isfinite().all()):
        return float("-inf")
    values = torch.linalg.eigvalsh(correlations).clamp(min=0) + _SMALL
    return -float((values.log() + 1 / values).sum())
