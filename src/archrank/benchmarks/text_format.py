"""How a table is written as text: what separates cells, the decimal sign, the encoding."""

import codecs
from dataclasses import dataclass

from archrank.errors import TableError
from archrank.system.foreign import shown

__all__ = ["TextFormat"]

_NAMED = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "space": " "}


@dataclass(frozen=True, slots=True)
class TextFormat:
    """How a table is written as text; None for what its first line or its numbers tell.

    Attributes:
        delimiter: The sign between cells; ``"tab"`` is understood.
        decimal: The decimal sign, ``"."`` or ``","``.
        encoding: The encoding, as Python names it, such as ``"latin-1"``; None for UTF-8, or what a
            byte-order mark says.

    Raises:
        TableError: A delimiter of several signs, another decimal sign, or an unknown encoding.
    """

    delimiter: str | None = None
    decimal: str | None = None
    encoding: str | None = None

    def __post_init__(self) -> None:
        if self.delimiter is not None:
            delimiter = _NAMED.get(self.delimiter, self.delimiter)
            if not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '"\r\n':
                raise TableError(
                    f"the delimiter {shown(self.delimiter)} is no single sign; expected ',', ';', 'tab' or another one"
                )
            object.__setattr__(self, "delimiter", delimiter)
        if self.decimal not in (None, ".", ","):
            raise TableError(f"the decimal sign {shown(self.decimal)} is unknown; expected '.' or ','")
        if self.encoding is not None:
            try:
                name = codecs.lookup(self.encoding).name
                known = isinstance("a".encode(self.encoding), bytes)
            except (LookupError, ValueError, TypeError):
                known = False
            if not known:
                raise TableError(
                    f"the encoding {shown(self.encoding)} is unknown; expected utf-8, latin-1, cp1252, utf-16 …"
                )
            # Excel puts a mark in front of UTF-8.
            object.__setattr__(self, "encoding", "utf-8-sig" if name == "utf-8" else name)
