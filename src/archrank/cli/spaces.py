"""``archrank spaces``: the search spaces that archrank knows by name."""

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from archrank.cli.completion import space_names
from archrank.cli.console import Console
from archrank.errors import MissingExtra, PluginError
from archrank.system.text import how_many, shortened

__all__ = ["command"]


def command(
    name: Annotated[
        str | None,
        typer.Argument(
            help="Show one space, or your own as path/to/file.py:Class.",
            show_default=False,
            autocompletion=space_names,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """List the search spaces; with a name, its choices, operations, and an example of the text form.

    Example: archrank spaces darts
    """
    from archrank.cli import names
    from archrank.spaces.named import SPACES, describe_space

    described = [_described(each) for each in SPACES] if name is None else [describe_space(names.space(name))]
    console = Console()
    if as_json:
        typer.echo(json.dumps(described, indent=2))
    elif name is None:
        _list(console, described)
    else:
        _show(console, described[0])


def _described(name: str) -> dict[str, Any]:
    """A space, or the error of the installed package that adds it, so that the others are still listed."""
    from archrank.spaces.named import describe_space, named_space

    try:
        return describe_space(named_space(name))
    except (MissingExtra, PluginError) as error:
        return {"name": name, "error": str(error)}


def _list(console: Console, described: Sequence[dict[str, Any]]) -> None:
    """A line for every space, cut off where a terminal ends."""
    width = max(len(record["name"]) for record in described)
    for record in described:
        name = (f"{record['name']:<{width}}  ", "bold")
        if "error" in record:
            line = Text.assemble(name, (record["error"], "red"))
        else:
            line = Text.assemble(name, f"{how_many(record['architectures']):>13}  {record['summary']}")
        cut = console.is_terminal and "error" not in record
        console.print(line, soft_wrap=not cut, no_wrap=True, overflow="ellipsis" if cut else None)
    console.print(
        "A line has the name, the number of architectures and a description. For the choices: archrank spaces NAME. "
        "Your own space: path/to/file.py:ClassName as NAME.",
    )


def _show(console: Console, record: dict[str, Any]) -> None:
    """A space with its choices."""
    console.print(
        Text.assemble(
            (record["name"], "bold"),
            " · number of architectures unknown"
            if record["architectures"] is None
            else f" · {how_many(record['architectures'])} architectures",
            f" · {record['summary']}" if record["summary"] else "",
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
    for index, rule in enumerate(record.get("rules", ())):
        lines.add_row("rules" if index == 0 else "", rule)
    if "limits" in record:
        said = (f"{name} {value}" for name, value in record["limits"].items() if value is not None)
        lines.add_row("limits", ", ".join(said))
    if record["operations"]:
        lines.add_row("operations", ", ".join(record["operations"]))
    lines.add_row("example", shortened(record["example"], 300))
    console.print(lines)
