"""The options for the predictor."""

from typing import Annotated

import typer

from archrank.encoders.named import ENCODERS
from archrank.predictors.named import PREDICTORS
from archrank.ranking.named import LOSSES

__all__ = [
    "PREDICTOR_PANEL",
    "BootstrapOption",
    "EffortOption",
    "EncoderOption",
    "LossOption",
    "MembersOption",
    "PredictorOption",
]

PREDICTOR_PANEL = "Predictor, such as --encoder gcn --loss mse"

PredictorOption = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=PREDICTOR_PANEL,
        help=f"{' | '.join(PREDICTORS)} (auto; neural if an encoder or a loss is given).",
    ),
]
EffortOption = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=PREDICTOR_PANEL,
        help="Effort of the predictor auto: fast | balanced | best (balanced; fast in a search).",
    ),
]
EncoderOption = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=PREDICTOR_PANEL,
        help=f"Encoder of the neural predictor: {' | '.join(ENCODERS)} (gates).",
    ),
]
LossOption = Annotated[
    str | None,
    typer.Option(rich_help_panel=PREDICTOR_PANEL, help=f"Its loss: {' | '.join(LOSSES)} (hinge)."),
]
MembersOption = Annotated[
    int | None,
    typer.Option(
        rich_help_panel=PREDICTOR_PANEL,
        help="Number of networks, or of sets of trees, that are averaged (3; trees 4).",
        min=1,
    ),
]
BootstrapOption = Annotated[
    int | None,
    typer.Option(
        rich_help_panel=PREDICTOR_PANEL,
        help="Average this number of fits to resamples of the labels (one fit to all).",
        min=2,
    ),
]
