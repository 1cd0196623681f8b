"""Networks of any kind: the graph of a PyTorch module, and modules with choices as search spaces."""

from archrank.system.extras import extra_named

with extra_named("archrank.modules", "neural"):
    from archrank.modules.entry import trace
    from archrank.modules.latency import Latency, measure_latency
    from archrank.modules.loop import Report
    from archrank.modules.module_space import ModuleSpace
    from archrank.modules.named import named_module
    from archrank.modules.placed import choice, repeat
    from archrank.modules.tracing import trace_call

__all__ = [
    "Latency",
    "ModuleSpace",
    "Report",
    "choice",
    "measure_latency",
    "named_module",
    "repeat",
    "trace",
    "trace_call",
]
