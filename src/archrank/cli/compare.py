"""``archrank compare``: its verbs, and encoders and losses as a grid of fits that can be killed and gone on with."""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.markup import escape

from archrank.cli.compare_predictors import command as predictors
from archrank.cli.compare_strategies import command as strategies
from archrank.cli.comparisons import check_failures, named_table, names_in, recorded, run, show
from archrank.errors import TableError, UnknownName

__all__ = ["app"]

What = Literal["encoders", "losses"]

TAUS = ("last-5", "last")

_ENCODERS = {"encoders": "gates,gcn-global,gcn,lstm,mlp", "losses": "gates"}
_LOSSES = {"encoders": "hinge", "losses": "mse,bce,comparator,hinge,listmle"}

app = typer.Typer(
    help="Compare encoders, losses or predictors by how well they rank, or strategies by what they find.",
    no_args_is_help=True,
)


def _command(what: What) -> Callable[..., None]:
    """The command for encoders or for losses, which differ in what is compared unless told otherwise."""

    def command(
        benchmark: Annotated[
            str | None, typer.Argument(help="A benchmark's name; see `archrank benchmarks`.")
        ] = None,
        encoders: Annotated[
            str, typer.Option("--encoders", "--encoder", help="Encoders, separated by commas.")
        ] = _ENCODERS[what],
        losses: Annotated[
            str, typer.Option("--losses", "--loss", help="Losses, separated by commas.")
        ] = _LOSSES[what],
        sizes: Annotated[
            str, typer.Option(help="Training sizes: counts, or shares of the pool.")
        ] = "1%,5%,10%",
        seeds: Annotated[int, typer.Option(help="How many seeds, from 0.", min=1)] = 3,
        metric: Annotated[str | None, typer.Option(help="What to train on (the benchmark's own).")] = None,
        test_metric: Annotated[str | None, typer.Option(help="What to test on (the same).")] = None,
        split: Annotated[str, typer.Option(help="prefix | source | random | function")] = "random",
        split_seed: Annotated[int, typer.Option(help="Fixes the split's permutation.", min=0)] = 2020,
        pool: Annotated[
            str | None, typer.Option(help="May be trained on: the first N or N%, or a:b (the rest).")
        ] = None,
        test: Annotated[
            str | None, typer.Option(help="Is tested on: the last N or N%, or a:b (half; 10% of many).")
        ] = None,
        same_subset: Annotated[
            bool, typer.Option("--same-subset", help="All seeds share the subset of seed 0.")
        ] = False,
        simplify: Annotated[
            bool, typer.Option("--simplify", help="Simplify architectures by the space's function rules.")
        ] = False,
        epochs: Annotated[int, typer.Option(help="Epochs of every fit.", min=1)] = 200,
        members: Annotated[int, typer.Option(help="Networks in every predictor's ensemble.", min=1)] = 1,
        tau: Annotated[str, typer.Option(help="The epochs whose tau is shown: last-5 | last.")] = "last-5",
        table: Annotated[
            Path | None, typer.Option(help="A table of your own: .csv, .parquet or .jsonl.")
        ] = None,
        space: Annotated[str | None, typer.Option(help="Its space: a name, or file.py:ClassName.")] = None,
        minimize: Annotated[str, typer.Option(help="Its columns where lower is better.")] = "",
        workers: Annotated[int, typer.Option(help="Processes that fit.")] = 2,
        out: Annotated[
            Path | None, typer.Option(help=f"Folder, new or to go on with (runs/compare-{what}-BENCHMARK).")
        ] = None,
        as_json: Annotated[
            bool, typer.Option("--json", help="Print all rows as JSON and nothing else.")
        ] = False,
    ) -> None:
        _check_names(losses=losses, encoders=encoders, tau=tau)
        measured = named_table(benchmark, table, space, minimize)
        from archrank.experiments.ranking import NeuralFits, neural_tasks
        from archrank.experiments.splits import sizes_of
        from archrank.experiments.splits import split as split_of

        trained, tested = measured.metric(metric), measured.metric(test_metric or metric)
        parts = split_of(
            measured, split, metrics=[trained.name, tested.name], pool=pool, test=test, seed=split_seed
        )
        fits = NeuralFits(
            measured.space,
            parts,
            measured.rows,
            measured.scores(trained.name),
            measured.scores(tested.name),
            epochs,
            members,
        )
        same_subset = same_subset or split == "prefix"
        tasks = neural_tasks(
            names_in(encoders),
            names_in(losses),
            sizes_of(sizes, len(parts.pool)),
            seeds,
            same_subset=same_subset,
            simplify=simplify,
        )
        fits.check(tasks)
        config = {
            "compare": "ranking",
            "benchmark": measured.name,
            "space": measured.space.name,
            "metric": trained.name,
            "test_metric": tested.name,
            "split": split,
            "split_seed": None if split in ("prefix", "source") else split_seed,
            "pool": parts.pool_range,
            "test": parts.test_range,
            "same_subset": same_subset,
            "epochs": epochs,
            "members": members,
            "data": fits.digest,
        }
        about = {
            "rows": what,
            "tau": tau,
            "split": parts.words,
            "pool": len(parts.pool),
            "test": len(parts.test),
            "metrics": [asdict(trained), asdict(tested)],
        }
        folder = out or Path("runs") / f"compare-{what}-{measured.name}".replace("/", "_")
        from archrank.report.ranking_page import failed_fits, write_ranking_report
        from archrank.report.ranking_tables import measures_of, sheet

        rows = run(
            folder,
            config,
            about,
            tasks,
            fits,
            workers=workers,
            verb="fitting",
            alike=("encoder", "loss", "simplify"),
            report=write_ranking_report,
        )
        if as_json:
            sys.stdout.write(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
        else:
            (measure, *_) = measures_of(rows, tau)
            show(measure.title, sheet(rows, measure, what, len(parts.pool)), folder)
        check_failures("fits", len(tasks), failed_fits(rows[: len(tasks)], what))

    return command


app.command("encoders", help="Compare encoders of architectures by how well they rank.")(_command("encoders"))
app.command("losses", help="Compare the losses that a predictor is trained by.")(_command("losses"))


app.command("predictors")(predictors)
app.command("strategies")(strategies)


@app.command("report")
def report(
    folder: Annotated[Path, typer.Argument(help="The folder of a comparison.")],
    tau: Annotated[
        str | None, typer.Option(help="The epochs whose tau is shown: last-5 | last (encoders, losses).")
    ] = None,
) -> None:
    """Write the tables, plots and page of a comparison anew from its results."""
    from archrank.experiments.grid import read_rows
    from archrank.report.ranking_page import write_ranking_report
    from archrank.report.search_page import write_search_report

    record = recorded(folder)
    rows = read_rows(folder)
    if record is None or not rows:
        raise TableError(f"{folder} holds no results of a comparison; `archrank compare encoders` makes some")
    config, about = record["config"], record["environment"]
    if tau is not None:
        _check_names(tau=tau)
        about["tau"] = tau
    write = write_search_report if config["compare"] == "strategies" else write_ranking_report
    page = write(folder, rows, config, about)
    Console().print(f"report  {escape(str(page))}", highlight=False, soft_wrap=True)


def _check_names(encoders: str | None = None, losses: str | None = None, tau: str | None = None) -> None:
    """Refuse unknown names before anything slow begins."""
    if tau is not None and tau not in TAUS:
        raise UnknownName("tau", tau, TAUS)
    if encoders is None or losses is None:
        return
    from archrank.encoders import ENCODERS
    from archrank.ranking import LOSSES

    for kind, given, known in (("encoder", encoders, ENCODERS), ("loss", losses, LOSSES)):
        for name in names_in(given) or [given]:
            if name not in known:
                raise UnknownName(kind, name, known)
