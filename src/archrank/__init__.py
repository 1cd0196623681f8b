"""archrank: find a good neural-network architecture while training as few as possible."""

import sys

from archrank.system.extras import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)

__version__ = "0.2.0"

if "IPython" in sys.modules:
    from archrank.verbs.notebook import show_in_notebooks

    show_in_notebooks()
    del show_in_notebooks
