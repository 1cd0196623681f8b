"""``archrank import``: read an official file once, and keep it as a table that loads quickly."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from archrank.cli.completion import benchmark_names
from archrank.cli.console import Console
from archrank.system.progress import ProgressBar

if TYPE_CHECKING:
    from archrank.benchmarks import Table

__all__ = ["command"]


def command(
    name: Annotated[
        str,
        typer.Argument(help="The table's name; see `archrank benchmarks`.", autocompletion=benchmark_names),
    ],
    source: Annotated[Path, typer.Argument(help="The official file or folder.")],
    label: Annotated[
        str,
        typer.Option(
            help="What the plain name of a repeated measurement denotes: mean | 0 | 1 | 2 (one run)."
        ),
    ] = "mean",
    partial: Annotated[
        bool, typer.Option("--partial", help="Import the file even if architectures are missing.")
    ] = False,
) -> None:
    """Read an official benchmark file once; searches then load its table quickly.

    Example: archrank import nasbench101 nasbench_only108.tfrecord
    """
    from archrank import benchmarks

    chosen = benchmarks.label_named(label)
    console = Console(stderr=True)
    with ProgressBar(f"reading {source.name}", console) as bar:
        path = benchmarks.import_table(name, source, label=chosen, partial=partial, on_progress=bar.update)
    table = benchmarks.load_benchmark(name)
    _show(table, path)


def _show(table: "Table", path: Path) -> None:
    console = Console()
    console.print(
        Text.assemble(
            (table.name, "bold"),
            f" · {len(table):,} architectures, {len(table.metrics)} columns, "
            f"{path.stat().st_size / 1e6:,.1f} MB",
        )
    )
    console.print(f"  {path!s}", soft_wrap=True)
    metric = table.metric()
    console.print(
        Text.assemble("  search goes by ", (metric.name, "bold"), f": {metric.meaning}, {metric.seeds}")
    )
    console.print(f"  archrank search {table.name} --budget 150", soft_wrap=True)
