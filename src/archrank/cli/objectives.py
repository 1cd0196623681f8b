"""The options for the objectives of a search."""

from typing import Annotated

import typer

__all__ = ["MaximizeOption", "MetricOption", "ObjectivesOption", "WhereOption"]

_PANEL = "Objectives, such as --metric accuracy --where 'latency < 20'"

MetricOption = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=_PANEL, help="The metric to search by (the default of the benchmark or evaluator)."
    ),
]
ObjectivesOption = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=_PANEL,
        help="Two or three metrics to search by, for a Pareto front; with an evaluator, A,B:min minimizes B.",
        metavar="A,B[,C]",
    ),
]
WhereOption = Annotated[
    list[str] | None,
    typer.Option(
        rich_help_panel=_PANEL,
        help='A constraint such as "latency < 20"; may be repeated.',
        metavar="CONSTRAINT",
    ),
]
MaximizeOption = Annotated[
    bool | None,
    typer.Option(
        "--maximize/--minimize",
        rich_help_panel=_PANEL,
        help="Direction of an evaluator's metric; a benchmark declares its own.",
        show_default=False,
    ),
]
