"""Predictors: fit on measured architectures, score others."""

from archrank.predictors.base import Predictor
from archrank.predictors.gaussian import GaussianProcess
from archrank.predictors.neural import NeuralPredictor
from archrank.predictors.trees import BoostedTrees

__all__ = ["BoostedTrees", "GaussianProcess", "NeuralPredictor", "Predictor"]
