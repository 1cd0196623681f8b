"""Search spaces, one file each."""

from archrank.spaces.nasbench201 import NASBench201

__all__ = ["NASBench201"]
