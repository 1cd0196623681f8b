"""Predictors: fit on measured architectures, score others."""

from archrank.system.extras import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
