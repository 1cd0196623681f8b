"""``--example``: what a network is called with, as a shape."""

import re

from archrank.errors import ArchrankError

__all__ = ["example_shape"]


def example_shape(text: str) -> tuple[int, ...]:
    """The shape of an input, from the sizes that the user typed.

    Raises:
        ArchrankError: It is no shape.

    >>> example_shape("1,3,32,32")
    (1, 3, 32, 32)
    """
    if not re.fullmatch(r"\d+(,\d+)*", text):
        raise ArchrankError(
            f"--example {text!r} is no shape; expected sizes with commas between, such as 1,3,32,32"
        )
    return tuple(map(int, text.split(",")))
