"""archrank: find a good neural-network architecture while training as few as possible."""

from archrank.architecture import Architecture
from archrank.errors import ArchrankError
from archrank.graph import Cell, Graph, Site
from archrank.space import Choice, SearchSpace

__all__ = ["Architecture", "ArchrankError", "Cell", "Choice", "Graph", "SearchSpace", "Site"]

__version__ = "0.1.0"
