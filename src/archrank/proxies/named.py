"""Zero-cost scores by name."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from archrank.errors import ProxyError, UnknownName
from archrank.lazy_names import LazyNames
from archrank.system.foreign import shown

if TYPE_CHECKING:
    from archrank.proxies.probe import Probe

__all__ = ["DEFAULTS", "PROXIES", "Proxy", "named_proxies"]

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
    }
)
"""The zero-cost scores by name; imported when they are first used."""

DEFAULTS = ("layers", "naswot", "swap")
"""The scores that rank by default, which share one forward pass.

They were chosen on NAS-Bench-101 and NAS-Bench-Macro (``docs/results/zero-cost.md``).
"""


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
