"""Zero-cost scores of one network."""

import math
from collections.abc import Mapping
from numbers import Real
from typing import Any

import torch
from torch import Tensor, nn

from archrank.errors import ArchrankError, ProxyError
from archrank.proxies.named import DEFAULTS, Proxy, named_proxies
from archrank.proxies.probe import Probe
from archrank.proxies.randomness import seeded
from archrank.system.foreign import in_one_line, shown

__all__ = ["WORST", "score", "scored"]

WORST = -math.inf
"""The score of a network that no path leads through, and what stands for a score that is not finite."""


def score(
    module: nn.Module,
    batch: Tensor | tuple[int, ...] = (16, 3, 32, 32),
    labels: Any = None,
    *,
    proxies: Any = DEFAULTS,
    seed: int = 0,
) -> dict[str, float]:
    """Score a network without training it; higher is better.

    The module with its weights, buffers, gradients, mode and hooks, and the global random states stay as they are.
    Scores depend on the batch and on the weights: compare networks by equal batches, each freshly initialized.

    Args:
        module: A network for images, with the weights to score it by.
        batch: Images (B, C, H, W), two or more, or such a shape for images with random normal pixels.
        labels: The classes of the images, for SNIP and GradNorm: (B,). None draws them at random.
        proxies: Names of :data:`~archrank.proxies.PROXIES`, or a mapping of names to functions of a
            :class:`~archrank.proxies.Probe`.
        seed: Fixes everything random.

    Returns:
        Each score by name. It is ``-inf``, the worst, if no path leads from the image to the output, and if the score
        is infinite or not a number.

    Raises:
        ProxyError: The network cannot be called with the batch, a score fails, or an argument cannot be used.
        UnknownName: No such score.

    >>> from torch import nn
    >>> net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 36, 10))
    >>> score(net, (4, 3, 8, 8), proxies=["parameters", "layers"])
    {'parameters': 3114.0, 'layers': 2.0}
    """
    return scored(module, batch, labels, named_proxies(proxies), seed)


def scored(
    module: nn.Module,
    batch: Tensor | tuple[int, ...],
    labels: Any,
    chosen: Mapping[str, Proxy],
    seed: int,
    *,
    copy: bool = True,
) -> dict[str, float]:
    """As :func:`score`; without a copy the module is changed."""
    found = {}
    with torch.inference_mode(False), torch.enable_grad():
        probe = Probe(module, batch, labels, seed, copy=copy)
        try:
            if not probe.connected:
                return dict.fromkeys(chosen, WORST)
        except ArchrankError:
            raise
        except Exception as error:
            raise ProxyError(
                f"no gradient can be computed through the network: {in_one_line(error)}"
            ) from error
        for name, proxy in chosen.items():
            with seeded(seed):
                found[name] = _checked(name, _computed(name, proxy, probe))
    return found


def _computed(name: str, proxy: Proxy, probe: Probe) -> object:
    try:
        return proxy(probe)
    except ArchrankError:
        raise
    except Exception as error:
        raise ProxyError(f"the zero-cost score {name!r} cannot be computed: {in_one_line(error)}") from error


def _checked(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ProxyError(f"the zero-cost score {name!r} is {shown(value)}; expected a number")
    return float(value) if math.isfinite(value) else WORST
