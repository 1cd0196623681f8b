"""What a person rules out before a search: choices that are fixed, and combinations that are forbidden."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from archrank.architecture import Architecture
from archrank.errors import ArchrankError
from archrank.space import SearchSpace
from archrank.strategies.domain import Domain as Proposable
from archrank.study.named_options import NamedOptions
from archrank.system.foreign import shown

__all__ = ["Rules"]


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
        options = NamedOptions(space) if fix or given else None
        self.fix = {} if options is None else _read(options, "fix", fix or {})
        self.forbid = () if options is None else tuple(_read(options, "forbid", each) for each in given)
        if self and not Proposable(space).within(self.violation).sample(1, np.random.default_rng(0)):
            wanted = [f"has {dict(self.fix)}"] if self.fix else []
            wanted += ["has none of the forbidden combinations"] if self.forbid else []
            raise ArchrankError(
                f"no architecture of {space.name} was found that {' and '.join(wanted)}; loosen these rules"
            )

    def __bool__(self) -> bool:
        """Whether there is any rule."""
        return bool(self.fix or self.forbid)

    @property
    def fingerprint(self) -> dict[str, Any]:
        """The rules as JSON values; nothing where there are none."""
        found: dict[str, Any] = {"fix": dict(self.fix)} if self.fix else {}
        return found | ({"forbid": [dict(each) for each in self.forbid]} if self.forbid else {})

    def check(self, architectures: Sequence[Architecture]) -> None:
        """Make sure that architectures break no rule.

        Raises:
            ArchrankError: One does; the message names the rule.
        """
        for architecture in architectures:
            if (broken := self.broken(architecture)) is not None:
                raise ArchrankError(
                    f"start names {self._space.format(architecture)}, which breaks {broken}: leave one of them out"
                )

    def broken(self, architecture: Architecture) -> str | None:
        """The first rule that an architecture breaks, in words; None where it breaks none."""
        values = self._space.options(architecture)
        for name, value in self.fix.items():
            if name in values and values[name] != value:
                return f"fix: {name} is {shown(values[name])} and not {shown(value)}"
        for combination in self.forbid:
            if _has(values, combination):
                return f"forbid: it has {dict(combination)}"
        return None

    def violation(self, architecture: Architecture) -> float:
        """How many rules an architecture breaks."""
        values = self._space.options(architecture)
        broken = sum(values[name] != value for name, value in self.fix.items() if name in values)
        broken += sum(_has(values, combination) for combination in self.forbid)
        return float(broken)


def _read(options: NamedOptions, what: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: options.read(what, name, value) for name, value in values.items()}


def _has(values: Mapping[str, Any], combination: Mapping[str, Any]) -> bool:
    """Whether active choices have all values of a combination."""
    return all(name in values and values[name] == value for name, value in combination.items())
