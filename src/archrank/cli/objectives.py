"""The options that say what a search goes by."""

from typing import Annotated

import typer

__all__ = ["MaximizeOption", "MetricOption", "ObjectivesOption", "WhereOption"]

MetricOption = Annotated[
    str | None, typer.Option(help="What to search by (what the benchmark or the evaluator names).")
]
ObjectivesOption = Annotated[
    str | None,
    typer.Option(
        help="Search by two or three values instead, the Pareto front; an evaluator's as A,B:min.",
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
