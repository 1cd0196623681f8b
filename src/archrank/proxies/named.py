"""Zero-cost scores by name."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from archrank.errors import ProxyError, UnknownName
from archrank.lazy_names import LazyNames
from archrank.system.foreign import shown

if TYPE_CHECKING:
    from archrank.proxies.probe import Probe

__all__ = [
    "COMBINATIONS",
    "DEFAULTS",
    "PROXIES",
    "Combination",
    "Proxy",
    "named_combination",
    "named_proxies",
]

Proxy = Callable[["Probe"], float]
"""A zero-cost score: higher is better."""

PROXIES: "LazyNames[Proxy]" = LazyNames(
    {
        "parameters": "archrank.proxies.counts:parameters",
        "multiply-adds": "archrank.proxies.counts:multiply_adds",
        "layers": "archrank.proxies.counts:layers",
        "naswot": "archrank.proxies.naswot:naswot",
        "swap": "archrank.proxies.swap:swap",
        "jacov": "archrank.proxies.jacov:jacov",
        "synflow": "archrank.proxies.synflow:synflow",
        "snip": "archrank.proxies.saliency:snip",
        "grad-norm": "archrank.proxies.saliency:grad_norm",
        "zen": "archrank.proxies.zen:zen",
        "expressivity": "archrank.proxies.az_nas:expressivity",
        "progressivity": "archrank.proxies.az_nas:progressivity",
        "trainability": "archrank.proxies.az_nas:trainability",
        "intrain": "archrank.proxies.intrain:intrain",
    }
)
"""The zero-cost scores by name; imported when they are first used."""

DEFAULTS = ("naswot", "expressivity", "progressivity", "trainability", "intrain")
"""The scores that rank by default, which share one forward pass.

They were chosen on NAS-Bench-101, NAS-Bench-Macro and NAS-Bench-201 with CIFAR-10 (``docs/results/zero-cost.md``).
"""

Combination = Callable[[Mapping[str, npt.NDArray[np.float64]]], npt.NDArray[np.float64]]
"""Several scores of B architectures as one: (B,) each, to (B,)."""

COMBINATIONS: "LazyNames[Combination]" = LazyNames(
    {
        "mean": "archrank.proxies.combining:standardized_ranks",
        "az-nas": "archrank.proxies.combining:rank_product",
    }
)
"""How several scores become one, by name."""


def named_combination(name: str | None = None) -> Combination:
    """One of :data:`COMBINATIONS`; ``"mean"`` for None.

    Raises:
        UnknownName: No such combination.
    """
    if name is None:
        name = "mean"
    if not isinstance(name, str) or name not in COMBINATIONS:
        raise UnknownName("combination of zero-cost scores", name, COMBINATIONS)
    return COMBINATIONS[name]


def named_proxies(given: Any = DEFAULTS) -> dict[str, Proxy]:
    """Zero-cost scores by name, in the given order.

    Args:
        given: Names, or a mapping of names to functions of a :class:`Probe`.

    Raises:
        UnknownName: No such score.
        ProxyError: No names, or something else.

    >>> list(named_proxies(["naswot", "zen"]))
    ['naswot', 'zen']
    """
    if isinstance(given, Mapping):
        found = dict(given)
    elif isinstance(given, Sequence) and not isinstance(given, str | bytes):
        for name in given:
            if not isinstance(name, str) or name not in PROXIES:
                raise UnknownName("zero-cost score", name, PROXIES)
        found = {name: PROXIES[name] for name in given}
    else:
        raise ProxyError(f"proxies is {shown(given)}; expected a list of names, such as {[*DEFAULTS]}")
    if not found:
        raise ProxyError(f"no zero-cost scores are named; expected some of {', '.join(PROXIES)}")
    for name, proxy in found.items():
        if not isinstance(name, str) or not callable(proxy):
            raise ProxyError(f"the zero-cost score {shown(name)} is {shown(proxy)}; expected a function")
    return found
