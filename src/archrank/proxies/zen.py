"""Zen: how strongly the features react to a small change of the image."""

import math
from collections.abc import Mapping
from typing import Any, Self

import torch
from torch import Tensor, nn

from archrank.errors import ProxyError
from archrank.proxies.probe import Probe

__all__ = ["zen"]

_STEP = 0.01
_MOMENTUM = 0.1
_BATCH_NORM = nn.modules.batchnorm._BatchNorm


def zen(probe: Probe) -> float:
    """The logarithm of the change of the last features under Gaussian weights, with batch normalization scaled back.

    Images are random, whatever the batch holds. The last features are the last result of a layer that still has
    positions, in height and width or as tokens; those of a network without any are its output.

    Reference: Lin et al., Zen-NAS (ICCV 2021), algorithm 1, with one draw. As in the authors' code,
    each normalization contributes its running variance after both passes, from 1 and with the momentum 0.1; the paper
    has the variance of the batch.
    """
    try:
        change, log_scale = _first_change(probe, torch.channels_last)  # in half of the time
    except ProxyError:  # a network that takes a view of channels that come first
        change, log_scale = _first_change(probe, torch.contiguous_format)
    return math.log(change) + log_scale if change > 0 else float("-inf")


def _first_change(probe: Probe, layout: torch.memory_format) -> tuple[float, float]:
    # Copies of all features take long, and only the last are needed unless a later layer overwrites them.
    return _change(probe, layout, copies=False) or _change(probe, layout, copies=True) or (0.0, 0.0)


def _change(probe: Probe, layout: torch.memory_format, *, copies: bool) -> tuple[float, float] | None:
    """The change of the last features, and the logarithm of the scale; None if the features were overwritten."""
    generator = torch.Generator().manual_seed(probe.seed)
    tensors, variances = _drawn(probe.network, generator)
    shape = probe.images.shape
    images = torch.randn(shape, generator=generator)
    moved = images + _STEP * torch.randn(shape, generator=generator)
    if len(shape) == 4:
        images, moved = (x.contiguous(memory_format=layout) for x in (images, moved))
    with _Last(probe, copies) as last, torch.no_grad():
        before, after = last.features(tensors, images), last.features(tensors, moved)
    if before is None or after is None:
        return None
    # The standard deviations that batch normalizations remember.
    means = [float(variance.mean()) for variance in variances]
    scale = sum(0.5 * math.log(mean) for mean in means if mean > 0)
    return (before - after).abs().flatten(1).sum(1).mean().item(), scale


def _drawn(network: nn.Module, generator: torch.Generator) -> tuple[dict[str, Tensor], list[Tensor]]:
    """Standard normal weights, no biases, and normalizations without effect of their own; and running variances."""
    tensors: dict[str, Tensor] = {}
    variances = []
    seen: set[Tensor] = set()  # a weight of several layers is drawn once, and PyTorch gives it to all of them
    for prefix, layer in network.named_modules():
        start = f"{prefix}." if prefix else ""
        for name, parameter in layer.named_parameters(recurse=False):
            if parameter in seen:
                continue
            seen.add(parameter)
            if parameter.dim() > 1:
                drawn = torch.empty_like(parameter, requires_grad=False).normal_(generator=generator)
            else:
                drawn = torch.full_like(parameter, 0.0 if name.endswith("bias") else 1.0, requires_grad=False)
            tensors[start + name] = drawn
        if isinstance(layer, _BATCH_NORM) and layer.running_var is not None:
            variance = torch.ones_like(layer.running_var)
            variances.append(variance)
            tensors[f"{start}running_var"] = variance
    return tensors, variances


class _Last:
    """Within it, the last features of a call are remembered, or copies of them."""

    def __init__(self, probe: Probe, copies: bool) -> None:
        self._probe = probe
        self._copies = copies
        self._found: Tensor | None = None
        self._version = 0

    def __enter__(self) -> Self:
        layers = [*self._probe.network.modules()]
        self._handles = [
            layer.register_forward_hook(self._look) for layer in layers if not any(layer.children())
        ]
        norms = [layer for layer in layers if isinstance(layer, _BATCH_NORM)]
        self._momenta = [(norm, norm.momentum) for norm in norms]
        for norm in norms:
            norm.momentum = _MOMENTUM
        return self

    def __exit__(self, *error: object) -> None:
        for handle in self._handles:
            handle.remove()
        for norm, momentum in self._momenta:
            norm.momentum = momentum

    def features(self, tensors: Mapping[str, Tensor], images: Tensor) -> Tensor | None:
        """The features with these parameters and buffers; None if they were overwritten."""
        self._found = None
        output = self._probe.logits_with(tensors, images)
        if self._found is None:
            return output
        return self._found if self._found._version == self._version else None

    def _look(self, layer: nn.Module, given: Any, result: Any) -> None:
        if isinstance(result, Tensor) and result.dim() > 2 and result[0, 0].numel() > 1:
            self._found = result.clone() if self._copies else result
            self._version = self._found._version
