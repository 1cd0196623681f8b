"""Losses, and the measures of a ranking."""

from archrank.system.extras import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
