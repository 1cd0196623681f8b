"""Predictors: fit on measured architectures, score others."""

from archrank.predictors.base import Predictor
from archrank.predictors.gaussian import GaussianProcess
from archrank.predictors.neural import NeuralPredictor

__all__ = ["GaussianProcess", "NeuralPredictor", "Predictor"]
