"""What a newcomer's class must pass: one suite for every extension point."""

from archrank.testing.encoders import check_encoder
from archrank.testing.losses import check_loss
from archrank.testing.predictors import check_predictor
from archrank.testing.spaces import check_space
from archrank.testing.strategies import check_strategy
from archrank.testing.tables import check_table

__all__ = ["check_encoder", "check_loss", "check_predictor", "check_space", "check_strategy", "check_table"]
