"""NASWOT: whether the network tells the images of a batch apart."""

import torch

from archrank.proxies.probe import Probe

__all__ = ["naswot"]


def naswot(probe: Probe) -> float:
    """The log-determinant of the matrix of how many units agree in being on or off, for each two images.

    Reference: Mellor et al., Neural Architecture Search without Training (ICML 2021), equation 2. Every rectifying
    function counts, not only ReLU, and whether or not it is a module.
    """
    sign, logarithm = torch.linalg.slogdet(probe.forward.patterns.agreements)
    # Two images with the same pattern everywhere make the matrix singular, up to rounding.
    return float(logarithm) if sign > 0 else float("-inf")
