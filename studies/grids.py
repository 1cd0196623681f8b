"""What the scripts here that make a grid of fits share: options, the run, and the cells of their tables."""

import argparse
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any


def options(doc: str | None, *, seeds: int) -> argparse.ArgumentParser:
    """A parser with --seeds, --workers and --out, to which a script may add."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=seeds)
    parser.add_argument("--tables", nargs="+", help="only these")
    parser.add_argument("--sizes", type=int, nargs="+", help="training sets of these sizes instead")
    parser.add_argument(
        "--workers", type=int, default=2, help="processes; 0 for this one alone, which keeps nothing"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder, new or to go on with")
    return parser


def wanted(sizes: Mapping[str, Sequence[int]], args: argparse.Namespace) -> dict[str, Sequence[int]]:
    """The sizes of training sets by table that --tables and --sizes leave."""
    return {
        table: args.sizes or of_table
        for table, of_table in sizes.items()
        if args.tables is None or table in args.tables
    }


def tasks(sizes: Mapping[str, Sequence[int]], seeds: int, **also: Iterable[str]) -> list[dict[str, Any]]:
    """A fit for every seed, table, size and choice of what else is named."""
    choices = [dict(zip(also, chosen, strict=True)) for chosen in product(*also.values())]
    return [
        {"table": table, "size": size, "seed": seed, **chosen}
        for seed in range(seeds)
        for table, of_table in sizes.items()
        for size in of_table
        for chosen in choices
    ]


def finished(
    out: Path, tasks: list[dict[str, Any]], fit: Callable[[dict[str, Any]], dict[str, Any]], workers: int
) -> list[dict[str, Any]]:
    """Do what the folder lacks of the tasks, and give the rows of all that did not fail."""
    from archrank.experiments.grid import run_grid

    out.mkdir(parents=True, exist_ok=True)
    if workers == 0:
        return [{**task, **fit(task)} for task in tasks]
    rows = run_grid(
        out,
        tasks,
        fit,
        workers=workers,
        cost=lambda task: task["size"],
        on_progress=lambda progress: print(progress, flush=True),
    )
    return [row for row in rows if row["error"] is None]


def columns(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, int]]:
    """The tables and training sizes of some rows."""
    return list(dict.fromkeys((row["table"], row["size"]) for row in rows))


def cell(values: Sequence[float], digits: int = 3) -> str:
    """Mean ± standard deviation."""
    spread = f" ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{statistics.fmean(values):.{digits}f}{spread}" if values else "–"


def table(corner: str, columns: Sequence[str], lines: Sequence[tuple[str, Sequence[str]]]) -> list[str]:
    """A Markdown table, line by line."""
    return [
        f"| {corner} | {' | '.join(columns)} |",
        "|---" * (len(columns) + 1) + "|",
        *(f"| {name} | {' | '.join(cells)} |" for name, cells in lines),
    ]
