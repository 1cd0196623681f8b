"""The cell space of ENAS: a normal and a reduction cell, double connections allowed.

Reference: Pham et al., ENAS (ICML 2018), section 2.4; Ning et al., GATES (ECCV 2020), section 5.3.
"""

from archrank.spaces.two_cells import TwoCells

__all__ = ["Enas"]

OPERATIONS = ("skip_connect", "sep_conv_3x3", "sep_conv_5x5", "avg_pool_3x3", "max_pool_3x3")


class Enas(TwoCells):
    """Pairs of ENAS cells: five operations, and a node may read the same node twice.

    As in GATES's experiments there are four nodes, all concatenated: 2.03e17 architectures.
    :meth:`original` gives the space of the ENAS paper. The two operations of a node are unordered.

    >>> space = Enas(nodes=1)
    >>> len(space)
    3025
    >>> space.format(space.architecture((1, 1, 0, 2, 0, 0, 0, 0)))
    "Genotype(normal=[('sep_conv_5x5', 0), ('sep_conv_3x3', 1)], normal_concat=[2],
    reduce=[('skip_connect', 0), ('skip_connect', 0)], reduce_concat=[2])"

    Args:
        nodes: How many nodes a cell has beside its two inputs.
        loose_ends: Whether only the nodes that no other reads are concatenated.

    Raises:
        SpaceError: No node.
    """

    summary = "operation on edge, a normal and a reduction cell, 5 operations, two at each node"

    def __init__(self, nodes: int = 4, *, loose_ends: bool = False) -> None:
        parts = ["enas"]
        if nodes != 4:
            parts.append(f"{nodes}-nodes")
        if loose_ends:
            parts.append("loose-ends")
        super().__init__("-".join(parts), OPERATIONS, nodes, double=True, loose_ends=loose_ends)

    @classmethod
    def original(cls) -> "Enas":
        """The ENAS paper's own space: five nodes, and the loose ends concatenated."""
        return cls(nodes=5, loose_ends=True)
