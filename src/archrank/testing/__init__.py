"""Conformance suites for your own classes: one for every extension point."""

from archrank.system.extras import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
