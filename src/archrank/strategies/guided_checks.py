"""Checks of what a guided search is given."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from archrank.errors import ArchrankError, UnknownName
from archrank.space import SearchSpace
from archrank.space_checks import check_graph
from archrank.strategies.base import REASONS
from archrank.system.arguments import check_takes_one
from archrank.system.foreign import shown

__all__ = ["check_ranker", "check_shares", "checked_first"]


def checked_first(first: Any, space: SearchSpace) -> Any:
    """Architectures to begin with, or a function that returns them.

    Raises:
        ArchrankError: They are something else, or of another space; or the function takes no domain, or gives no text
            as its reason.
    """
    if first is None:
        return None
    if callable(first):
        check_takes_one(first, "first", "domain", ArchrankError)
        if not isinstance(reason := getattr(first, "reason", "given"), str) or reason not in REASONS:
            raise UnknownName("reason of first", reason, REASONS)
        return first
    if isinstance(first, str) or not isinstance(first, Sequence):
        raise ArchrankError(
            f"first is {shown(first)}; expected a list of architectures, or a function of a Domain"
        )
    for architecture in first:
        if getattr(architecture, "space", None) != space.name:
            raise ArchrankError(f"first holds {shown(architecture)}; expected architectures of {space.name}")
    return list(first)


def check_shares(explore: Any, shrink: Any, beta: Any) -> None:
    """Refuse numbers out of their ranges.

    Raises:
        ArchrankError: One of them is.
    """
    for name, value in {"explore": explore, "shrink": shrink, "beta": beta}.items():
        if isinstance(value, bool) or not isinstance(value, int | float | np.number):
            raise ArchrankError(f"{name} is {shown(value)}; expected a number")
    if not 0 <= explore <= 1:
        raise ArchrankError(f"explore is {explore}; it is a share, from 0 to 1")
    if not 0 < shrink <= 1:
        raise ArchrankError(f"shrink is {shrink}; it is a share, above 0 and at most 1")
    if not 0 <= beta < math.inf:
        raise ArchrankError(f"beta is {beta}; it must be 0 or more")


def check_ranker(predictor: object, space: SearchSpace) -> None:
    """Refuse what cannot rank the architectures of a space before anything is evaluated.

    Raises:
        ArchrankError: It is no predictor, is one for another space, or has settings that cannot be used.
    """
    if isinstance(predictor, type) or not callable(getattr(predictor, "with_seed", None)):
        raise ArchrankError(
            f"predictor is {shown(predictor)}, expected a predictor such as auto(space, 'fast'), or None for it"
        )
    if (other := getattr(predictor, "space", space)).name != space.name:
        raise ArchrankError(f"the predictor is for the space {other.name}, and the search is of {space.name}")
    if (check := getattr(predictor, "_check_settings", None)) is not None:
        check()
        check_graph(space)
