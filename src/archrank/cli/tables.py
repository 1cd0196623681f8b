"""The options that say how a user's table is written."""

from dataclasses import dataclass, fields
from typing import Annotated, Any

import typer

from archrank.errors import ArchrankError

__all__ = ["TABLE_PANEL", "TableOptions"]

TABLE_PANEL = "Your table, such as --architecture-column arch --average"


def _option(help: str, flag: str | None = None, **settings: Any) -> Any:
    names = [] if flag is None else [flag]
    return typer.Option(*names, help=help, rich_help_panel=TABLE_PANEL, show_default=False, **settings)


@dataclass(frozen=True, slots=True)
class TableOptions:
    """How a user's table is written, as the arguments of :func:`archrank.benchmarks.as_table` say."""

    architecture_column: Annotated[
        str | None, _option("The column of architectures (architecture).", metavar="NAME")
    ] = None
    average: Annotated[
        bool, _option("Average rows of the same architecture, such as several seeds.", flag="--average")
    ] = False
    delimiter: Annotated[
        str | None, _option("The delimiter, such as ';' or tab (detected from the first line).")
    ] = None
    decimal: Annotated[str | None, _option("The decimal sign: . or , (detected from the column).")] = None
    encoding: Annotated[str | None, _option("The encoding of a text file, such as latin-1 (utf-8).")] = None

    @property
    def given(self) -> dict[str, Any]:
        """The options that were given."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value not in (None, False)}

    @property
    def words(self) -> list[str]:
        """The options that were given, as words of a command."""
        words: list[str] = []
        for name, value in self.given.items():
            words += [f"--{name.replace('_', '-')}", *([] if value is True else [str(value)])]
        return words

    def check_unused(self) -> None:
        """Raise an error if any option was given: no table of the user's is read.

        Raises:
            ArchrankError: One was.
        """
        for name in self.given:
            raise ArchrankError(
                f"--{name.replace('_', '-')} says how a table of your own is written: name one, such as measured.csv"
            )
