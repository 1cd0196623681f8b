"""``archrank compare``: its verbs, and encoders and losses as a grid of fits that can be killed and resumed."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer

from archrank.cli.compare_predictors import command as predictors
from archrank.cli.compare_strategies import command as strategies
from archrank.cli.comparisons import (
    BenchmarkArgument,
    JsonOption,
    MinimizeOption,
    SpaceOption,
    TableOption,
    compare,
    named_table,
)
from archrank.cli.console import Console
from archrank.cli.options import with_options
from archrank.cli.rankings import (
    MetricOption,
    PoolOption,
    ProtocolOption,
    SameSubsetOption,
    SizesOption,
    SplitOption,
    SplitSeedOption,
    TestMetricOption,
    TestOption,
)
from archrank.cli.tables import TableOptions
from archrank.errors import ArchrankError, RunFolderError
from archrank.system.foreign import in_one_line

__all__ = ["app"]

What = Literal["encoders", "losses"]

_ENCODERS = {"encoders": "gates,gcn-global,gcn,lstm,mlp", "losses": "gates"}
_LOSSES = {"encoders": "hinge", "losses": "mse,bce,comparator,hinge,listmle"}

app = typer.Typer(
    help="Compare encoders, losses or predictors by ranking quality, or strategies by search results.",
    no_args_is_help=True,
)


def _command(what: What) -> Callable[..., None]:
    """The command for encoders or for losses, which differ in their defaults."""

    @with_options(TableOptions, "reading")
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
            Path | None,
            typer.Option(
                "--out", "-o", help=f"Folder, new or to be resumed (runs/compare-{what}-BENCHMARK)."
            ),
        ] = None,
        as_json: JsonOption = False,
        *,
        reading: TableOptions,
    ) -> None:
        from archrank import experiments

        call = {"encoders": experiments.compare_encoders, "losses": experiments.compare_losses}[what]
        compare(
            call,
            what,
            named_table(benchmark, table, space, minimize, metric, reading),
            out=out,
            as_json=as_json,
            verb="fitting",
            runs="fits",
            encoders=encoders,
            losses=losses,
            sizes=sizes,
            seeds=seeds,
            metric=metric,
            test_metric=test_metric,
            protocol=protocol,
            split=split,
            split_seed=split_seed,
            pool=pool,
            test=test,
            same_subset=same_subset,
            simplify=simplify,
            epochs=epochs,
            members=members,
            tau=tau,
            workers=workers,
        )

    return command


app.command(
    "encoders",
    help="Compare encoders of architectures by ranking quality.\n\n"
    "Example: archrank compare encoders analog-nasbench --encoders gates,gcn --sizes 78,390",
)(_command("encoders"))
app.command(
    "losses",
    help="Compare the losses that a neural predictor is trained with.\n\n"
    "Example: archrank compare losses analog-nasbench --losses hinge,mse --encoder gates",
)(_command("losses"))
app.command("predictors")(predictors)
app.command("strategies")(strategies)


@app.command("report")
def report(
    folder: Annotated[Path, typer.Argument(help="The folder of a comparison.")],
    tau: Annotated[
        str | None, typer.Option(help="The epochs whose tau is shown: last-5 | last (encoders, losses).")
    ] = None,
) -> None:
    """Rewrite the tables, plots and report of a comparison from its results."""
    from archrank.experiments import load_comparison

    try:
        page = load_comparison(folder, tau).report()
    except ArchrankError:
        raise
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise RunFolderError(
            f"config.json or the results in {folder} are not in the format of `archrank compare` "
            f"({in_one_line(error)[:200]}): run the command of the comparison again"
        ) from error
    Console().print(f"report  {page}", soft_wrap=True)
