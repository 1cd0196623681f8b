"""Checks of what a grammar's space is made with."""

from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Any

from archrank.errors import SpaceError, UnknownName
from archrank.spaces.grammars.effects import Effect
from archrank.spaces.grammars.rules import Grammar
from archrank.spaces.grammars.topologies import Topology, topology_of
from archrank.system.arguments import checked_whole
from archrank.system.foreign import shown

__all__ = [
    "checked_count",
    "checked_effects",
    "checked_factor",
    "checked_names",
    "checked_topologies",
    "depth_limit",
]

_DEEPEST = 100
"""Rules within each other; each takes several calls within each other, of which Python allows 1,000."""

_LARGEST = 10**9
"""Limits above it limit nothing."""


def checked_topologies(given: Any) -> dict[str, Topology]:
    """The user's own topologies by name; none for None."""
    if given is not None and not isinstance(given, Mapping):
        raise SpaceError(
            f"topologies is {shown(given)}; expected a mapping of names to edges or a Topology, such as "
            '{"Two": [(0, 1), (1, 2)]}'
        )
    return {title: topology_of(title, each) for title, each in (given or {}).items()}


def checked_effects(given: Any, operations: Iterable[str]) -> dict[str, Effect]:
    """What operations do to shapes, by name; nothing for None."""
    if given is not None and not isinstance(given, Mapping):
        raise SpaceError(
            f"effects is {shown(given)}; expected a mapping of operations to effects, such as "
            '{"down": Effect(halves=1)}'
        )
    allowed = list(operations)
    known = set(allowed)
    for operation, effect in (given or {}).items():
        if operation not in known:
            raise SpaceError(f"an effect: {UnknownName('operation', operation, allowed)}")
        if not isinstance(effect, Effect):
            raise SpaceError(
                f"the effect of {operation} is {shown(effect)}; expected an Effect, such as Effect(halves=1, widens=2)"
            )
    return dict(given or {})


def checked_names(name: str, given: Any) -> tuple[str, ...]:
    """Names of operations: a text alone, or several in a list, a tuple or a set."""
    if isinstance(given, str):
        return (given,)
    names = tuple(given) if isinstance(given, Iterable) and not isinstance(given, bytes) else None
    if names is None or not all(isinstance(each, str) for each in names):
        raise SpaceError(
            f'{name} is {shown(given)}; expected a list of names of operations, such as ["conv"]'
        )
    return names


def checked_count(name: str, given: Any, minimum: int) -> int | None:
    """A whole number, as Python's own; None for no limit."""
    return (
        None
        if given is None
        else checked_whole(name, given, minimum=minimum, maximum=_LARGEST, error=SpaceError)
    )


def checked_factor(name: str, given: Any) -> float | None:
    """A number from 1 on, as Python's own; None for no limit."""
    if given is None:
        return None
    if not isinstance(given, Real) or isinstance(given, bool) or not given <= _LARGEST:
        raise SpaceError(
            f"{name} is {shown(given)}; expected a number from 1 to {_LARGEST}, or None for no limit"
        )
    if given < 1:
        raise SpaceError(f"{name} is {shown(given)}, which the input itself exceeds; give 1 or more")
    return int(given) if isinstance(given, int) else float(given)


def depth_limit(grammar: Grammar, name: str, given: Any) -> int:
    """The largest depth of derivations.

    Raises:
        SpaceError: None is given for recursive rules, or one that is too small or too large.
    """
    shallowest, deepest = grammar.shallowest[grammar.start], grammar.deepest
    if given is None and deepest is None:
        raise SpaceError(
            f"the rules of {name} are recursive, so that there are infinitely many architectures; give max_depth, at "
            f"least {shallowest}"
        )
    if given is not None:
        given = checked_whole("max_depth", given, error=SpaceError)
        if given < shallowest:
            raise SpaceError(
                f"max_depth is {given}, but the shallowest derivation of {grammar.start} has the depth {shallowest}"
            )
    limit: int = min(each for each in (given, deepest) if each is not None)
    if limit > _DEEPEST:
        raise SpaceError(
            f"derivations would be up to {shown(limit)} rules deep; give a max_depth of {_DEEPEST} or less"
        )
    return limit
