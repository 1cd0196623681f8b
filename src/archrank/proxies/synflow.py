"""SynFlow: the strength of all paths through the weights."""

import math

import torch

from archrank.proxies.probe import Probe

__all__ = ["synflow"]


def synflow(probe: Probe) -> float:
    """The logarithm of the sum over all weights of |weight · gradient|, with absolute weights and an image of ones.

    The gradient is that of the sum of all logits. Layers of normalization are left out, because they would hide the
    strength; the arithmetic has 64 bits.

    Reference: Tanaka et al., Pruning neural networks without any data (NeurIPS 2020), equations 2 and 3, as a score by
    Abdelfattah et al., Zero-Cost Proxies (ICLR 2021); the logarithm keeps the order.
    """
    trained = dict(probe.network.named_parameters())
    tensors = {name: p.detach().abs().double().requires_grad_(p.requires_grad) for name, p in trained.items()}
    buffers = {name: b.double() for name, b in probe.network.named_buffers() if b.is_floating_point()}
    image = torch.ones(1, *probe.images.shape[1:], dtype=torch.float64)
    with probe.linear():
        output = probe.logits_with({**buffers, **tensors}, image)
    weights = [tensor for tensor in tensors.values() if tensor.requires_grad and tensor.dim() > 1]
    if not weights or not output.requires_grad:
        return float("-inf")
    gradients = torch.autograd.grad(output.sum(), weights, allow_unused=True)
    total = sum(
        (weight.detach() * gradient).abs().sum().item()
        for weight, gradient in zip(weights, gradients, strict=True)
        if gradient is not None
    )
    return math.log(total) if total > 0 else float("-inf")
