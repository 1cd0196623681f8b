"""Which space made an architecture: option indices of an edited space are never read as other architectures."""

import hashlib
import json
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Protocol

from archrank.architecture import Architecture
from archrank.errors import SpaceError

__all__ = ["check_made_by", "fingerprint_of", "refuses_others"]


class _Space(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def fingerprint(self) -> str | None: ...


def fingerprint_of(choices: Sequence[Any]) -> str:
    """Twelve hexadecimal digits that change when a choice or an option is added, removed, renamed or moved."""
    text = json.dumps([[choice.name, *choice.options] for choice in choices], default=repr)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def check_made_by(space: _Space, architectures: Sequence[Architecture]) -> None:
    """Refuse architectures that an earlier version of a space made; those made by hand are not checked.

    Raises:
        SpaceError: The choices or options were edited since.
    """
    made_by = {architecture.fingerprint for architecture in architectures} - {None}
    if made_by and made_by != {space.fingerprint}:
        # Spaces whose choices depend on each other have no fingerprint: their architectures hold names and values.
        foreign = next(a for a in architectures if a.fingerprint not in (None, space.fingerprint))
        raise SpaceError(
            f"the option indices {foreign.choices} come from another version of the space {foreign.space!r}: its "
            "choices or options were edited since, so they mean other options here; carry the architecture over by its "
            "text, space.parse(earlier_space.format(architecture))"
        )


def refuses_others(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method of a space that takes an architecture, and refuses those of an earlier version of the space."""

    @wraps(method)
    def checked(self: Any, architecture: Any, *args: Any, **keywords: Any) -> Any:
        if getattr(architecture, "fingerprint", None) is not None:
            check_made_by(self, (architecture,))
        try:
            return method(self, architecture, *args, **keywords)
        except IndexError:
            if isinstance(architecture, Architecture) and not self.conditional:
                self.architecture(architecture.choices)  # made by hand: names the option that does not exist
            raise

    return checked
