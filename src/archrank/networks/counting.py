"""The size of a network: parameters and multiply-adds."""

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

__all__ = ["multiply_adds", "parameters"]


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
    """The multiply-adds of one image in evaluation: those of convolutions and linear layers, as is the convention.

    PyTorch's own counter counts them, with a multiply-add as two operations; this is half of that.

    Args:
        network: The network; an outline is counted without any arithmetic.
        image: Channels, height and width.
    """
    device = next((p.device for p in network.parameters()), torch.device("cpu"))
    training = network.training
    network.eval()
    try:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            network(torch.empty(1, *image, device=device))
    finally:
        network.train(training)
    return int(counter.get_total_flops()) // 2
