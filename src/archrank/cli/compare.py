"""``archrank compare``: its verbs, and encoders and losses as a grid of fits that can be killed and gone on with."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.markup import escape

from archrank.cli.compare_predictors import command as predictors
from archrank.cli.compare_strategies import command as strategies
from archrank.cli.comparisons import (
    BenchmarkArgument,
    JsonOption,
    MinimizeOption,
    SpaceOption,
    TableOption,
    named_table,
    names_in,
    recorded,
)
from archrank.cli.rankings import (
    MetricOption,
    PoolOption,
    ProtocolOption,
    Ranked,
    SameSubsetOption,
    SizesOption,
    SplitOption,
    SplitSeedOption,
    TestMetricOption,
    TestOption,
)
from archrank.errors import TableError, UnknownName

__all__ = ["app"]

What = Literal["encoders", "losses"]

TAUS = ("last-5", "last")

_ENCODERS = {"encoders": "gates,gcn-global,gcn,lstm,mlp", "losses": "gates"}
_LOSSES = {"encoders": "hinge", "losses": "mse,bce,comparator,hinge,listmle"}

_SIZES = "1%,5%,10%"

app = typer.Typer(
    help="Compare encoders, losses or predictors by how well they rank, or strategies by what they find.",
    no_args_is_help=True,
)


def _command(what: What) -> Callable[..., None]:
    """The command for encoders or for losses, which differ in what is compared unless told otherwise."""

    def command(
        benchmark: BenchmarkArgument = None,
        encoders: Annotated[
            str, typer.Option("--encoders", "--encoder", help="Encoders, separated by commas.")
        ] = _ENCODERS[what],
        losses: Annotated[
            str, typer.Option("--losses", "--loss", help="Losses, separated by commas.")
        ] = _LOSSES[what],
        sizes: SizesOption = None,
        seeds: Annotated[int, typer.Option(help="How many seeds, from 0.", min=1)] = 3,
        metric: MetricOption = None,
        test_metric: TestMetricOption = None,
        protocol: ProtocolOption = None,
        split: SplitOption = None,
        split_seed: SplitSeedOption = None,
        pool: PoolOption = None,
        test: TestOption = None,
        same_subset: SameSubsetOption = False,
        simplify: Annotated[
            bool, typer.Option("--simplify", help="Simplify architectures by the space's function rules.")
        ] = False,
        epochs: Annotated[int, typer.Option(help="Epochs of every fit.", min=1)] = 200,
        members: Annotated[int, typer.Option(help="Networks in every predictor's ensemble.", min=1)] = 1,
        tau: Annotated[str, typer.Option(help="The epochs whose tau is shown: last-5 | last.")] = "last-5",
        table: TableOption = None,
        space: SpaceOption = None,
        minimize: MinimizeOption = "",
        workers: Annotated[int, typer.Option(help="Processes that fit.")] = 2,
        out: Annotated[
            Path | None, typer.Option(help=f"Folder, new or to go on with (runs/compare-{what}-BENCHMARK).")
        ] = None,
        as_json: JsonOption = False,
    ) -> None:
        _check_names(losses=losses, encoders=encoders, tau=tau)
        measured = named_table(benchmark, table, space, minimize)
        from archrank.experiments.ranking import NeuralFits, neural_tasks

        ranked = Ranked.of(
            measured, metric, test_metric, split, split_seed, pool, test, same_subset, protocol
        )
        tasks = neural_tasks(
            names_in(encoders),
            names_in(losses),
            ranked.sizes(sizes, _SIZES),
            seeds,
            same_subset=ranked.same_subset,
            simplify=simplify,
        )
        fits = NeuralFits(**ranked.data, epochs=epochs, members=members)
        fits.check(tasks)
        ranked.compare(
            what,
            tasks,
            fits,
            alike=("encoder", "loss", "simplify"),
            settings={"epochs": epochs, "members": members},
            tau=tau,
            out=out,
            workers=workers,
            as_json=as_json,
        )

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
