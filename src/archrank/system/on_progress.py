"""How long work tells its caller how far it is."""

from collections.abc import Callable

__all__ = ["OnProgress", "silent"]

OnProgress = Callable[[int, int], None]
"""Called with how much is done and how much there is to do, in the unit of the work."""


def silent(*progress: object) -> None:
    """Ignore progress of any kind."""
