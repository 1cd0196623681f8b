"""What an architecture of another version of a space denotes in the present one."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from archrank.architecture import Architecture
from archrank.chooser import Answers
from archrank.domains import Domain, Options, Value
from archrank.errors import InvalidArchitecture, ParseError, SpaceError
from archrank.joint_space import JointSpace
from archrank.open_space import OpenSpace
from archrank.space import SearchSpace
from archrank.system.foreign import shown
from archrank.system.json_objects import read_json_text

__all__ = ["Carried", "carried_over", "single_valued"]

_FILLS = 3
"""Draws of the values that an earlier architecture does not have, so that a predictor sees that they do not matter."""

_TRIES = 200
"""Draws before an earlier architecture counts as impossible in the present space."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What an earlier architecture denotes in the present space.

    Attributes:
        architectures: The one that it denotes; or several that agree with it in the choices that both have.
        added: Choices of the present space for which it has no value; they are drawn.
        removed: Choices that it has and the present space does not.
        defaulted: Choices that one of both lacks and that have a default.
    """

    architectures: tuple[Architecture, ...]
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    defaulted: tuple[str, ...] = ()

    @property
    def exact(self) -> bool:
        """Whether it denotes exactly one architecture of the present space."""
        return not (self.added or self.removed)


def carried_over(
    space: SearchSpace,
    text: str,
    rng: np.random.Generator,
    defaults: Mapping[str, Any],
    settled: Collection[str] = (),
) -> Carried:
    """Read an architecture of another version of a space.

    A choice with a single option, or with a default, needs no value. A choice that the present space lacks changes
    nothing where the architecture has its default, or where it could have no other value.

    Args:
        space: The present space.
        text: The architecture, as JSON object of choices; or, where hyper-parameters were joined to the space, in the
            text form of the space without them.
        rng: Draws the values of choices that were added.
        defaults: For a choice the value that architectures without this choice have.
        settled: Choices of the earlier space with a single value.

    Raises:
        ArchrankError: It denotes none: no such text, a value that is not possible, or no choice in common.
    """
    record = _record(space, text)
    found: list[Architecture] = []
    filling = _Filling(record, defaults, rng)
    for tries in range(_TRIES):
        filling = _Filling(record, defaults, rng)
        try:
            found.append(_filled(space, filling))
        except InvalidArchitecture:
            if not filling.added or (tries == _TRIES - 1 and not found):
                raise
            continue
        if not filling.added or len(found) == _FILLS:
            break
    active = space.options(found[0])
    if not (record.keys() & active.keys()):
        raise ParseError(f"{shown(text)} has no choice in common with the space {space.name}")
    removed = [
        name
        for name, value in record.items()
        if name not in active
        and name not in settled
        and not (name in defaults and _equal(defaults[name], value))
    ]
    defaulted = [name for name in defaults if (name in record) != (name in active)]
    return Carried(tuple(found), tuple(filling.added), tuple(removed), tuple(defaulted))


def single_valued(space: SearchSpace, text: str) -> set[str]:
    """The choices of an architecture of a space that can have no other value there."""
    if isinstance(space, OpenSpace):
        return {name for name, domain in space.domains(space.parse(text)).items() if domain.size == 1}
    return {choice.name for choice in space.choices if len(choice.options) == 1}


class _Filling:
    """Answers with an architecture's own values, else with defaults, else with drawn ones.

    Args:
        values: Values by the names of choices.
        defaults: Those of choices that have none.
        rng: Draws the rest.

    Attributes:
        added: The choices that were drawn, in order.
    """

    def __init__(
        self, values: Mapping[str, Any], defaults: Mapping[str, Any], rng: np.random.Generator
    ) -> None:
        self.values, self.defaults, self.rng = dict(values), defaults, rng
        self.added: dict[str, None] = {}

    def answer(self, name: str, domain: Domain) -> Value:
        for values in (self.values, self.defaults):
            if name in values:
                try:
                    return domain.read(values[name])
                except SpaceError as error:
                    raise ParseError(f"the choice {name!r}: {error}") from None
        if domain.size != 1:
            self.added[name] = None
        return domain.draw(self.rng)


def _filled(space: SearchSpace, filling: _Filling) -> Architecture:
    if isinstance(space, JointSpace):
        # First the architecture alone, so that its canonical form is what the joint space reads.
        filling.values |= space.space.options(_filled(space.space, filling))
    if isinstance(space, OpenSpace):
        return _built(space, filling)
    chosen = [filling.answer(c.name, Options.of(c.options, ordered=False)) for c in space.choices]
    return space.architecture([space.option_index(i, option) for i, option in enumerate(chosen)])


def _built(space: OpenSpace, answers: Answers) -> Architecture:
    try:
        architecture, built = space.built(answers)
        space.check(architecture, built)
    except InvalidArchitecture:
        raise
    except SpaceError as error:
        raise ParseError(str(error)) from None
    return architecture


def _record(space: SearchSpace, text: str) -> dict[str, Any]:
    """The values of an architecture by the names of its choices.

    Raises:
        ArchrankError: It is no JSON object, nor an architecture of the space without its hyper-parameters.
    """
    try:
        record = read_json_text(text)
    except (ValueError, RecursionError):
        record = None
    if isinstance(record, dict):
        return record
    if isinstance(space, JointSpace):
        return _record(space.space, text)
    return dict(space.options(space.parse(text)))


def _equal(one: Any, other: Any) -> bool:
    """Whether two values are the same but for their type, such as the text of a number."""
    try:
        return bool(one == other or str(one) == str(other) or float(one) == float(other))
    except (TypeError, ValueError):
        return False
