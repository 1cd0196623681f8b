"""``archrank rank``: learn from a table of measured architectures, and rank others; or rank without any."""

import json
import sys
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table as Grid
from rich.text import Text

from archrank.cli.completion import space_names
from archrank.cli.console import Console
from archrank.cli.options import with_options
from archrank.cli.predictors import (
    PREDICTOR_PANEL,
    BootstrapOption,
    EffortOption,
    EncoderOption,
    LossOption,
    MembersOption,
    PredictorOption,
)
from archrank.cli.tables import TableOptions
from archrank.errors import ArchrankError, BudgetError
from archrank.proxies.named import COMBINATIONS, DEFAULTS, PROXIES
from archrank.system.progress import ProgressBar

if TYPE_CHECKING:
    from archrank.verbs.ranked import Ranking

__all__ = ["command"]

_SHOWN = 10

_NETWORKS = "networks"
"""What is ranked where the networks are given one by one, without a space."""


@with_options(TableOptions, "reading")
def command(
    space: Annotated[
        str,
        typer.Argument(
            help="A space's name (`archrank spaces`), or file.py:ClassName; or `networks`: the column architecture "
            "then holds ONNX paths, timm:NAME or file.py:NAME, whose graphs are read.",
            autocompletion=space_names,
        ),
    ],
    train: Annotated[
        Path | None, typer.Option(help="Measured architectures: .csv, .tsv, .parquet, .jsonl or .json.")
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="The column to rank by (the only column of numbers).")
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The file to write, in any of these formats.")
    ] = Path("ranked.csv"),
    top: Annotated[int, typer.Option(help="How many of the best to write.")] = 20,
    candidates: Annotated[
        Path | None, typer.Option(help="A file with the architectures to rank (the whole space).")
    ] = None,
    minimize: Annotated[bool, typer.Option("--minimize", help="Lower targets are better.")] = False,
    include_measured: Annotated[
        bool, typer.Option("--include-measured", help="Rank measured architectures too.")
    ] = False,
    hint: Annotated[
        list[str] | None,
        typer.Option(
            rich_help_panel=PREDICTOR_PANEL,
            help="Also learn from this column, which may be filled in more rows than the target: COLUMN, or "
            "FILE:COLUMN; may be repeated.",
        ),
    ] = None,
    predictor: PredictorOption = None,
    effort: EffortOption = None,
    encoder: EncoderOption = None,
    loss: LossOption = None,
    members: MembersOption = None,
    bootstrap: BootstrapOption = None,
    seed: Annotated[int, typer.Option(help="Seed of all randomness.", min=0)] = 0,
    save: Annotated[Path | None, typer.Option(help="Save the fitted predictor to this folder.")] = None,
    example: Annotated[
        str | None,
        typer.Option(
            help="For `networks`: the shape of an input, such as 1,3,32,32, for those of file.py:NAME."
        ),
    ] = None,
    zero_cost: Annotated[
        bool,
        typer.Option(
            "--zero-cost",
            help="Rank by scores of untrained networks, without measured architectures, or with few as a prior that "
            "fades; they are kept beside OUT, so that the command can be stopped and repeated.",
        ),
    ] = False,
    scores: Annotated[
        list[str] | None,
        typer.Option(
            help="Your own zero-cost scores as the prior, higher is better: COLUMN, or FILE:COLUMN; may be repeated."
        ),
    ] = None,
    proxies: Annotated[
        str | None,
        typer.Option(
            help=f"For --zero-cost: scores, separated by commas ({', '.join(DEFAULTS)}). All: {', '.join(PROXIES)}."
        ),
    ] = None,
    combine: Annotated[
        str | None, typer.Option(help=f"For --zero-cost: how scores become one: {' | '.join(COMBINATIONS)}.")
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option(
            help="For --zero-cost: how many random architectures are scored (200): those to rank, or with --train some "
            "that tell what the others would score."
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the ranking as JSON and nothing else.")
    ] = False,
    *,
    reading: TableOptions,
) -> None:
    """Learn from measured architectures, score the candidates or the whole space, and write the best to a file.

    With --zero-cost alone nothing is measured: untrained networks are scored, and ranked by several scores together.
    With --train too, these scores are where the predictor begins, and count less the more architectures are measured.

    The file has the columns architecture, predicted and std, in the unit of the target, and rank; with --zero-cost
    alone architecture, score, rank and each of the scores.

    Example: archrank rank nas-bench-201 --train measured.csv --target accuracy --top 20 --out ranked.csv
    """
    from archrank.benchmarks.files import check_writable
    from archrank.cli import names
    from archrank.cli.executors import warnings_on
    from archrank.cli.rank_zero_cost import scores_kept
    from archrank.predictors.named import described
    from archrank.verbs.rank import rank

    if top < 1:
        raise BudgetError(f"--top {top}; give 1 or more")
    check_writable(out)
    console = Console(stderr=True)
    if not zero_cost and any(option is not None for option in (proxies, combine, sample)):
        raise ArchrankError("--proxies, --combine and --sample are options of --zero-cost")
    if scores and (zero_cost or train is None):
        raise ArchrankError(
            "--scores are your own zero-cost scores, for the measured architectures of --train; leave out "
            + ("--zero-cost, which computes scores" if zero_cost else "--scores, or give --train")
        )
    if space == _NETWORKS and (zero_cost or scores):
        raise ArchrankError(
            "networks that are given one by one are ranked by trained ones only, without --zero-cost and --scores; in "
            "Python archrank.proxies.score scores one"
        )
    if zero_cost and train is None:
        learning = {
            "target": target,
            "minimize": minimize or None,
            "include-measured": include_measured or None,
            "hint": hint or None,
            "predictor": predictor,
            "effort": effort,
            "encoder": encoder,
            "loss": loss,
            "members": members,
            "bootstrap": bootstrap,
            "save": save,
            "example": example,
        }
        if given := [f"--{name}" for name, value in learning.items() if value is not None]:
            raise ArchrankError(f"--zero-cost learns from nothing; leave out {', '.join(given)}")
        from archrank.cli.rank_zero_cost import ranked_zero_cost

        ranked_zero_cost(
            names.space(space),
            out,
            top,
            candidates,
            sample,
            proxies,
            combine,
            seed,
            as_json,
            reading,
            console,
        )
        return
    if train is None:
        raise ArchrankError(
            "--train names no measured architectures to learn from; or give --zero-cost to rank by scores of untrained "
            "networks"
        )
    if space == _NETWORKS:
        from archrank.cli.rank_networks import ranked_networks

        options = (predictor, effort, encoder, loss, members, bootstrap, hint or None, save)
        if any(option is not None for option in options) or include_measured:
            raise ArchrankError(
                "for networks there are the options --target, --candidates, --example, --minimize, --top, --seed, --out"
            )
        reading.check_unused()
        with warnings_on(console), console.status("reading networks, and learning from the trained ones"):
            found = ranked_networks(train, target, candidates, example, minimize, top, seed)
        _show(found, out, as_json, "")
        return
    chosen = names.space(space)
    kept = out.with_suffix(".zero-cost.jsonl")
    with (
        scores_kept(kept, console) if zero_cost else nullcontext(),
        ProgressBar("ranking", console) as bar,
        warnings_on(console),
    ):
        ranking: Ranking = rank(
            chosen,
            train,
            target,
            top,
            candidates=candidates,
            minimize=minimize,
            include_measured=include_measured,
            **reading.given,
            hints=[_hint(words) for words in hint or []],
            predictor=predictor,
            effort=effort,
            encoder=encoder,
            loss=loss,
            members=members,
            bootstrap=bootstrap,
            seed=seed,
            zero_cost=[_hint(words) for words in scores] if scores else zero_cost,
            proxies=None if proxies is None else [name.strip() for name in proxies.split(",")],
            combine=combine,
            sample=sample,
            folder=kept if zero_cost else None,
            on_progress=lambda done, total: bar.update(done, total, f"{done} of {total}"),
        )
    if save is not None:
        ranking.predictor.save(save)
    hints = f" and hints from {', '.join(hint)}" if hint else ""
    _show(ranking, out, as_json, f", by {described(ranking.predictor)}{hints}")


