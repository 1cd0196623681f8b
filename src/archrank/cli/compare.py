"""``archrank compare``: encoders and losses on a table, as a grid of fits that can be killed and gone on with."""

import json
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn
from rich.progress import Task as Shown
from rich.table import Table as Grid
from rich.text import Text

from archrank.cli.versions import versions
from archrank.errors import RunFolderError, TableError, UnknownName

if TYPE_CHECKING:
    from archrank.benchmarks import Table
    from archrank.experiments.grid import GridProgress, Row, Task
    from archrank.experiments.ranking import RankingFits

__all__ = ["app"]

What = Literal["encoders", "losses"]

TAUS = ("last-5", "last")

_ENCODERS = {"encoders": "gates,gcn-global,gcn,lstm,mlp", "losses": "gates"}
_LOSSES = {"encoders": "hinge", "losses": "mse,bce,comparator,hinge,listmle"}

app = typer.Typer(help="Compare encoders, or losses, by how well they rank.", no_args_is_help=True)


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
        split: Annotated[str, typer.Option(help="prefix | random | function")] = "random",
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
        measured = _table(benchmark, table, space, _names(minimize))
        from archrank.experiments.ranking import RankingFits, ranking_tasks
        from archrank.experiments.splits import sizes_of
        from archrank.experiments.splits import split as split_of

        trained, tested = measured.metric(metric), measured.metric(test_metric or metric)
        parts = split_of(
            measured, split, metrics=[trained.name, tested.name], pool=pool, test=test, seed=split_seed
        )
        fits = RankingFits(
            measured.space,
            parts,
            measured.rows,
            measured.scores(trained.name),
            measured.scores(tested.name),
            epochs,
            members,
        )
        same_subset = same_subset or split == "prefix"
        tasks = ranking_tasks(
            _names(encoders),
            _names(losses),
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
            "split_seed": None if split == "prefix" else split_seed,
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
        rows = _run(folder, config, about, tasks, fits, workers)
        if as_json:
            sys.stdout.write(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
        else:
            _show(rows, about, folder)
        _check_failures(rows[: len(tasks)])

    return command


app.command("encoders", help="Compare encoders of architectures by how well they rank.")(_command("encoders"))
app.command("losses", help="Compare the losses that a predictor is trained by.")(_command("losses"))


@app.command("report")
def report(
    folder: Annotated[Path, typer.Argument(help="The folder of a comparison.")],
    tau: Annotated[str | None, typer.Option(help="The epochs whose tau is shown: last-5 | last.")] = None,
) -> None:
    """Write the tables, plots and page of a comparison anew from its results."""
    from archrank.experiments.grid import read_rows
    from archrank.report.ranking_page import write_ranking_report

    record = _recorded(folder)
    rows = read_rows(folder)
    if record is None or not rows:
        raise TableError(f"{folder} holds no results of a comparison; `archrank compare encoders` makes some")
    if tau is not None:
        _check_names(tau=tau)
        record["environment"]["tau"] = tau
    page = write_ranking_report(folder, rows, record["config"], record["environment"])
    Console().print(f"report  {escape(str(page))}", highlight=False, soft_wrap=True)


def _names(text: str) -> list[str]:
    return list(dict.fromkeys(filter(None, map(str.strip, text.split(",")))))


def _check_names(encoders: str | None = None, losses: str | None = None, tau: str | None = None) -> None:
    """Refuse unknown names before anything slow begins."""
    if tau is not None and tau not in TAUS:
        raise UnknownName("tau", tau, TAUS)
    if encoders is None or losses is None:
        return
    from archrank.encoders import ENCODERS
    from archrank.ranking import LOSSES

    for kind, given, known in (("encoder", encoders, ENCODERS), ("loss", losses, LOSSES)):
        for name in _names(given) or [given]:
            if name not in known:
                raise UnknownName(kind, name, known)


def _table(benchmark: str | None, path: Path | None, space: str | None, minimize: Sequence[str]) -> "Table":
    from archrank.benchmarks import read_table
    from archrank.cli import names

    if (benchmark is None) == (path is None):
        raise TableError("say what to compare on: a benchmark's name, or --table FILE with --space SPACE")
    if benchmark is not None:
        return names.table(benchmark)
    if space is None:
        raise TableError(f"--table {path} needs --space, the space that its architectures are written in")
    assert path is not None
    return read_table(path, names.space(space), minimize=minimize)


def _recorded(folder: Path) -> dict[str, Any] | None:
    """What ``config.json`` holds; None where there is none that can be read."""
    try:
        record = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        return record if {"rows", "tau"} <= record["environment"].keys() else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _run(
    folder: Path,
    config: Mapping[str, Any],
    about: Mapping[str, Any],
    tasks: "Sequence[Task]",
    fits: "RankingFits",
    workers: int,
) -> "list[Row]":
    from archrank.experiments.grid import RESULTS, run_grid
    from archrank.report.ranking_page import write_ranking_report
    from archrank.study.folder import RunFolder

    if (folder / RESULTS).exists() and not (folder / "config.json").exists():
        raise RunFolderError(
            f"{folder} holds results, but no config.json that says of what: choose another folder with --out"
        )
    console = Console(stderr=True)
    command = shlex.join(["archrank", *sys.argv[1:]])
    before = (_recorded(folder) or {"environment": {}})["environment"].get("commands", [])
    commands = [*(each for each in before if each != command), command]
    environment = {
        **about,
        "versions": versions(),
        "workers": workers,
        "commands": commands,
        "date": date.today().isoformat(),
    }
    with RunFolder.open(folder, config, environment, resume=True) as opened:
        try:
            with _bar(console) as on_progress:
                rows = run_grid(
                    opened.path,
                    tasks,
                    fits,
                    workers=workers,
                    cost=fits.cost,
                    alike=lambda task: (task["encoder"], task["loss"], task["simplify"]),
                    on_progress=on_progress,
                )
        except KeyboardInterrupt:
            console.print(
                f"\ninterrupted; nothing finished is lost. Go on with:\n  {command}\n"
                f"or see what there is:\n  {shlex.join(['archrank', 'compare', 'report', str(folder)])}",
                highlight=False,
                markup=False,
                soft_wrap=True,
            )
            raise typer.Exit(130) from None
        write_ranking_report(opened.path, rows, config, environment)
    return rows


@contextmanager
def _bar(console: Console) -> "Iterator[Callable[[GridProgress], None]]":
    columns = (TextColumn("fitting"), BarColumn(), TextColumn("{task.fields[fits]}"), _TimeLeft())
    with Progress(*columns, console=console, transient=True) as bar:
        shown = bar.add_task("fits", total=1.0, fits="", until=None)

        def on_progress(progress: "GridProgress") -> None:
            fits = f"{progress.done} of {progress.total}"
            if progress.failed:
                fits += f", {progress.failed} failed"
            left = progress.seconds_left
            until = None if left is None else time.monotonic() + left
            bar.update(shown, completed=progress.share, fits=fits, until=until)

        yield on_progress


class _TimeLeft(ProgressColumn):
    """Counts down to when all fits should have finished."""

    def render(self, task: Shown) -> Text:
        until = task.fields["until"]
        if until is None:
            return Text("")
        minutes, seconds = divmod(max(0, round(until - time.monotonic())), 60)
        return Text(f"{minutes // 60}:{minutes % 60:02}:{seconds:02} left", style="progress.remaining")


def _show(rows: "Sequence[Row]", about: Mapping[str, Any], folder: Path) -> None:
    from archrank.report.ranking_tables import measures_of, sheet

    console = Console(highlight=False)
    (measure, *_) = measures_of(rows, about["tau"])
    table = sheet(rows, measure, about["rows"], about["pool"])
    grid = Grid(measure.title, *table.headings, box=None, pad_edge=False)
    for name, cells in table.lines:
        grid.add_row(escape(name), *(f"[bold]{c.text}[/bold]" if c.best else escape(c.text) for c in cells))
    console.print(grid)
    console.print(f"report  {escape(str(folder / 'report.html'))}", soft_wrap=True)


def _check_failures(rows: "Sequence[Row]") -> None:
    failed = [row for row in rows if row["error"] is not None]
    if not failed:
        return
    console = Console(stderr=True, highlight=False)
    console.print(
        f"[bold red]{len(failed)} of {len(rows)} fits failed[/bold red]; the next run tries them again:"
    )
    for row in failed:
        what = f"{row['encoder']}, {row['loss']}, {row['size']:,} architectures, seed {row['seed']}"
        console.print(f"  {what}: {row['error']}", markup=False, soft_wrap=True)
    raise typer.Exit(1)
