"""The evaluations of one earlier source, and what could not be used."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from archrank.architecture import Architecture
from archrank.errors import ArchrankError
from archrank.given import architectures_of
from archrank.joint_space import JointSpace
from archrank.space import SearchSpace
from archrank.study.carried import Carried, carried_over, single_valued
from archrank.study.evaluations import Known
from archrank.study.objectives import Objectives
from archrank.system.json_objects import read_json_text

__all__ = ["Related", "Rows"]


@dataclass(frozen=True, slots=True)
class Related:
    """Evaluations of a space with other choices: none of the present one, but they tell of it.

    Attributes:
        source: Where they come from, in words.
        rows: What each denotes in the present space, and its values.
        added: Choices of the present space for which they have no value.
        removed: Choices that they have and the present space does not.
        evaluated: How many others of the source are evaluations of the present space.
        every: How many evaluations the source has.
    """

    source: str
    rows: tuple[tuple[Carried, Mapping[str, float]], ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    evaluated: int
    every: int

    @property
    def count(self) -> str:
        """How many of how many, in words."""
        others = f" (the other {self.evaluated} are evaluations)" if self.evaluated else ""
        return f"{len(self.rows)} of {self.every} architectures of {self.source}{others}"

    @property
    def why(self) -> str:
        """What they have that evaluations of the space do not have."""
        found = [f"no value for {_names(self.added)}"] if self.added else []
        found += [f"values for {_names(self.removed)}, which the space lacks"] if self.removed else []
        return " and ".join(found)

    @property
    def way_out(self) -> str:
        """How they become evaluations."""
        names = (*self.added, *self.removed)
        given = ", ".join(f"{name!r}: …" for name in names[:4])
        whose = (
            "they were measured with"
            if self.added
            else "the space stands for without " + _names(self.removed)
        )
        return (
            f"To use them as evaluations, give what {whose}, known_defaults={{{given}}} (--known-default "
            f"{names[0]}=…); for a choice that has another name now, renamed= (--renamed)"
        )


@dataclass(slots=True)
class Rows:
    """Evaluations of one source, and what could not be used.

    Attributes:
        space: The space that is searched.
        objectives: The objectives and constraints of the search.
        renamed: Present names by earlier ones.
        defaults: For a choice the value that architectures without this choice have.
        source: What is read, in words.
        earlier: The space of the source, where that is known.
        found: What can be used.
        rows: What belongs to a space with other choices.
        foreign: How many architectures denote nothing in the space.
        why: Why the first of them does not.
        incomplete: How many lack a value that the search needs.
        cells: What stands in a file where these values should be.
        defaulted: The defaults that were of use.
        what: The argument that gives it, for messages.
    """

    space: SearchSpace
    objectives: Objectives
    renamed: Mapping[str, str]
    defaults: Mapping[str, Any]
    source: str
    earlier: SearchSpace | None = None
    found: list[Known] = field(default_factory=list)
    rows: list[tuple[Carried, Mapping[str, float]]] = field(default_factory=list)
    foreign: int = 0
    why: str = ""
    incomplete: int = 0
    cells: "Counter[str]" = field(default_factory=Counter)
    defaulted: set[str] = field(default_factory=set)
    what: str = "known"
    _rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))

    def read(self, given: str | Architecture, values: Mapping[str, float], *, failed: bool = False) -> None:
        """Take an evaluation, unless it cannot be used."""
        try:
            carried = self._carried(given)
        except ArchrankError as error:
            self.foreign += 1
            self.why = self.why or str(error)
            return
        self.defaulted.update(carried.defaulted)
        if not carried.exact:
            if self.objectives.metric in values:
                self.rows.append((carried, values))
            else:
                self.incomplete += 1
            return
        (architecture,) = carried.architectures
        if not failed:
            values = {**self._of_space(architecture), **values}
            broken = self.objectives.violation(values) > 0  # then what was not measured does not matter
            if not (broken or values.keys() >= set(self.objectives.needed)):
                self.incomplete += 1
                return
        self.found.append(Known(architecture, values, self.source))

    @property
    def related(self) -> Related | None:
        """What belongs to a space with other choices; None where there is nothing."""
        if not self.rows:
            return None
        added = dict.fromkeys(name for carried, _ in self.rows for name in carried.added)
        removed = dict.fromkeys(name for carried, _ in self.rows for name in carried.removed)
        return Related(
            self.source, tuple(self.rows), tuple(added), tuple(removed), len(self.found), self._every
        )

    @property
    def notes(self) -> Iterator[str]:
        """What is left out, for the user.

        Raises:
            ArchrankError: All of it.
        """
        every = self._every
        if self.foreign and not (self.found or self.rows):
            raise ArchrankError(
                f"{self.what}: none of {every} architectures of {self.source} can be used: {self.foreign} do not "
                f"belong to the space {self.space.name}, the first one because: {self.why}; for names that changed "
                "give renamed={'earlier name': 'present name'} (--renamed)"
            )
        if self.foreign:
            yield (
                f"{self.foreign} of {every} architectures of {self.source} do not belong to the space "
                f"{self.space.name} and are left out; the first one because: {self.why}"
            )
        if self.incomplete:
            needed = " or no ".join(self.objectives.needed)
            read = ", ".join(f"{cell} in {count}" for cell, count in self.cells.most_common(3))
            yield (
                f"{self.incomplete} of {every} evaluations of {self.source} have no {needed}, and are left out"
                + f" ({read})" * bool(read)
            )

    @property
    def _every(self) -> int:
        return len(self.found) + len(self.rows) + self.foreign + self.incomplete

    def _carried(self, given: str | Architecture) -> Carried:
        if isinstance(given, Architecture):
            given = self._text(given)
        text = _in_present_names(given, self.renamed, self.space) if self.renamed else given
        try:
            return Carried((self.space.parse(text),))
        except ArchrankError:
            settled: set[str] = set()
            if self.earlier is not None:
                settled = single_valued(self.earlier, given)
            return carried_over(
                self.space, text, self._rng, self.defaults, {self.renamed.get(n, n) for n in settled}
            )

    def _text(self, given: Architecture) -> str:
        """The text of an architecture, which may be one of a space with more or fewer hyper-parameters."""
        space = self.space
        if given.space != space.name and all(isinstance(choice, tuple) for choice in given.choices):
            return json.dumps(dict(given.choices), ensure_ascii=False)
        while isinstance(space, JointSpace) and given.space != space.name:
            space = space.space
        if given.space != space.name:
            space = self.space  # which refuses it by its name
        (text,) = map(space.format, architectures_of(space, given))
        return text

    def _of_space(self, architecture: Architecture) -> dict[str, float]:
        """Values that the search needs and the space knows."""
        if not self.space.known_names.intersection(self.objectives.needed):
            return {}
        known = self.space.known_values(architecture)
        return {name: float(known[name]) for name in self.objectives.needed if name in known}


def _in_present_names(text: str, renamed: Mapping[str, str], space: SearchSpace) -> str:
    """A text with the present names: of choices and options in a JSON object, else what the space calls names."""
    try:
        record = read_json_text(text)
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict):
        return space.renamed(text, renamed)
    present = {
        renamed.get(name, name): space.renamed(value, renamed) if isinstance(value, str) else value
        for name, value in record.items()
    }
    return json.dumps(present, ensure_ascii=False)


def _names(names: tuple[str, ...]) -> str:
    listed = ", ".join(map(repr, names[:4])) + ", …" * (len(names) > 4)
    return f"the choice{'s' * (len(names) > 1)} {listed}"
