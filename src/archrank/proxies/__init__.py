"""Zero-cost scores: what the network at its initialization says about its accuracy after training."""

from archrank.system.extras import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
