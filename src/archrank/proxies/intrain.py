"""InTrain: how many dimensions activations have, times how evenly gradients are spread."""

import math

from archrank.proxies.outputs import spectrum
from archrank.proxies.probe import Probe

__all__ = ["intrain"]

_SMALL = 1e-10


def intrain(probe: Probe) -> float:
    """Geometric capacity times one plus optimization resilience, over the logarithm of one more than the depth.

    The capacity is the sum over layers of the logarithm of the participation ratio of the covariance of their
    outputs, the squared trace over the trace of the square. The resilience is the sum over parameter tensors of the
    standard deviation of their gradients over the largest absolute one, at most 1. The depth is the number of layers
    with weights of two or more dimensions.

    Reference: Zhou et al., InTrain (CVPR 2026, arXiv:2606.18676), as described in public notes on the paper; there is
    no code of the authors. A layer with a constant output has no capacity here, and the batch is the one that is
    scored, not 64 normal images of 64 by 64 pixels.
    """
    capacity = 0.0
    outputs, signals = probe.forward.outputs, probe.forward.signals
    for each in outputs:
        matrix = spectrum(each, signals=signals)
        square = float((matrix * matrix).sum())
        if not math.isfinite(square):
            return float("-inf")
        if square > 0:
            capacity += math.log(float(matrix.trace()) ** 2 / square)
    resilience = 0.0
    for _, gradient in probe.all_gradients:
        if gradient.numel() > 1:
            largest = float(gradient.abs().max())
            if not math.isfinite(largest):
                return float("-inf")
            resilience += min(1.0, float(gradient.std()) / (largest + _SMALL))
    return capacity * (1 + resilience) / math.log(len(outputs) + 1) if outputs else float("-inf")