def _show(ranking: "Ranking", out: Path, as_json: bool, how: str) -> None:
    """Write a ranking to its file, and print its beginning, or all of it as JSON."""
    ranking.write(out)
    if as_json:
        rows = [
            dict(zip(ranking.columns, row, strict=True))
            for row in zip(*ranking.columns.values(), strict=True)
        ]
        printed = {
            "ranking": rows,
            "target": ranking.target,
            "measured": ranking.measured,
            "candidates": ranking.candidates,
            "quality": asdict(ranking.quality),
            "explanation": asdict(ranking.explanation),
        }
        sys.stdout.write(json.dumps(printed, indent=2, ensure_ascii=False) + "\n")
        return
    grid = Grid("rank", ranking.target, "std", "architecture", box=None, pad_edge=False)
    for each in list(ranking)[:_SHOWN]:
        text = Text(ranking.space.format(each.architecture), overflow="fold")
        grid.add_row(str(each.rank), f"{each.predicted:.6g}", f"{each.std:.2g}", text)
    console = Console()
    console.print(grid)
    console.print(
        f"Wrote the best {len(ranking)} of {ranking.candidates:,} architectures to {out}. The ranking was learned from "
        f"{ranking.measured} measured ones{how}."
    )
    console.print(str(ranking.quality))
    console.print(Text(str(ranking.explanation)))


def _hint(words: str) -> str | tuple[Path, str]:
    """The hint of ``COLUMN``, a column of the training file, or ``FILE:COLUMN``.

    >>> _hint("cheap.csv:loss"), _hint("loss")
    ((PosixPath('cheap.csv'), 'loss'), 'loss')
    """
    from archrank.benchmarks.files import SUFFIXES

    for suffix in SUFFIXES:
        path, found, column = words.partition(f"{suffix}:")
        if found:
            return Path(path + suffix), column
    return words
