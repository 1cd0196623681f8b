"""What a person rules out before a search: choices that are fixed, and combinations that are forbidden."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from archrank.architecture import Architecture
from archrank.domains import Domain, Options
from archrank.errors import ArchrankError, SpaceError, UnknownName
from archrank.open_space import OpenSpace
from archrank.space import SearchSpace
from archrank.strategies.domain import Domain as Proposable
from archrank.system.foreign import shown

__all__ = ["Rules"]

_SAMPLE = 200
"""How many architectures of an open space are drawn to find its choices."""

_SHOWN = 20


class Rules:
    """Fixed choices and forbidden combinations.

    A choice that is not active in an architecture breaks no rule.

    Args:
        space: The space that is searched.
        fix: Values of choices by name: only architectures that have them are proposed.
        forbid: Combinations of values: no architecture that has all values of one of them is proposed.

    Attributes:
        fix: The fixed values, as the space's own.
        forbid: The combinations.

    Raises:
        UnknownName: A choice that the space does not have.
        ArchrankError: A value that a choice cannot take, or rules that no architecture meets.
    """

    def __init__(
        self,
        space: SearchSpace,
        fix: Mapping[str, Any] | None = None,
        forbid: Sequence[Mapping[str, Any]] | None = None,
    ) -> None:
        self._space = space
        if not isinstance(fix, Mapping | None):
            raise ArchrankError(f"fix is {shown(fix)}, expected a mapping of choices to values")
        if isinstance(forbid, Mapping):
            forbid = [forbid]
        given = () if forbid is None else forbid
        if (
            isinstance(given, str)
            or not isinstance(given, Sequence)
            or not all(isinstance(each, Mapping) and each for each in given)
        ):
            raise ArchrankError(
                f"forbid is {shown(forbid)}, expected a list of mappings of choices to values"
            )
        domains = _domains(space) if fix or given else {}
        self.fix = self._read("fix", fix or {}, domains)
        self.forbid = tuple(self._read("forbid", each, domains) for each in given)
        if self and not Proposable(space).within(self.violation).sample(1, np.random.default_rng(0)):
            raise ArchrankError(
                f"no architecture of {space.name} was found that has {dict(self.fix)} and none of the forbidden "
                "combinations; loosen them"
            )

    def __bool__(self) -> bool:
        """Whether there is any rule."""
        return bool(self.fix or self.forbid)

    @property
    def fingerprint(self) -> dict[str, Any]:
        """The rules as JSON values; nothing where there are none."""
        found: dict[str, Any] = {"fix": dict(self.fix)} if self.fix else {}
        return found | ({"forbid": [dict(each) for each in self.forbid]} if self.forbid else {})

    def violation(self, architecture: Architecture) -> float:
        """How many rules an architecture breaks."""
        values = self._space.options(architecture)
        broken = sum(values[name] != value for name, value in self.fix.items() if name in values)
        absent = object()
        broken += sum(
            all(values.get(name, absent) == value for name, value in combination.items())
            for combination in self.forbid
        )
        return float(broken)

    def _read(self, what: str, values: Mapping[str, Any], domains: Mapping[str, Domain]) -> Mapping[str, Any]:
        found = {}
        for name, value in values.items():
            if name not in domains:
                listed = list(domains)[:_SHOWN] if len(domains) > _SHOWN else list(domains)
                raise UnknownName(f"choice of {self._space.name} in {what}", name, listed)
            if domains[name].size is None:
                raise ArchrankError(
                    f"{what}: the choice {name!r} is any number from {domains[name].low} to {domains[name].high}, and "  # type: ignore[union-attr]
                    "only choices of options or integers can be named: give it one option in the space instead"
                )
            try:
                found[name] = domains[name].read(value)
            except SpaceError as error:
                raise ArchrankError(f"{what}: the choice {name!r}: {error}") from None
        return found


def _domains(space: SearchSpace) -> dict[str, Domain]:
    """The possible values of every choice by name; of an open space those that a sample of it reaches."""
    if not isinstance(space, OpenSpace):
        return {choice.name: Options.of(choice.options) for choice in space.choices}
    found: dict[str, Domain] = {}
    for architecture in space.sample(_SAMPLE, np.random.default_rng(0)):
        found |= space.domains(architecture)
    return found
