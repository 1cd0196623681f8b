"""Search spaces, one file each."""

import archrank.joint_space  # noqa: F401 - which gives spaces the operator &
from archrank.spaces.darts import Darts
from archrank.spaces.enas import Enas
from archrank.spaces.enas_macro import EnasMacro
from archrank.spaces.grammars import Effect, FreeForm, GrammarSpace, HierarchicalNASBench201, Topology
from archrank.spaces.hpolib import HPOLib
from archrank.spaces.named import SPACES, describe_space, named_space
from archrank.spaces.nasbench101 import NASBench101
from archrank.spaces.nasbench201 import NASBench201
from archrank.spaces.nasbench_graph import NASBenchGraph
from archrank.spaces.natsbench_sss import NATSBenchSize

__all__ = [
    "SPACES",
    "Darts",
    "Effect",
    "Enas",
    "EnasMacro",
    "FreeForm",
    "GrammarSpace",
    "HPOLib",
    "HierarchicalNASBench201",
    "NASBench101",
    "NASBench201",
    "NASBenchGraph",
    "NATSBenchSize",
    "Topology",
    "describe_space",
    "named_space",
]
