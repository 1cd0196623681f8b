"""Search spaces from context-free grammars: rules, derivations, how they are drawn, and what they compute."""

from archrank.spaces.grammars.effects import Effect
from archrank.spaces.grammars.free_form import FreeForm
from archrank.spaces.grammars.hierarchical import HierarchicalNASBench201
from archrank.spaces.grammars.space import GrammarSpace
from archrank.spaces.grammars.topologies import Part, Topology

__all__ = ["Effect", "FreeForm", "GrammarSpace", "HierarchicalNASBench201", "Part", "Topology"]
