"""Figures of searches and rankings: each function takes a result and returns matplotlib axes.

``axes.figure.savefig("search.png")`` writes a figure, and a notebook shows ``axes.figure``. With ``ax``, a function
draws into axes that you made.
"""

from archrank.system.extras import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
