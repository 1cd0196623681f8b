"""Which images each activation function of a network is on for."""

from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

__all__ = ["ActivationPatterns"]

_ACTIVATIONS = frozenset(
    getattr(torch.ops.aten, name)
    for name in (
        "relu", "relu_", "leaky_relu", "leaky_relu_", "hardtanh", "hardtanh_", "relu6", "relu6_", "elu", "elu_",
        "_prelu_kernel", "threshold", "threshold_", "gelu", "gelu_", "silu", "silu_", "mish", "mish_", "hardswish",
        "hardswish_", "rrelu_with_noise", "rrelu_with_noise_", "softplus",
    )
)  # fmt: skip
"""The rectifying functions; those with a bounded output on both sides, such as a gate's sigmoid, are none."""

_EXACT = 24
"""Patterns of so many images are whole numbers that 32-bit floats represent exactly."""


class ActivationPatterns(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Within it, the patterns of all activation functions are collected, also of those that are no module.

    A unit is one value of the input of an activation function, and it is on for an image if it is above 0.

    Args:
        images: B, how many images the network is given.

    Attributes:
        agreements: In how many units each two images agree: (B, B).
        codes: For every activation function one number for each of its units, equal for equal patterns.
    """

    def __init__(self, images: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.agreements = torch.zeros(images, images, dtype=torch.float64)
        self.codes: list[Tensor] = []

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # nothing is compiled here, and to say so in every call takes longer than the call

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func.overloadpacket in _ACTIVATIONS:  # before the call, because it may overwrite its input
            self._collect(args[0].detach())
        return func(*args, **(kwargs or {}))

    def _collect(self, values: Tensor) -> None:
        if values.dim() < 2 or len(values) != len(self.agreements):
            return
        flat = values.flatten(1)
        on = torch.gt(flat, 0, out=torch.empty_like(flat, dtype=torch.float32))
        both = (on @ on.T).double()
        alone = both.diagonal()
        self.agreements += 2 * both - alone[:, None] - alone + on.shape[1]
        self.codes.append(_coded(on))


def _coded(on: Tensor) -> Tensor:
    """A whole number for each column, equal for equal columns: (B, units) to (units,)."""
    powers = torch.exp2(torch.arange(min(len(on), _EXACT), dtype=torch.float32))
    parts = [(powers[: len(part)] @ part).to(torch.int64) for part in torch.split(on, _EXACT)]
    code = parts[0]
    for part in parts[1:]:
        code = code * 0x9E3779B97F4A7C1 + part
    return code
