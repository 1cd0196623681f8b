"""``archrank benchmarks``: the tables of measured architectures, and what their columns mean."""

import json
from typing import Annotated, Any

import typer
from rich.table import Table as Grid
from rich.text import Text

from archrank.cli.completion import benchmark_names
from archrank.cli.console import Console
from archrank.system.text import how_many

__all__ = ["command"]

SHOWN = 14
"""The number of metrics that a list of all benchmarks shows of each."""


def command(
    name: Annotated[
        str | None,
        typer.Argument(
            help="Show one benchmark only, with the meaning of its columns.", autocompletion=benchmark_names
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """List the benchmarks: architectures, metrics, the best value of each, and where to get the missing ones.

    Example: archrank benchmarks nas-bench-201-cifar10
    """
    from archrank import benchmarks

    if name is not None:
        benchmarks.source(name)
    described = [benchmarks.describe_benchmark(each) for each in ([name] if name else benchmarks.names())]
    if as_json:
        typer.echo(json.dumps(described, indent=2))
        return
    console = Console()
    for record in sorted(described, key=lambda record: not record["ready"]):
        _show(console, record, whole=name is not None)
        if name is not None:
            for metric in record.get("metrics", ()):
                console.print(Text.assemble("  ", (metric["name"], "bold"), f": {metric['meaning']}"))
    console.print("● the default metric of a search    ↑ higher is better    ↓ lower is better")
    if name is None:
        console.print("What the columns mean: archrank benchmarks NAME")


def _show(console: Console, record: dict[str, Any], whole: bool) -> None:
    head = Text.assemble((record["name"], "bold"), f" · space {record['space']}" if record["space"] else "")
    if "error" in record:
        console.print(Text.assemble(head, "\n  ", (record["error"], "red"), "\n"))
        return
    if not record["ready"]:
        console.print(Text.assemble(head, " · ", ("not available yet", "yellow")))
        console.print(f"  get {record['file']} ({record['size']}), then run", soft_wrap=True)
        console.print(f"  {record['command']}\n", soft_wrap=True)
        return
    count, every = record["architectures"], record["space_size"]
    covers = (
        f"all its {count:,} architectures" if record["complete"] else f"covers {count:,} of {how_many(every)}"
    )
    console.print(Text.assemble(head, f" · {covers}"))
    lines = Grid(box=None, padding=(0, 2, 0, 0))
    for title in ("  metric", "split", "epochs", "seeds", "best"):
        lines.add_column(title, no_wrap=title != "seeds", header_style="dim")
    metrics = record["metrics"] if whole else record["metrics"][:SHOWN]
    for metric in metrics:
        lines.add_row(
            f"{'●' if metric['name'] == record['default_metric'] else ' '} {metric['name']}",
            metric["split"],
            "–" if metric["epochs"] is None else str(metric["epochs"]),
            metric["seeds"],
            "–"
            if metric["best"] is None
            else f"{'↑' if metric['higher_is_better'] else '↓'} {metric['best']:.6g}",
        )
    console.print(lines)
    if left := len(record["metrics"]) - len(metrics):
        console.print(f"  … and {left} more: archrank benchmarks {record['name']}")
    console.print()
