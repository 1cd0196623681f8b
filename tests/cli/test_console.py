"""The terminal shows any text as text."""

import io
from pathlib import Path

import pytest
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from archrank import cli
from archrank.cli.console import Console
from archrank.system.text import printable
from hostile import EVERYTHING, HOSTILE


def printed(*what, **how):
    file = io.StringIO()
    Console(file=file, width=20_000, force_terminal=True, color_system=None).print(*what, **how)
    return file.getvalue()


def grid(name):
    table = Table(name, box=None, pad_edge=False)
    table.add_row(name)
    return table


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize(
    "shown",
    [str, Text, lambda name: Text(name, style="bold"), grid, lambda name: Panel(Text("x"), title=Text(name))],
    ids=["words", "text", "styled", "table", "title of a panel"],
)
def test_what_is_printed_is_the_name_and_steers_nothing(name, shown):
    out = printed(shown(name))
    assert not set(out) & set("\x00\x07\x1b\r\ud800\u202e\u200f")
    out.encode("utf-8")
    # Rich itself drops bells and carriage returns from its texts.
    kept = printable(name).replace("\\x07", "").replace("\\r", "")
    assert "".join(kept.split()) in "".join(out.replace("\\x07", "").replace("\\r", "").split())


def test_styles_still_reach_the_terminal():
    file = io.StringIO()
    Console(file=file, force_terminal=True, color_system="standard").print(
        Text("x", style="bold"), EVERYTHING
    )
    assert "\x1b[1mx\x1b[0m" in file.getvalue()


def test_no_verb_prints_by_another_console():
    for path in Path(cli.__file__).parent.glob("*.py"):
        if path.name != "console.py":
            assert "rich.console" not in path.read_text("utf-8"), f"{path.name}: import archrank.cli.console"
