"""From graphs to networks that can be trained."""

from archrank.training.counting import multiply_adds, parameters
from archrank.training.nasbench101 import NASBench101Skeleton
from archrank.training.nasbench201 import NASBench201Skeleton
from archrank.training.network import Network
from archrank.training.operations import OPERATIONS, OperationFactory
from archrank.training.skeleton import Skeleton, build, outline
from archrank.training.stacked_cells import StackedCells

__all__ = [
    "OPERATIONS",
    "NASBench101Skeleton",
    "NASBench201Skeleton",
    "Network",
    "OperationFactory",
    "Skeleton",
    "StackedCells",
    "build",
    "multiply_adds",
    "outline",
    "parameters",
]
