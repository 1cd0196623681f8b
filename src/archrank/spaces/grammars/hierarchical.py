"""Hierarchical NAS-Bench-201: networks of cells, whose cells hold operations or blocks of three layers.

Reference: Schrodi et al., Construction of Hierarchical Neural Architecture Search Spaces based on Context-free Grammars
(NeurIPS 2023).
"""

from archrank.spaces.grammars.effects import Effect
from archrank.spaces.grammars.space import GrammarSpace, Sampling

__all__ = ["HierarchicalNASBench201"]

_NETWORK = """
D2 -> Linear3 D1 D1 D0 | Linear3 D0 D1 D1 | Linear4 D1 D1 D0 D0
D1 -> Linear3 C C DOWN | Linear4 C C C DOWN | Residual3 C C DOWN DOWN
D0 -> Linear3 C C CELL | Linear4 C C C CELL | Residual3 C C CELL CELL
DOWN -> Linear2 CELL resBlock | Linear3 CELL CELL resBlock | Residual2 CELL resBlock resBlock
C -> Linear2 CELL CELL | Linear3 CELL CELL CELL | Residual2 CELL CELL CELL
"""

_FIXED_NETWORK = """
D2 -> Linear3 D1 D1 D0
D1 -> Linear3 C C DOWN
D0 -> Linear3 C C CELL
DOWN -> Linear2 CELL resBlock
C -> Linear2 CELL CELL
"""

_BLOCKS = """
CELL -> Cell OPS*6
OPS -> id | zero | CONVBLOCK | avg_pool
CONVBLOCK -> Linear3 ACT CONV NORM
CONV -> conv3x3 | conv1x1 | dconv3x3
NORM -> batch | instance | layer
ACT -> relu | hardswish | mish
"""

_FIXED_BLOCKS = """
CELL -> Cell OPS*6
OPS -> id | zero | nor_conv_3x3 | nor_conv_1x1 | avg_pool
"""


class HierarchicalNASBench201(GrammarSpace):
    """Hierarchical NAS-Bench-201: a network of stages, stages of blocks, blocks of cells, cells of operations.

    Two residual blocks halve the image and double the channels. In the default space a cell's convolution is a block
    whose activation, convolution and normalization are chosen; with ``fixed_blocks`` it is that of NAS-Bench-201. With
    ``fixed_macro`` the network is that of NAS-Bench-201, three stages of five cells, each of which is chosen
    separately.

    Every alternative of a rule is drawn with equal probability. Uniformly over derivations, nine in ten operations
    of the default space would be convolution blocks: a block has 27 derivations, each of the other operations one.

    Args:
        fixed_macro: Whether only the cells are chosen.
        fixed_blocks: Whether convolutions are single operations.
        sampling: As in :class:`GrammarSpace`.

    >>> space = HierarchicalNASBench201()
    >>> len(str(space.size))
    376
    >>> HierarchicalNASBench201(fixed_macro=True, fixed_blocks=True).size == (5**6) ** 15
    True
    """

    summary = (
        "grammar of networks, stages, blocks and cells; blocks of activation, convolution and normalization"
    )

    def __init__(
        self, *, fixed_macro: bool = False, fixed_blocks: bool = False, sampling: Sampling = "choices"
    ) -> None:
        super().__init__(
            (_FIXED_NETWORK if fixed_macro else _NETWORK) + (_FIXED_BLOCKS if fixed_blocks else _BLOCKS),
            name="hierarchical-nas-bench-201"
            + ("-fixed-macro" if fixed_macro else "")
            + ("-fixed-blocks" if fixed_blocks else ""),
            effects={"resBlock": Effect(halves=1, widens=2)},
            max_halvings=2,
            sampling=sampling,
        )

    @classmethod
    def fixed_blocks(cls) -> "HierarchicalNASBench201":
        """The space whose convolutions are single operations."""
        return cls(fixed_blocks=True)

    @classmethod
    def fixed_macro(cls) -> "HierarchicalNASBench201":
        """The space of three stages of five cells, with convolution blocks."""
        return cls(fixed_macro=True)

    @classmethod
    def cells_only(cls) -> "HierarchicalNASBench201":
        """The space of three stages of five cells, whose convolutions are single operations."""
        return cls(fixed_macro=True, fixed_blocks=True)
