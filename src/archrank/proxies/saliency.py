"""SNIP and GradNorm: the gradient of the loss at initialization."""

from archrank.proxies.probe import Probe

__all__ = ["grad_norm", "snip"]


def snip(probe: Probe) -> float:
    """The sum over all weights of |weight · gradient of the cross-entropy|.

    Reference: Lee et al., SNIP (ICLR 2019), equation 4, summed as by Abdelfattah et al., Zero-Cost Proxies (ICLR
    2021), instead of normalized. Biases and normalizations are left out.
    """
    return float(sum((weight * gradient).abs().sum().item() for weight, gradient in probe.gradients))


def grad_norm(probe: Probe) -> float:
    """The sum over all layers of the Euclidean norm of the gradient of the cross-entropy.

    Reference: Abdelfattah et al., Zero-Cost Proxies for Lightweight NAS (ICLR 2021), section 3.2, as in the authors'
    code, which sums the norms of the layers. Biases and normalizations are left out.
    """
    return float(sum(gradient.norm().item() for _, gradient in probe.gradients))
