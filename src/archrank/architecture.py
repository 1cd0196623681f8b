"""An architecture is a row of choices."""

from dataclasses import dataclass

__all__ = ["Architecture"]


@dataclass(frozen=True, slots=True)
class Architecture:
    """One architecture of a search space.

    Attributes:
        space: Name of the space that it belongs to.
        choices: One option index per choice of the space.

    >>> Architecture("nas-bench-201", (3, 0, 3, 1, 0, 3)) == Architecture("nas-bench-201", (3, 0, 3, 1, 0, 3))
    True
    """

    space: str
    choices: tuple[int, ...]
