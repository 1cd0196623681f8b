"""Options that the comparisons of rankings share."""

from typing import Annotated

import typer

__all__ = [
    "MetricOption",
    "PoolOption",
    "ProtocolOption",
    "SameSubsetOption",
    "SizesOption",
    "SplitOption",
    "SplitSeedOption",
    "TestMetricOption",
    "TestOption",
]

ProtocolOption = Annotated[
    str | None,
    typer.Option(
        help="Split, sizes and metrics of publications: gates | tnasp | ta-gates; shows their figures."
    ),
]
SizesOption = Annotated[
    str | None,
    typer.Option(help="Training sizes: counts, or shares of the pool (1%,5%,…).", show_default=False),
]
MetricOption = Annotated[str | None, typer.Option(help="What to train on (the benchmark's own).")]
TestMetricOption = Annotated[str | None, typer.Option(help="What to test on (the same).")]
SplitOption = Annotated[
    str | None, typer.Option(help="prefix | source | random | function (random).", show_default=False)
]
SplitSeedOption = Annotated[
    int | None, typer.Option(help="Fixes the split's permutation (2020).", min=0, show_default=False)
]
PoolOption = Annotated[
    str | None, typer.Option(help="May be trained on: the first N or N%, or a:b (the rest).")
]
TestOption = Annotated[
    str | None, typer.Option(help="Is tested on: the last N or N%, or a:b (half; 10% of many).")
]
SameSubsetOption = Annotated[
    bool, typer.Option("--same-subset", help="All seeds share the subset of seed 0.")
]
