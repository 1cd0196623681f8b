"""Studies: searches that are recorded in Optuna, survive a kill, and evaluate on one or many processes."""

from archrank.study.database import Database
from archrank.study.declared import declared_objectives
from archrank.study.driver import Progress
from archrank.study.entry import search
from archrank.study.evaluations import Evaluation
from archrank.study.evaluators import TableEvaluator
from archrank.study.folder import RunFolder
from archrank.study.objectives import Constraint, Objectives, check_constraints, of_feasible
from archrank.study.pareto import dominated_volume, pareto_front
from archrank.study.record import result_record
from archrank.study.remote import serve
from archrank.study.result import SearchResult
from archrank.study.sampler import ArchrankSampler
from archrank.study.timed import TimedRanker
from archrank.study.timer import Timer
from archrank.workers.outcome import Evaluator, Outcome, measure
from archrank.workers.ray_cluster import RayCluster

__all__ = [
    "ArchrankSampler",
    "Constraint",
    "Database",
    "Evaluation",
    "Evaluator",
    "Objectives",
    "Outcome",
    "Progress",
    "RayCluster",
    "RunFolder",
    "SearchResult",
    "TableEvaluator",
    "TimedRanker",
    "Timer",
    "check_constraints",
    "declared_objectives",
    "dominated_volume",
    "measure",
    "of_feasible",
    "pareto_front",
    "result_record",
    "search",
    "serve",
]
