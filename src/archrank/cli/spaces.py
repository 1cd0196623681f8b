"""``archrank spaces``: the search spaces that archrank knows by name."""

import json
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from archrank.cli.console import Console
from archrank.errors import MissingExtra, PluginError
from archrank.system.text import shortened

__all__ = ["command"]


def command(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """List the search spaces: architectures, choices, operations, and an example of the text form."""
    from archrank.spaces.named import SPACES

    described = [_described(name) for name in SPACES]
    if as_json:
        typer.echo(json.dumps(described, indent=2))
        return
    console = Console()
    for record in described:
        _show(console, record)
    console.print("Your own space: path/to/file.py:ClassName in the place of a name.")


def _described(name: str) -> dict[str, Any]:
    """A space, or the error of the installed package that adds it, so that the others are still listed."""
    from archrank.spaces.named import describe_space, named_space

    try:
        return describe_space(named_space(name))
    except (MissingExtra, PluginError) as error:
        return {"name": name, "error": str(error)}


def _show(console: Console, record: dict[str, Any]) -> None:
    if "error" in record:
        console.print(Text.assemble((record["name"], "bold"), "\n  ", (record["error"], "red"), "\n"))
        return
    console.print(
        Text.assemble(
            (record["name"], "bold"),
            f" · {_count(record['architectures'])} architectures · {record['summary']}",
        )
    )
    lines = Table(box=None, show_header=False, padding=(0, 2))
    lines.add_column(no_wrap=True, style="dim")
    lines.add_column(ratio=1, overflow="fold")
    by_options: dict[str, list[str]] = {}
    for choice in record["choices"]:
        by_options.setdefault(" | ".join(choice["options"]), []).append(choice["name"])
    for index, (options, names) in enumerate(by_options.items()):
        lines.add_row("choices" if index == 0 else "", f"{', '.join(names)}: {options}")
    lines.add_row("operations", ", ".join(record["operations"]))
    lines.add_row("example", shortened(record["example"], 300))
    console.print(lines)
    console.print()


def _count(architectures: int) -> str:
    """How many there are; of a number too long to read, its power of ten."""
    return f"{architectures:,}" if architectures < 10**18 else f"about 10^{len(str(architectures)) - 1}"
