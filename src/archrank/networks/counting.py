"""The size of a network: parameters and multiply-adds."""

from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

__all__ = ["MultiplyAdds", "multiply_adds", "parameters"]


class MultiplyAdds(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Within it, multiply-adds are counted: those of convolutions, linear layers and attention, as is the convention.

    PyTorch's own formulas count them, with a multiply-add as two operations; this is half of that. Its
    ``FlopCounterMode`` also follows which module an operation is in, which takes longer than a small network itself.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._operations = 0

    @property
    def total(self) -> int:
        """The multiply-adds so far."""
        return self._operations // 2

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # nothing is compiled here, and to say so in every call takes longer than the call

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if (formula := flop_registry.get(func.overloadpacket)) is not None:
            self._operations += formula(*args, **(kwargs or {}), out_val=result)
        return result


def parameters(network: nn.Module, *, auxiliary: bool = False) -> int:
    """The number of trainable parameters of a network.

    Args:
        network: The network, or its outline on the ``meta`` device.
        auxiliary: Whether to count the auxiliary head; by convention it is left out, because it only helps training.
    """
    return sum(
        p.numel()
        for name, p in network.named_parameters()
        if p.requires_grad and (auxiliary or not name.startswith("auxiliary."))
    )


def multiply_adds(network: nn.Module, image: tuple[int, int, int]) -> int:
    """The multiply-adds of one image in evaluation (:class:`MultiplyAdds`).

    Args:
        network: The network; an outline is counted without any arithmetic.
        image: Channels, height and width.
    """
    device = next((p.device for p in network.parameters()), torch.device("cpu"))
    training = network.training
    network.eval()
    try:
        with torch.no_grad(), MultiplyAdds() as counted:
            network(torch.empty(1, *image, device=device))
    finally:
        network.train(training)
    return int(counted.total)
