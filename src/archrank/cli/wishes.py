"""The options for what is known and wanted before a search."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from archrank.errors import ArchrankError

__all__ = ["Wishes"]

_AND = " and "


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a user knows and wants before a search.

    Attributes:
        known: Run folders and files of what was measured.
        renamed: Names that have changed, as OLD=NEW.
        start: Architectures to evaluate first.
        fix: Fixed choices, as CHOICE=VALUE.
        forbid: Forbidden combinations, as CHOICE=VALUE and CHOICE=VALUE.
    """

    known: Sequence[Path]
    renamed: Sequence[str]
    start: Sequence[str]
    fix: Sequence[str]
    forbid: Sequence[str]

    @property
    def words(self) -> list[str]:
        """The options that give them again."""
        given = {name: getattr(self, name) for name in self.__match_args__}
        return [*chain.from_iterable((f"--{name}", str(v)) for name, values in given.items() for v in values)]

    @property
    def given(self) -> dict[str, Any]:
        """Arguments of :func:`archrank.search`.

        Raises:
            ArchrankError: A text that is not of the form.
        """
        found: dict[str, Any] = {}
        if self.known:
            found |= {
                "known": [*self.known],
                "renamed": dict(_pair("--renamed", text) for text in self.renamed),
            }
        elif self.renamed:
            raise ArchrankError("--renamed is about the names of --known, which is not given")
        if self.start:
            found["start"] = [*self.start]
        if self.fix:
            found["fix"] = dict(_pair("--fix", text) for text in self.fix)
        if self.forbid:
            found["forbid"] = [dict(_pair("--forbid", t) for t in text.split(_AND)) for text in self.forbid]
        return found


def _pair(option: str, text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name.strip() and equals and value.strip()):
        raise ArchrankError(f"{option} {text!r}: expected NAME=VALUE, such as 'kernel=3'")
    return name.strip(), value.strip()
