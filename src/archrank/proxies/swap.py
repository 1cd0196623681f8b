"""SWAP: how many different things the units of a network respond to."""

import torch

from archrank.proxies.probe import Probe

__all__ = ["swap"]


def swap(probe: Probe) -> float:
    """The number of distinct patterns, over the images of a batch, in which units are on and off.

    Reference: Peng et al., SWAP-NAS (ICLR 2024), definition 3.3, without the regularization by the size. It grows with
    the batch, up to the number of units: compare scores of equal batches only.
    """
    codes = probe.forward.patterns.codes
    return float(len(torch.unique(torch.cat(codes)))) if codes else 0.0
