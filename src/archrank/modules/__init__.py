"""Networks of any kind: the graph of a PyTorch module."""

from archrank.system.extras import extra_named

with extra_named("archrank.modules", "neural"):
    from archrank.modules.tracing import trace

__all__ = ["trace"]
