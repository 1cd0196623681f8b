"""Checks of what a guided search is given."""

from collections.abc import Sequence
from typing import Any

from archrank.errors import ArchrankError
from archrank.space import SearchSpace
from archrank.space_checks import check_graph
from archrank.system.foreign import shown

__all__ = ["check_ranker", "checked_first"]


def checked_first(first: Any, space: SearchSpace) -> Any:
    """Architectures to begin with, or a function that returns them.

    Raises:
        ArchrankError: They are something else, or of another space.
    """
    if first is None or callable(first):
        return first
    if isinstance(first, str) or not isinstance(first, Sequence):
        raise ArchrankError(
            f"first is {shown(first)}; expected a list of architectures, or a function of none"
        )
    for architecture in first:
        if getattr(architecture, "space", None) != space.name:
            raise ArchrankError(f"first holds {shown(architecture)}; expected architectures of {space.name}")
    return list(first)


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
