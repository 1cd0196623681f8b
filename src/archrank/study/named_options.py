"""Options of choices as a user names them, read as those of the space."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from archrank.domains import Domain, Options, Value
from archrank.errors import ArchrankError, SpaceError, UnknownName
from archrank.open_space import OpenSpace
from archrank.space import SearchSpace

__all__ = ["NamedOptions"]

_SAMPLE = 200
"""How many architectures of an open space are drawn to find its choices."""

_SHOWN = 20


class NamedOptions:
    """The choices of a space by name, with their possible values.

    Args:
        space: The space. Of an open one the choices are those that a sample of it reaches.
    """

    def __init__(self, space: SearchSpace) -> None:
        self._space = space
        self._domains = _domains(space)

    def size(self, name: str) -> int:
        """How many options a choice has that was read."""
        size = self._domains[name].size
        assert size is not None
        return size

    def read(self, what: str, name: str, value: object) -> Value:
        """The option of a choice that a value denotes.

        Args:
            what: The argument that names them, for messages.
            name: The choice.
            value: The option.

        Raises:
            UnknownName: The space has no such choice, or the choice no such option.
            ArchrankError: The choice is a range of numbers.
        """
        if name not in self._domains:
            listed = list(self._domains)[:_SHOWN] if len(self._domains) > _SHOWN else list(self._domains)
            raise UnknownName(f"choice of {self._space.name} in {what}", name, listed)
        domain = self._domains[name]
        if domain.size is None:
            raise ArchrankError(
                f"{what}: the choice {name!r} is any number from {domain.low} to {domain.high}, and "
                "only choices of options or integers can be named: give it one option in the space instead"
            )
        try:
            return domain.read(value)
        except SpaceError as error:
            if isinstance(domain, Options) and isinstance(value, str):
                raise UnknownName(
                    f"option of {name!r} in {what}", value, list(map(str, domain.values))
                ) from None
            raise ArchrankError(f"{what}: the choice {name!r}: {error}") from None


def _domains(space: SearchSpace) -> Mapping[str, Domain]:
    if not isinstance(space, OpenSpace):
        return {choice.name: Options.of(choice.options) for choice in space.choices}
    found: dict[str, Any] = {}
    for architecture in space.sample(_SAMPLE, np.random.default_rng(0)):
        found |= space.domains(architecture)
    return found
