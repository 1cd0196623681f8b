"""The options that say which predictor is used."""

from typing import Annotated

import typer

from archrank.predictors.named import PREDICTORS

__all__ = [
    "BootstrapOption",
    "EffortOption",
    "EncoderOption",
    "LossOption",
    "MembersOption",
    "PredictorOption",
]

PredictorOption = Annotated[
    str | None,
    typer.Option(help=f"{' | '.join(PREDICTORS)} (auto; neural where an encoder or a loss is named)."),
]
EffortOption = Annotated[
    str | None, typer.Option(help="How much work auto does: fast | balanced | best (search: fast).")
]
EncoderOption = Annotated[str | None, typer.Option(help="Encoder of the neural predictor (gates).")]
LossOption = Annotated[
    str | None,
    typer.Option(help="Its loss: hinge | bce | comparator | listmle | mse (hinge)."),
]
MembersOption = Annotated[
    int | None, typer.Option(help="How many networks or sets of trees are averaged (3; trees 4).", min=1)
]
BootstrapOption = Annotated[
    int | None,
    typer.Option(
        help="Average so many fits of the predictor to resamples of the labels (one fit to all).", min=2
    ),
]
