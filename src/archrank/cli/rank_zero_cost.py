"""``archrank rank SPACE --zero-cost``."""

import json
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.table import Table as Grid
from rich.text import Text

from archrank.cli.console import Console
from archrank.cli.tables import TableOptions
from archrank.system.progress import ProgressBar

if TYPE_CHECKING:
    from archrank.space import SearchSpace

__all__ = ["ranked_zero_cost", "scores_kept"]

_SHOWN = 10


def ranked_zero_cost(
    space: "SearchSpace",
    out: Path,
    top: int,
    candidates: Path | None,
    sample: int | None,
    proxies: str | None,
    combine: str | None,
    seed: int,
    as_json: bool,
    reading: TableOptions,
    console: Console,
) -> None:
    """Score untrained networks, write the best to ``out`` and print the first of them.

    Scores are kept in a file beside ``out``, with the suffix ``.zero-cost.jsonl``.
    """
    from archrank.cli.executors import warnings_on
    from archrank.verbs.zero_cost import rank_zero_cost

    kept = out.with_suffix(".zero-cost.jsonl")
    with (
        scores_kept(kept, console),
        ProgressBar("scoring networks", console) as bar,
        warnings_on(console),
    ):
        ranking = rank_zero_cost(
            space,
            top,
            candidates=candidates,
            sample=sample,
            proxies=None if proxies is None else [name.strip() for name in proxies.split(",")],
            combine=combine,
            seed=seed,
            folder=kept,
            on_progress=lambda done, total: bar.update(done, total, f"{done} of {total}"),
            **reading.given,
        )
    ranking.write(out)
    if as_json:
        # JSON has no infinite numbers: the worst score is null.
        rows = [
            {
                name: None if value == -math.inf else value
                for name, value in zip(ranking.columns, row, strict=True)
            }
            for row in zip(*ranking.columns.values(), strict=True)
        ]
        sys.stdout.write(json.dumps({"ranking": rows}, indent=2, ensure_ascii=False) + "\n")
        return
    grid = Grid("rank", "score", "architecture", box=None, pad_edge=False)
    for each in list(ranking)[:_SHOWN]:
        grid.add_row(
            str(each.rank), f"{each.score:.3f}", Text(space.format(each.architecture), overflow="fold")
        )
    Console().print(grid)
    summary = ranking.summary
    Console().print(
        f"{summary[0].upper()}{summary[1:]}. All {len(ranking)}, with each of the scores, are in {out}."
    )


@contextmanager
def scores_kept(kept: Path, console: Console) -> Iterator[None]:
    """Say on an interrupt where the scores so far are."""
    try:
        yield
    except KeyboardInterrupt:
        console.print(
            f"\ninterrupted; the scores so far are kept in {kept}: start the same command again",
            soft_wrap=True,
        )
        raise typer.Exit(130) from None
