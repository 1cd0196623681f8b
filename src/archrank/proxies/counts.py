"""Scores that count: parameters, multiply-adds and layers."""

from archrank.networks.counting import parameters as counted_parameters
from archrank.proxies.probe import Probe

__all__ = ["layers", "multiply_adds", "parameters"]


def parameters(probe: Probe) -> float:
    """The number of trainable parameters."""
    return float(counted_parameters(probe.network))


def multiply_adds(probe: Probe) -> float:
    """The multiply-adds of one image, of convolutions, linear layers and attention."""
    return float(probe.multiply_adds)


def layers(probe: Probe) -> float:
    """The number of layers with trainable weights of two or more dimensions, wherever they are in the network."""
    return float(
        sum(
            any(p.requires_grad and p.dim() > 1 for p in layer.parameters(recurse=False))
            for layer in probe.network.modules()
        )
    )
