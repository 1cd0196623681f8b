"""TA-GATES written down naively: one architecture of one cell, site by site, with loops.

It takes the parameters of one member of a :class:`TAGATESEncoder`.
"""

import torch


def embed(encoder, graph, operations, positions, member=0):
    """The embedding of one architecture of one cell, (D,), given the position features of its sites, (S, features)."""
    (cell,) = graph.cells
    settings = encoder.settings
    parameters = {name: value[member] for name, value in encoder.named_parameters()}

    def linear(name, values):
        return values @ parameters[f"{name}.weight"] + parameters.get(f"{name}.bias", 0.0).reshape(-1)

    def two_layers(name, values):
        return linear(f"{name}.second", torch.relu(linear(f"{name}.first", values)))

    def flow(name, state, known, backwards):
        """One pass; the last states of the junctions, and what every site sent in the last layer."""
        for position in range(settings.layers):
            layer = f"{name}.{position}"
            if position:
                state = [torch.relu(each) for each in state]
            moved = [each @ parameters[f"{layer}.move.weight"] for each in state]
            arrived = [torch.zeros(settings.width) for _ in moved]
            sent = []
            for site, embedding in zip(cell.sites, known, strict=True):
                gate = torch.sigmoid(linear(f"{layer}.attention", embedding))
                if settings.open_skips and site.operation.startswith("skip"):
                    gate = torch.ones_like(gate)
                around = [*site.sources, site.target] if settings.self_loops else list(site.sources)
                heard, told = ([site.target], around) if backwards else (around, [site.target])
                sent.append(gate * sum(moved[j] for j in heard))
                for j in told:
                    arrived[j] = arrived[j] + sent[-1]
            ends = cell.outputs if backwards else range(cell.inputs)
            for j in range(cell.junctions):
                if settings.self_loops and j < cell.inputs:
                    gate = torch.sigmoid(
                        linear(f"{layer}.attention", torch.zeros(settings.operation_features))
                    )
                    arrived[j] = arrived[j] + gate * moved[j]
                if settings.residual == "all" or (settings.residual == "inputs" and j in ends):
                    arrived[j] = arrived[j] + moved[j]
                if settings.bias:
                    arrived[j] = arrived[j] + parameters[f"{layer}.bias"][0]
            state = arrived
        return state, sent

    starts = [parameters["input_start"][j] for j in range(cell.inputs)]
    starts += [parameters["other_start"][0]] * (cell.junctions - cell.inputs)
    starts = [linear("project", start) for start in starts]
    known = [
        parameters["operations"][operations.index(site.operation)]
        + settings.positions * two_layers("position", position)
        for site, position in zip(cell.sites, positions, strict=True)
    ]
    for _ in range(settings.steps - 1):
        state, forth = flow("forward_layers", starts, known, backwards=False)
        turned = two_layers("turn", torch.stack([state[j] for j in cell.outputs]).mean(dim=0))
        back = [cell.outputs.count(j) * turned for j in range(cell.junctions)]
        _, returned = flow("backward_layers", back, known, backwards=True)
        known = [
            q
            if settings.only_convolutions and "conv" not in site.operation
            else q + settings.rate * two_layers("update", torch.cat([q.detach(), f.detach(), b]))
            for site, q, f, b in zip(cell.sites, known, forth, returned, strict=True)
        ]
    state, _ = flow("forward_layers", starts, known, backwards=False)
    return torch.stack([state[j] for j in cell.outputs]).mean(dim=0)
