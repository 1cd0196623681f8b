"""Encoders: a batch of graphs in, an embedding per architecture out."""

from archrank.system.extras import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
