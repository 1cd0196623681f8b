"""The terminal: what is printed is text, never markup, and nothing in it can steer the terminal."""

import sys
from collections.abc import Iterable
from typing import Any

from rich import console as rich_console
from rich.console import ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from archrank.system.text import printable

__all__ = ["Console", "encode_anything"]


class Console(rich_console.Console):
    """Rich's console with markup off: a name with ``[`` in it is printed as it is.

    Styles are said by ``rich.text.Text`` and by the ``style`` of what is printed. Control characters, lone
    surrogates and marks that turn the direction of writing are printed as escapes.
    """

    def __init__(self, *, stderr: bool = False, **settings: Any) -> None:
        super().__init__(stderr=stderr, **{"markup": False, "emoji": False, "highlight": False} | settings)

    def render_str(self, text: str, **settings: Any) -> Text:
        """Make a text of a string: what is replaced is replaced before a table measures it."""
        return super().render_str(printable(text), **settings)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render as rich does, then replace what no terminal should see."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(printable(segment.text), segment.style)


def encode_anything() -> None:
    """Let standard output and error write what their encoding lacks as escapes, rather than fail."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
