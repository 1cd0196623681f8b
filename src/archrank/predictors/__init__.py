"""Predictors: fit on measured architectures, score others."""

from archrank.predictors.base import Predictor
from archrank.predictors.neural import NeuralPredictor

__all__ = ["NeuralPredictor", "Predictor"]
