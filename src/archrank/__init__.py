"""archrank: find a good neural-network architecture while training as few as possible."""

from archrank.system.extras import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)

__version__ = "0.2.0"
