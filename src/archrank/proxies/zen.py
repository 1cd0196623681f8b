"""Zen: how strongly the features react to a small change of the image."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from archrank.proxies.probe import Probe

__all__ = ["zen"]

_STEP = 0.01
_MOMENTUM = 0.1


def zen(probe: Probe) -> float:
    """The logarithm of the change of the last features under Gaussian weights, with batch normalization scaled back.

    Images are random, whatever the batch holds. The last features are the last result of a layer that still has
    positions, in height and width or as tokens; those of a network without any are its output.

    Reference: Lin et al., Zen-NAS (ICCV 2021), algorithm 1, with one draw. As in the authors' code,
    each normalization contributes its running variance after both passes, from 1 and with the momentum 0.1; the paper
    has the variance of the batch.
    """
    network = probe.copied()
    generator = torch.Generator().manual_seed(probe.seed)
    _draw(network, generator)
    shape = probe.images.shape
    images = torch.randn(shape, generator=generator)
    moved = images + _STEP * torch.randn(shape, generator=generator)
    last = _Last(network)
    with torch.no_grad():
        difference = last.features(probe, images) - last.features(probe, moved)
    change = difference.abs().flatten(1).sum(1).mean().item()
    return math.log(change) + _log_scale(network) if change > 0 else float("-inf")


def _draw(network: nn.Module, generator: torch.Generator) -> None:
    """Standard normal weights; no biases, and normalizations without effect of their own."""
    with torch.no_grad():
        for layer in network.modules():
            if isinstance(layer, nn.modules.batchnorm._BatchNorm):
                layer.reset_running_stats()
                layer.momentum = _MOMENTUM
            for name, parameter in layer.named_parameters(recurse=False):
                if parameter.dim() > 1:
                    parameter.normal_(generator=generator)
                else:
                    parameter.fill_(0.0 if name.endswith("bias") else 1.0)


class _Last:
    """Remembers the last features of a call."""

    def __init__(self, network: nn.Module) -> None:
        self._network = network
        self._found: Tensor | None = None
        for layer in network.modules():
            if not any(layer.children()):
                layer.register_forward_hook(self._look)

    def features(self, probe: Probe, images: Tensor) -> Tensor:
        self._found = None
        with torch.no_grad():
            output = probe.logits(self._network, images)
        return output.detach() if self._found is None else self._found

    def _look(self, layer: nn.Module, given: Any, result: Any) -> None:
        if isinstance(result, Tensor) and result.dim() > 2 and result[0, 0].numel() > 1:
            self._found = result.detach().clone()  # the next layer may overwrite it


def _log_scale(network: nn.Module) -> float:
    """The sum of the logarithms of the standard deviations that batch normalizations remember."""
    variances = [
        float(layer.running_var.mean())
        for layer in network.modules()
        if isinstance(layer, nn.modules.batchnorm._BatchNorm) and layer.running_var is not None
    ]
    return sum(0.5 * math.log(variance) for variance in variances if variance > 0)
