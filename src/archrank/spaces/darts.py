"""The cell space of DARTS: a normal and a reduction cell, two different inputs at each node.

Reference: Liu et al., DARTS (ICLR 2019), section 3.1.
"""

from archrank.spaces.two_cells import TwoCells

__all__ = ["Darts"]

OPERATIONS = (
    "max_pool_3x3",
    "avg_pool_3x3",
    "skip_connect",
    "sep_conv_3x3",
    "sep_conv_5x5",
    "dil_conv_3x3",
    "dil_conv_5x5",
)
"""The authors' operations but ``none``, in the order of NASLib's numbers for NAS-Bench-301."""


class Darts(TwoCells):
    """Pairs of DARTS cells: seven operations, a node reads two different nodes, and all nodes are concatenated.

    With four nodes there are 1.08e18 architectures. The two operations of a node are unordered: they are read in
    any order, and written sorted by the node that they read.

    >>> space = Darts(nodes=1)
    >>> cells = "{0}=[('sep_conv_3x3', 1), ('skip_connect', 0)], {0}_concat=range(2, 3)"
    >>> space.format(space.parse(f"Genotype({cells.format('normal')}, {cells.format('reduce')})"))
    "Genotype(normal=[('skip_connect', 0), ('sep_conv_3x3', 1)], normal_concat=[2],
    reduce=[('skip_connect', 0), ('sep_conv_3x3', 1)], reduce_concat=[2])"

    Args:
        nodes: How many nodes a cell has beside its two inputs.

    Raises:
        SpaceError: No node.
    """

    numbered = OPERATIONS
    summary = "operation on edge, a normal and a reduction cell, 7 operations, two at each node"

    def __init__(self, nodes: int = 4) -> None:
        name = "darts" if nodes == 4 else f"darts-{nodes}-nodes"
        super().__init__(name, OPERATIONS, nodes, double=False, loose_ends=False)
