"""The options for the objectives of a search."""

from typing import Annotated

import typer

__all__ = ["MaximizeOption", "MetricOption", "ObjectivesOption", "WhereOption"]

MetricOption = Annotated[
    str | None, typer.Option(help="The metric to search by (the default of the benchmark or evaluator).")
]
ObjectivesOption = Annotated[
    str | None,
    typer.Option(
        help="Two or three metrics to search by instead, for a Pareto front; an evaluator's as A,B:min.",
        metavar="A,B[,C]",
    ),
]
WhereOption = Annotated[
    list[str] | None,
    typer.Option(help='A constraint such as "latency < 20"; may be repeated.', metavar="CONSTRAINT"),
]
MaximizeOption = Annotated[
    bool | None,
    typer.Option(
        "--maximize/--minimize",
        help="Direction of an evaluator's value; a benchmark knows its own.",
        show_default=False,
    ),
]
