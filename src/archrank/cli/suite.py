"""``archrank compare predictors --suite``."""

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from archrank.cli.console import Console
from archrank.errors import BudgetError
from archrank.system.progress import ProgressBar

if TYPE_CHECKING:
    from archrank.benchmarks import Table
    from archrank.experiments.grid import GridProgress

__all__ = ["run_suite"]


def run_suite(
    tables: str | None,
    sizes: str | None,
    efforts: str | None,
    more: "Mapping[str, Table]",
    workers: int,
    out: Path | None,
) -> None:
    """Do what is left of the grid, or of the named part of it, and say where the page is.

    Args:
        tables: The only tables to compute, separated by commas; with further tables None means these only.
        sizes: The only numbers of labels.
        efforts: The only efforts.
        more: Further tables.
        workers: Processes that fit.
        out: The folder; None for the default one.

    Raises:
        Exit: It was interrupted.
        BudgetError: A size that is none of the grid.
    """
    from archrank.experiments.suite import EFFORTS, SIZES, compare_suite

    folder = out or Path("runs") / "compare-predictors-suite"
    console = Console(stderr=True)
    named = None if tables is None else _listed(tables)
    wanted = None if sizes is None else _listed(sizes)
    for size in wanted or ():
        if size not in map(str, SIZES):
            raise BudgetError(f"--sizes {size}: the grid has {', '.join(map(str, SIZES))} labels")
    try:
        with ProgressBar("fitting", console) as bar:

            def on_progress(what: str, progress: "GridProgress") -> None:
                note = f"{what}: {progress.done} of {progress.total}"
                bar.update(progress.share, 1.0, note, seconds_left=progress.seconds_left)

            page = compare_suite(
                folder,
                tables=[*(named or ()), *more] if named or more else None,
                efforts=EFFORTS if efforts is None else _listed(efforts),
                sizes=None if wanted is None else [int(size) for size in wanted],
                more=more,
                workers=workers,
                on_progress=on_progress,
            )
    except KeyboardInterrupt:
        command = shlex.join(["archrank", *sys.argv[1:]])
        console.print(f"\ninterrupted; nothing finished is lost. Continue with:\n  {command}", soft_wrap=True)
        raise typer.Exit(130) from None
    Console().print(f"page  {page}", soft_wrap=True)


def _listed(words: str) -> list[str]:
    return [word for word in map(str.strip, words.split(",")) if word]
