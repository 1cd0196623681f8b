"""Studies: searches that are recorded in Optuna, survive a kill, and evaluate on one or many processes."""

from archrank.study.database import Database
from archrank.study.driver import Progress, search
from archrank.study.evaluators import TableEvaluator
from archrank.study.folder import RunFolder
from archrank.study.outcome import Evaluator, Outcome, measure
from archrank.study.ray_cluster import RayCluster
from archrank.study.remote import serve
from archrank.study.result import Evaluation, SearchResult, result_record
from archrank.study.sampler import ArchrankSampler
from archrank.study.stopwatch import Stopwatch
from archrank.study.timed import TimedRanker

__all__ = [
    "ArchrankSampler",
    "Database",
    "Evaluation",
    "Evaluator",
    "Outcome",
    "Progress",
    "RayCluster",
    "RunFolder",
    "SearchResult",
    "Stopwatch",
    "TableEvaluator",
    "TimedRanker",
    "measure",
    "result_record",
    "search",
    "serve",
]
