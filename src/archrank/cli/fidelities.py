"""The options of a search that stops some trainings early."""

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from archrank.errors import ArchrankError

__all__ = ["FidelityOptions"]

_PANEL = "Trainings that stop early, such as --fidelities 4,12,36"


def _option(help: str, *flags: str, **settings: Any) -> Any:
    return typer.Option(*flags, help=help, rich_help_panel=_PANEL, show_default=False, **settings)


@dataclass(frozen=True, slots=True)
class FidelityOptions:
    """After how many epochs trainings may stop; the fields are the options."""

    fidelities: Annotated[
        str | None,
        _option(
            "After how many epochs trainings may stop, ascending; the last is a whole training. For a table also with "
            "columns: 12=accuracy_12,200=accuracy_200. The budget is then paid in epochs.",
            metavar="EPOCHS,EPOCHS…",
        ),
    ] = None
    promotion: Annotated[
        str | None, _option("Which trainings go on: model | halving | hyperband (model).")
    ] = None
    continued: Annotated[
        bool | None,
        _option(
            "Whether a longer training goes on where the shorter one stopped, so that only the difference is paid "
            "(what the evaluator says; --separate for a table).",
            "--continued/--separate",
        ),
    ] = None

    @property
    def given(self) -> dict[str, Any]:
        """Arguments of :func:`archrank.search`.

        Raises:
            ArchrankError: A text that is not of the form, or another option without fidelities.
        """
        others = {"promotion": self.promotion, "continued": self.continued}
        found = {name: value for name, value in others.items() if value is not None}
        if self.fidelities is None:
            for name in found:
                raise ArchrankError(f"--{name} is given without --fidelities, such as --fidelities 4,12,36")
            return {}
        return {"fidelities": _levels(self.fidelities), **found}

    @property
    def metric(self) -> str | None:
        """The column of whole trainings, where columns are named."""
        levels = self.given.get("fidelities")
        return list(levels.values())[-1] if isinstance(levels, dict) else None

    @property
    def words(self) -> list[str]:
        """The options that were given, as words of a command."""
        words = [] if self.fidelities is None else ["--fidelities", self.fidelities]
        words += [] if self.promotion is None else ["--promotion", self.promotion]
        return (
            words if self.continued is None else [*words, "--continued" if self.continued else "--separate"]
        )


def _levels(text: str) -> list[int] | dict[int, str]:
    parts = [part.partition("=") for part in text.split(",")]
    named = [bool(equals) for _, equals, _ in parts]
    try:
        levels = [int(level) for level, _, _ in parts]
    except ValueError:
        levels = []
    if not levels or any(named) != all(named):
        raise ArchrankError(
            f"--fidelities {text!r}: expected numbers of epochs, such as 4,12,36, or with columns, such as "
            "12=accuracy_12,200=accuracy_200"
        )
    columns = {level: column.strip() for level, (_, _, column) in zip(levels, parts, strict=True)}
    if not any(named):
        return levels
    if len(columns) < len(levels):
        raise ArchrankError(f"--fidelities {text!r} gives several columns for the same number of epochs")
    return columns
