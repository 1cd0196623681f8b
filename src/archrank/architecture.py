"""An architecture is its choices."""

from dataclasses import dataclass, field
from typing import Any

__all__ = ["Architecture"]


@dataclass(frozen=True, slots=True)
class Architecture:
    """One architecture of a search space.

    Attributes:
        space: Name of the space that it belongs to.
        choices: One option index per choice of the space; where choices depend on each other, a pair of name and value
            for every active one.
        fingerprint: The fingerprint of the space that made it, so that an edited space does not read its indices as
            other options; None where it was made by hand, or holds names and values. It plays no part in equality.

    >>> Architecture("nas-bench-201", (3, 0, 3, 1, 0, 3)) == Architecture("nas-bench-201", (3, 0, 3, 1, 0, 3))
    True
    """

    space: str
    choices: tuple[Any, ...]
    fingerprint: str | None = field(default=None, compare=False, repr=False)
