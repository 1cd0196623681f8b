"""The function or class that builds networks: its name, whether it takes a chooser, and what measures latencies."""

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

from archrank.errors import SpaceError
from archrank.modules.latency import measure_latency
from archrank.modules.source import source_of
from archrank.system.foreign import shown

__all__ = ["latency_text", "name_of", "takes_argument"]


def name_of(net: Any) -> str:
    """The name of a function or class; of a partial function, that of the function."""
    while isinstance(net, partial):
        net = net.func
    return str(getattr(net, "__name__", type(net).__name__))


def latency_text(latency: Any) -> str:
    """The code that measures latencies, where it is not the usual one: values of two devices must not be mixed."""
    if latency is measure_latency:
        return ""
    if isinstance(latency, partial):
        inner = latency_text(latency.func) or "\nlatency: measure_latency"
        return f"{inner} {latency.args} {sorted(latency.keywords.items())}"
    if not callable(latency):
        raise SpaceError(
            f"latency is {shown(latency)}; expected a function of a network and its example that returns milliseconds"
        )
    name = getattr(latency, "__qualname__", type(latency).__qualname__)
    return f"\nlatency: {name}\n{source_of(latency)}"


def takes_argument(net: Callable[..., Any]) -> bool:
    """Whether it has to be given something, which is the chooser."""
    try:
        parameters = list(inspect.signature(net).parameters.values())
    except (TypeError, ValueError):
        return True
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    needed = [p for p in parameters if p.default is p.empty and p.kind not in variable]
    if len(needed) > 1 or any(p.kind not in kinds for p in needed):
        raise SpaceError(
            f"{getattr(net, '__name__', net)!s} needs the arguments {', '.join(p.name for p in needed)}; expected one, "
            "the chooser, or none"
        )
    return bool(needed) or any(p.name in ("choose", "chooser") for p in parameters)
