"""Networks: trainable PyTorch modules from graphs, and their sizes."""

from archrank.system.extras import extra_named

with extra_named("archrank.networks", "training"):
    from archrank.networks.counting import multiply_adds, parameters
    from archrank.networks.hierarchy import HierarchySkeleton
    from archrank.networks.nasbench101 import NASBench101Skeleton
    from archrank.networks.nasbench201 import NASBench201Skeleton
    from archrank.networks.network import Network
    from archrank.networks.onnx_file import onnx_bytes
    from archrank.networks.operations import OPERATIONS, OperationFactory
    from archrank.networks.skeleton import Skeleton, build, outline
    from archrank.networks.stacked_cells import StackedCells

__all__ = [
    "OPERATIONS",
    "HierarchySkeleton",
    "NASBench101Skeleton",
    "NASBench201Skeleton",
    "Network",
    "OperationFactory",
    "Skeleton",
    "StackedCells",
    "build",
    "multiply_adds",
    "onnx_bytes",
    "outline",
    "parameters",
]
