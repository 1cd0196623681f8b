"""Options that a person believes to be good, as a prior of the search."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from archrank.errors import ArchrankError
from archrank.space import SearchSpace
from archrank.strategies.prior import Prior
from archrank.study.named_options import NamedOptions
from archrank.system.foreign import shown

__all__ = ["prior_of"]

_FORM = "a mapping of choices to options and their weights, such as {'kernel': {3: 2.0}}"


def prior_of(space: SearchSpace, likely: Any) -> Prior | None:
    """The prior that a user gives; None for none.

    Args:
        space: The space that is searched.
        likely: For each choice the weights of some of its options, relative to 1 of the others.

    Raises:
        UnknownName: A choice that the space does not have, or an option that the choice does not have.
        ArchrankError: Something else than a mapping, or a weight that is no positive number.
    """
    if likely is None:
        return None
    if not isinstance(likely, Mapping) or not all(isinstance(each, Mapping) for each in likely.values()):
        raise ArchrankError(f"likely is {shown(likely)}, expected {_FORM}")
    options = NamedOptions(space)
    weights = {
        name: {options.read("likely", name, option): _weight(name, option, w) for option, w in given.items()}
        for name, given in likely.items()
        if given
    }
    return Prior(space, weights, {name: options.size(name) for name in weights}) if weights else None


def _weight(name: str, option: object, weight: object) -> float:
    number = isinstance(weight, int | float | np.number) and not isinstance(weight, bool)
    if not number or not 0 < float(weight) < math.inf:  # type: ignore[arg-type]
        raise ArchrankError(
            f"likely gives {shown(option)} of {name!r} the weight {shown(weight)}, expected a number above 0: 2.0 for "
            "twice as likely as the other options; to rule an option out, use forbid (--forbid)"
        )
    return float(weight)  # type: ignore[arg-type]
