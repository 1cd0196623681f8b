"""The graph convolution written down naively: one architecture and one cell at a time, with dense matrices.

It takes the parameters of one member of a :class:`GCNEncoder`.
"""

import torch


def embed(encoder, graph, operations, member=0):
    """The embedding of one architecture: (C · D,)."""
    parameters = {name: value[member] for name, value in encoder.named_parameters()}
    settings = encoder.settings
    inputs = sum(cell.inputs for cell in graph.cells)
    parts, first = [], 0
    for c, cell in enumerate(graph.cells):
        s = len(cell.sites)
        starts = [parameters["operations"][operations.index(site.operation)] for site in cell.sites]
        starts += list(parameters["input_start"])
        if settings.global_node:
            starts.append(parameters["global_start"][c])
        edges = torch.zeros(len(starts), len(starts))  # edges[from, to]
        for to, site in enumerate(cell.sites):
            for junction in site.sources:
                for writer, other in enumerate(cell.sites):
                    edges[writer, to] += other.target == junction
                if junction < cell.inputs:
                    edges[s + first + junction, to] += 1
        if settings.global_node:
            edges[: s + inputs, -1] = 1
        reads = edges.T + torch.eye(len(starts)) if settings.self_loops else edges.T
        if settings.normalize:
            sums = reads.sum(dim=1)
            reads = reads / torch.sqrt(sums[:, None] * sums[None, :])
        state = torch.stack(starts) @ parameters["project.weight"] + parameters["project.bias"]
        for position in range(settings.layers):
            if position:
                state = torch.clamp(state, min=0)
            state = reads @ (state @ parameters[f"layers.{position}.move.weight"])
            state = state + parameters[f"layers.{position}.bias"]
        if settings.global_node:
            parts.append(state[-1])
        else:
            parts.append(state[:s].mean(dim=0) if s else torch.zeros(settings.width))
        first += cell.inputs
    return torch.cat(parts)
