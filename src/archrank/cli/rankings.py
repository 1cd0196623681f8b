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

_SETS = "Training and test sets, such as --split prefix --test 10%"

ProtocolOption = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=_SETS,
        help="Split, sizes and metrics of a publication: gates | tnasp | ta-gates; also shows its results.",
    ),
]
SizesOption = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=_SETS,
        help="Training sizes: counts, or shares of the pool (1%,5%,…).",
        show_default=False,
    ),
]
MetricOption = Annotated[
    str | None, typer.Option(rich_help_panel=_SETS, help="The metric to train on (the benchmark's default).")
]
TestMetricOption = Annotated[
    str | None, typer.Option(rich_help_panel=_SETS, help="The metric to test on (the same).")
]
SplitOption = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=_SETS, help="prefix | source | random | function (random).", show_default=False
    ),
]
SplitSeedOption = Annotated[
    int | None,
    typer.Option(
        rich_help_panel=_SETS, help="Fixes the split's permutation (2020).", min=0, show_default=False
    ),
]
PoolOption = Annotated[
    str | None,
    typer.Option(rich_help_panel=_SETS, help="Training pool: the first N or N%, or a:b (the rest)."),
]
TestOption = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=_SETS, help="Test part: the last N or N%, or a:b (half; 10% of large tables)."
    ),
]
SameSubsetOption = Annotated[
    bool,
    typer.Option(
        "--same-subset", rich_help_panel=_SETS, help="Use the training subset of seed 0 for all seeds."
    ),
]
