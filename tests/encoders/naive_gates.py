"""GATES written down naively: one architecture at a time, dense matrices, loops; nothing is merged or skipped.

Three of the four are the formulas of the on-node, the on-edge and the multi-edge layer with their matrices, the fourth
walks over junctions and sites of any graph. All take the parameters of one member of a :class:`GATESEncoder`.
"""

import torch


def embed(encoder, graph, operations, member=0, form="sites"):
    """The embedding of one architecture: (C · D,)."""
    parameters = {name: value[member] for name, value in encoder.named_parameters()}
    flows = {"sites": _by_sites, "on node": _on_node, "on edge": _on_edge, "multi-edge": _multi_edge}
    parts, first = [], 0
    for c, cell in enumerate(graph.cells):
        starts = [parameters["input_start"][first + j] for j in range(cell.inputs)]
        starts += [parameters["other_start"][c]] * (cell.junctions - cell.inputs)
        state = torch.stack(starts) @ parameters["project.weight"] + parameters["project.bias"]
        for position in range(encoder.settings.layers):
            if position:
                state = torch.clamp(state, min=0)
            layer = {k.removeprefix(f"layers.{position}."): v for k, v in parameters.items()}
            gates = torch.sigmoid(
                parameters["operations"] @ layer["attention.weight"] + layer["attention.bias"]
            )
            gate = dict(zip(operations, gates, strict=True))
            gate[None] = torch.sigmoid(layer["attention.bias"][0])  # what has no operation: a zero embedding
            moved = state @ layer["move.weight"]
            state = flows[form](cell, moved, gate, encoder.settings)
            state = state + _residual(encoder.settings.residual, cell, moved) + layer.get("bias", 0.0)
        read = cell.outputs
        if encoder.settings.readout == "junctions":
            read = range(cell.inputs, cell.junctions)
        parts.append(torch.stack([state[j] for j in read]).mean(dim=0))
        first += cell.inputs
    return torch.cat(parts)


def _residual(mode, cell, moved):
    keeps = {"all": cell.junctions, "inputs": cell.inputs, "none": 0}[mode]
    return moved * (torch.arange(cell.junctions) < keeps)[:, None]


def _by_sites(cell, moved, gate, settings):
    arrived = [torch.zeros_like(moved[0]) for _ in range(cell.junctions)]
    if settings.self_loops:
        for j in range(cell.inputs):
            arrived[j] = gate[None] * moved[j]
    for site in cell.sites:
        for source in site.sources:
            arrived[site.target] = arrived[site.target] + gate[site.operation] * moved[source]
        if settings.self_loops:
            arrived[site.target] = arrived[site.target] + gate[site.operation] * moved[site.target]
    if settings.aggregate == "mean":
        writers = [max(1, sum(site.target == j for site in cell.sites)) for j in range(cell.junctions)]
        arrived = [total / count for total, count in zip(arrived, writers, strict=True)]
    return torch.stack(arrived)


def _on_node(cell, moved, gate, settings):
    """G ∘ (A^T S), or G ∘ ((A^T + I) S): the gate of the target's operation after its inputs were summed."""
    adjacency = torch.zeros(cell.junctions, cell.junctions)
    gates = [gate[None] if j < cell.inputs else torch.zeros_like(moved[0]) for j in range(cell.junctions)]
    for site in cell.sites:
        gates[site.target] = gate[site.operation]
        for source in site.sources:
            adjacency[source, site.target] += 1
    reads = adjacency.T + torch.eye(cell.junctions) if settings.self_loops else adjacency.T
    return torch.stack(gates) * (reads @ moved)


def _on_edge(cell, moved, gate, settings):
    """Y[to] = Σ_from K[to, from] ∘ S[from], with the gate of the edge's operation in K, nothing where no edge is."""
    assert not settings.self_loops
    zero = torch.zeros_like(moved[0])
    table = [[zero] * cell.junctions for _ in range(cell.junctions)]
    for site in cell.sites:
        (source,) = site.sources
        table[site.target][source] = table[site.target][source] + gate[site.operation]
    kernel = torch.stack([torch.stack(row) for row in table])
    return (kernel * moved[None]).sum(dim=1)


def _multi_edge(cell, moved, gate, settings):
    """Y = mean over a node's two slots s of Σ_from K_s[to, from] ∘ S[from]; a pair may have an edge in either slot."""
    assert not settings.self_loops
    zero = torch.zeros_like(moved[0])
    tables = [[[zero] * cell.junctions for _ in range(cell.junctions)] for _ in range(2)]
    for target in range(cell.inputs, cell.junctions):
        slots = [site for site in cell.sites if site.target == target]
        for table, site in zip(tables, slots, strict=True):
            (source,) = site.sources
            table[target][source] = gate[site.operation]
    kernels = torch.stack([torch.stack([torch.stack(row) for row in table]) for table in tables])
    flows = (kernels * moved).sum(dim=2)
    return flows.mean(dim=0) if settings.aggregate == "mean" else flows.sum(dim=0)
