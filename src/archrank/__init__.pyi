from .architecture import Architecture as Architecture
from .benchmarks.catalog import load_benchmark as load_benchmark
from .benchmarks.given import as_table as as_table
from .benchmarks.table import Table as Table
from .errors import ArchrankError as ArchrankError
from .graph import Cell as Cell
from .graph import Graph as Graph
from .graph import Site as Site
from .predictors.automatic import auto as auto
from .predictors.loading import load_predictor as load_predictor
from .space import Choice as Choice
from .space import SearchSpace as SearchSpace
from .strategies.guided import GuidedSearch as GuidedSearch
from .study.result import SearchResult as SearchResult
from .study.sampler import ArchrankSampler as ArchrankSampler
from .verbs.draw import draw as draw
from .verbs.features import feature_table as feature_table
from .verbs.rank import rank as rank
from .verbs.ranked import Ranking as Ranking
from .verbs.search import search as search

__version__: str
