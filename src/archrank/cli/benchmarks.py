"""``archrank benchmarks``: the tables of measured architectures, and what their columns mean."""

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

__all__ = ["command"]


def command(
    name: Annotated[str | None, typer.Argument(help="Show one only, with what its columns mean.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """List the benchmarks: architectures, metrics, and the best value of each."""
    from archrank import benchmarks

    if name is not None:
        benchmarks.source(name)
    described = [_describe(each) for each in ([name] if name else benchmarks.names())]
    if as_json:
        typer.echo(json.dumps(described, indent=2))
        return
    console = Console(highlight=False)
    for record in described:
        _show(console, record)
        if name is not None:
            for metric in record.get("metrics", ()):
                console.print(f"  [bold]{escape(metric['name'])}[/bold]: {escape(metric['meaning'])}")
    console.print("● search goes by it unless told otherwise    ↑ higher is better    ↓ lower is better")
    if name is None:
        console.print("What the columns mean: archrank benchmarks NAME")


def _describe(name: str) -> dict[str, Any]:
    """What there is to say of a benchmark; only its error where its package is missing or damaged."""
    from archrank import benchmarks
    from archrank.errors import TableError

    try:
        table = benchmarks.load(name)
    except TableError as error:
        return {"name": name, "space": benchmarks.source(name).space().name, "error": str(error)}
    metrics = [
        {
            "name": metric.name,
            "meaning": metric.meaning,
            "split": metric.split,
            "higher_is_better": metric.higher_is_better,
            "epochs": metric.epochs,
            "seeds": metric.seeds,
            "test_metric": table.test_metrics.get(metric.name),
            "best": table.optimum(metric.name)[1],
        }
        for metric in table.metrics
    ]
    return {
        "name": name,
        "space": table.space.name,
        "architectures": len(table),
        "complete": table.complete,
        "default_metric": table.metric().name,
        "metrics": metrics,
    }


def _show(console: Console, record: dict[str, Any]) -> None:
    head = f"[bold]{escape(record['name'])}[/bold] · space {escape(record['space'])}"
    if "error" in record:
        console.print(f"{head}\n  [red]{escape(record['error'])}[/red]\n")
        return
    whole = "all its" if record["complete"] else "some of its"
    console.print(f"{head} · {whole} {record['architectures']:,} architectures")
    lines = Table(box=None, padding=(0, 2, 0, 0))
    for title in ("  metric", "split", "epochs", "seeds", "best"):
        lines.add_column(title, no_wrap=True, header_style="dim")
    for metric in record["metrics"]:
        lines.add_row(
            f"{'●' if metric['name'] == record['default_metric'] else ' '} {escape(metric['name'])}",
            metric["split"],
            "–" if metric["epochs"] is None else str(metric["epochs"]),
            metric["seeds"],
            f"{'↑' if metric['higher_is_better'] else '↓'} {metric['best']:.6g}",
        )
    console.print(lines)
    console.print()
