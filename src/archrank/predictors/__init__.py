"""Predictors: fit on measured architectures, score others."""

from archrank.predictors.automatic import auto
from archrank.predictors.base import Predictor
from archrank.predictors.ensemble import Ensemble
from archrank.predictors.gaussian import GaussianProcess
from archrank.predictors.loading import load_predictor
from archrank.predictors.neural import NeuralPredictor
from archrank.predictors.trees import BoostedTrees

__all__ = [
    "BoostedTrees",
    "Ensemble",
    "GaussianProcess",
    "NeuralPredictor",
    "Predictor",
    "auto",
    "load_predictor",
]
