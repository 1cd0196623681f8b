"""The part of the conformance suites of spaces that is about what is known before an evaluation."""

import numpy as np

from archrank.architecture import Architecture
from archrank.space import SearchSpace
from archrank.testing.require import require

__all__ = ["check_known_values"]


def check_known_values(space: SearchSpace, architecture: Architecture) -> None:
    """Known values have the same names in all architectures, and are finite numbers that stay the same."""
    known = space.known_values(architecture)
    what = f"{space.name}: known_values({architecture.choices})"
    require(
        set(known) == space.known_names,
        f"{what} has the names {sorted(known)}, but those of another architecture are {sorted(space.known_names)}",
    )
    for name, value in known.items():
        number = isinstance(value, int | float) and not isinstance(value, bool) and np.isfinite(value)
        require(
            isinstance(name, str) and number, f"{what} gives {name!r} as {value!r}, expected a finite number"
        )
    require(dict(space.known_values(architecture)) == dict(known), f"{what} must be the same every time")
