"""The options for what is known and wanted before a search."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from archrank.errors import ArchrankError

__all__ = ["Wishes"]

_PANEL = "Earlier results and restrictions, such as --known runs/old --fix depth=4"

_REPEATS = "The best again, with other seeds, such as --repeat-best 3"

_AND = " and "


def _option(help: str, metavar: str) -> Any:
    return typer.Option(
        help=f"{help}; may be repeated.", metavar=metavar, rich_help_panel=_PANEL, show_default=False
    )


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a user knows and wants before a search; the fields are the options."""

    known: Annotated[
        list[Path] | None,
        _option(
            "What was measured before, which costs no budget: a run folder, a file of architectures and values, or a "
            "benchmark's name",
            "RUN|FILE|BENCHMARK",
        ),
    ] = None
    renamed: Annotated[
        list[str] | None, _option("A choice or option of --known that has another name now", "OLD=NEW")
    ] = None
    known_default: Annotated[
        list[str] | None,
        _option("For a choice that was added or removed since --known the value without it", "CHOICE=VALUE"),
    ] = None
    hints: Annotated[
        list[str] | None,
        _option(
            "What was measured on another data set, or with a cheaper training, and counts as no evaluation: a run "
            "folder, a file or a benchmark, perhaps with a column as measured.csv:accuracy",
            "SOURCE[:COLUMN]",
        ),
    ] = None
    start: Annotated[list[str] | None, _option("An architecture to evaluate first, as text", "TEXT")] = None
    fix: Annotated[list[str] | None, _option("A choice with a fixed value", "CHOICE=VALUE")] = None
    forbid: Annotated[
        list[str] | None,
        _option("A combination that is never proposed, as 'kernel=7 and depth=4'", "COMBINATION"),
    ] = None

    likely: Annotated[
        list[str] | None,
        _option(
            "An option that is likely good, with its weight beside 1 of the others, as 'kernel=3:2'",
            "CHOICE=VALUE:WEIGHT",
        ),
    ] = None
    repeat_best: Annotated[
        int | None,
        typer.Option(
            help="How many of the best are evaluated again, with other seeds, before the search names its best by the "
            "mean; this comes on top of --budget.",
            rich_help_panel=_REPEATS,
            show_default=False,
            min=0,
        ),
    ] = None
    repeats: Annotated[
        int | None,
        typer.Option(help="How often each of them (2).", rich_help_panel=_REPEATS, show_default=False, min=1),
    ] = None

    @property
    def words(self) -> list[str]:
        """The options that give them again."""
        words = []
        for name in self.__match_args__:
            given = getattr(self, name)
            for value in given if isinstance(given, list) else () if given is None else (given,):
                words += [f"--{name.replace('_', '-')}", str(value)]
        return words

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
                "renamed": dict(_pair("--renamed", text) for text in self.renamed or ()),
                "known_defaults": dict(_pair("--known-default", text) for text in self.known_default or ()),
            }
        for option, of in (("--renamed", self.renamed), ("--known-default", self.known_default)):
            if of and not self.known:
                raise ArchrankError(f"{option} is about the choices of --known, which is not given")
        if self.hints:
            found["hints"] = [_source(text) for text in self.hints]
        if self.start:
            found["start"] = [*self.start]
        if self.fix:
            found["fix"] = _pairs("--fix", self.fix)
        if self.forbid:
            found["forbid"] = [_pairs("--forbid", text.split(_AND)) for text in self.forbid]
        if self.likely:
            found["likely"] = _weights(self.likely)
        if self.repeats is not None:
            if self.repeat_best is None:
                raise ArchrankError("--repeats is given without --repeat-best, such as --repeat-best 3")
            found["repeats"] = self.repeats
        if self.repeat_best is not None:
            found["repeat_best"] = self.repeat_best
        return found


def _pair(option: str, text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name.strip() and equals and value.strip()):
        raise ArchrankError(f"{option} {text!r}: expected NAME=VALUE, such as 'kernel=3'")
    return name.strip(), value.strip()


def _pairs(option: str, texts: list[str]) -> dict[str, str]:
    """Several pairs of different names."""
    found: dict[str, str] = {}
    for name, value in (_pair(option, text) for text in texts):
        if found.setdefault(name, value) != value:
            raise ArchrankError(
                f"{option} says both {name}={found[name]} and {name}={value}, which no architecture has: give one"
            )
    return found


def _weights(texts: list[str]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for text in texts:
        option, colon, weight = text.rpartition(":")
        try:
            number = float(weight)
        except ValueError:
            colon = ""
        if not colon:
            raise ArchrankError(
                f"--likely {text!r}: expected CHOICE=VALUE:WEIGHT, such as 'kernel=3:2' for an option that is twice as "
                "likely good as each of the others"
            )
        name, value = _pair("--likely", option)
        if found.setdefault(name, {}).setdefault(value, number) != number:
            raise ArchrankError(
                f"--likely gives {name}={value} two weights, {found[name][value]:g} and {number:g}: give one"
            )
    return found


def _source(text: str) -> Path | tuple[Path, str]:
    """A path, or a path and a column."""
    path, colon, column = text.rpartition(":")
    return (Path(path), column) if colon and not Path(text).exists() else Path(text)
