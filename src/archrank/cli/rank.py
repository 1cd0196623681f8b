"""``archrank rank``: learn from a table of measured architectures, and rank others."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from rich.table import Table as Grid
from rich.text import Text

from archrank.cli.console import Console
from archrank.cli.hints import Told, measured
from archrank.cli.predictors import (
    BootstrapOption,
    EffortOption,
    EncoderOption,
    LossOption,
    MembersOption,
    PredictorOption,
)
from archrank.errors import BudgetError, TableError
from archrank.predictors.named import described, named_predictor

if TYPE_CHECKING:
    from archrank.architecture import Architecture
    from archrank.space import Rows

__all__ = ["command"]

LEAST = 5
"""Fewer measured architectures say next to nothing of the others."""


def command(
    space: Annotated[str, typer.Argument(help="A space's name (`archrank spaces`), or file.py:ClassName.")],
    train: Annotated[Path, typer.Option(help="Measured architectures: .csv, .parquet or .jsonl.")],
    target: Annotated[
        str | None, typer.Option(help="The column to rank by (the only column of numbers).")
    ] = None,
    out: Annotated[Path, typer.Option(help="Where to write: .csv, .parquet or .jsonl.")] = Path("ranked.csv"),
    top: Annotated[int, typer.Option(help="How many of the best to write.")] = 20,
    candidates: Annotated[
        Path | None, typer.Option(help="Rank these architectures only (the whole space).")
    ] = None,
    minimize: Annotated[bool, typer.Option("--minimize", help="Lower targets are better.")] = False,
    include_measured: Annotated[
        bool, typer.Option("--include-measured", help="Rank the measured ones too.")
    ] = False,
    hint: Annotated[
        list[str] | None,
        typer.Option(
            help="Also learn from this column, of more rows than have the target: COLUMN, or FILE:COLUMN. Repeatable."
        ),
    ] = None,
    predictor: PredictorOption = None,
    effort: EffortOption = None,
    encoder: EncoderOption = None,
    loss: LossOption = None,
    members: MembersOption = None,
    bootstrap: BootstrapOption = None,
    seed: Annotated[int, typer.Option(help="Seed of all randomness.", min=0)] = 0,
    save: Annotated[Path | None, typer.Option(help="Keep the fitted predictor in this folder.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the ranking as JSON and nothing else.")
    ] = False,
) -> None:
    """Fit on measured architectures, score the candidates or the whole space, and write the best."""
    from archrank.benchmarks.files import SUFFIXES, read_architectures, read_table, write_table
    from archrank.cli import names

    if top < 1:
        raise BudgetError(f"--top {top}: nothing would be written; give 1 or more")
    if out.suffix not in SUFFIXES:
        raise TableError(f"--out {out}: the file's name must end in one of {', '.join(SUFFIXES)}")
    chosen = names.space(space)
    told = [Told.of(word, train) for word in hint or []]
    table = read_table(
        train, chosen, metrics=None if target is None else [target], blanks=any(h.path == train for h in told)
    )
    if len(table.metrics) > 1:
        columns = ", ".join(metric.name for metric in table.metrics)
        raise TableError(
            f"{train} has several columns of numbers; say which to rank by with --target: {columns}"
        )
    known, targets = measured(table, train, LEAST)
    console = Console(stderr=True)
    with console.status("learning the hints"):
        hints = [each.learnt(chosen, LEAST, seed) for each in told]
    ranker = named_predictor(
        chosen,
        predictor=predictor,
        effort=effort,
        encoder=encoder,
        loss=loss,
        members=members,
        bootstrap=bootstrap,
        seed=seed,
        hints=hints,
    )
    left_out = set() if include_measured else set(known)
    pool: Rows | list[Architecture]
    if candidates is None:
        pool = chosen.rows()
    else:
        pool = [a for a in read_architectures(candidates, chosen) if a not in left_out]
    with console.status(f"fitting on {len(known)} architectures"):
        ranker.fit(known, -targets if minimize else targets)
    with console.status(f"scoring {len(pool):,} architectures"):
        scores = ranker.predict(pool)
    # Among so many of the best there are enough that were not measured.
    order = np.argsort(-scores, kind="stable")[: top + len(left_out)]
    ranked = chosen.architectures(pool[order]) if isinstance(pool, np.ndarray) else [pool[i] for i in order]
    best = [(a, float(score)) for a, score in zip(ranked, scores[order], strict=True) if a not in left_out][
        :top
    ]
    if not best:
        raise TableError("every candidate was measured already; give others, or --include-measured")
    ranking: dict[str, list[Any]] = {
        "architecture": [chosen.format(a) for a, _ in best],
        "score": [score for _, score in best],
        "rank": list(range(1, len(best) + 1)),
    }
    write_table(out, ranking)
    if save is not None:
        ranker.save(save)
    if as_json:
        import json
        import sys

        rows = [dict(zip(ranking, row, strict=True)) for row in zip(*ranking.values(), strict=True)]
        sys.stdout.write(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
        return
    grid = Grid("rank", "score", "architecture", box=None, pad_edge=False)
    for text, score, rank in list(zip(*ranking.values(), strict=True))[:10]:
        grid.add_row(str(rank), f"{score:.3f}", Text(str(text), overflow="fold"))
    Console().print(grid)
    Console().print(
        f"The best {len(best)} of {len(pool):,} architectures by a ranking learnt from {len(known)} architectures "
        f"are in {out}. Ranked by {described(ranker)}{', with hints from ' if told else ''}"
        f"{', '.join(each.words for each in told)}.",
    )
