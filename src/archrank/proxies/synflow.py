"""SynFlow: the strength of all paths through the weights."""

import math

import torch

from archrank.proxies.probe import Probe, weights_of

__all__ = ["synflow"]


def synflow(probe: Probe) -> float:
    """The logarithm of the sum over all weights of |weight · gradient|, with absolute weights and an image of ones.

    The gradient is that of the sum of all logits. Layers of normalization are left out, because they would hide the
    strength; the arithmetic has 64 bits.

    Reference: Tanaka et al., Pruning neural networks without any data (NeurIPS 2020), equations 2 and 3, as a score by
    Abdelfattah et al., Zero-Cost Proxies (ICLR 2021); the logarithm keeps the order.
    """
    network = probe.linear_copy().double()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.abs_()
    weights = weights_of(network)
    output = probe.logits(network, torch.ones(1, *probe.images.shape[1:], dtype=torch.float64))
    if not weights or not output.requires_grad:
        return float("-inf")
    gradients = torch.autograd.grad(output.sum(), weights, allow_unused=True)
    total = sum(
        (weight.detach() * gradient).abs().sum().item()
        for weight, gradient in zip(weights, gradients, strict=True)
        if gradient is not None
    )
    return math.log(total) if total > 0 else float("-inf")
