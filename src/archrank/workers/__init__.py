"""Where work is done: in this process, in a pool of processes, on Ray, or on an executor of the user."""

from archrank.workers.outcome import Evaluator, Outcome, measure
from archrank.workers.ray_cluster import RayCluster

__all__ = ["Evaluator", "Outcome", "RayCluster", "measure"]
