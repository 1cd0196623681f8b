"""Search spaces, one file each."""

from archrank.spaces.nasbench101 import NASBench101
from archrank.spaces.nasbench201 import NASBench201
from archrank.spaces.nasbench_graph import NASBenchGraph

__all__ = ["NASBench101", "NASBench201", "NASBenchGraph"]
