"""Hierarchical GATES without any sharing: every copy of a cell is computed anew, node by node."""

import math

import torch

from archrank.graph import Node
from archrank.network_features import scaled


def embedding(encoder, graph, member=0):
    """The embedding of one network by one member: (D,)."""
    parameters = {name: value[member] for name, value in encoder.named_parameters()}
    naive = Naive(encoder.settings, parameters)
    results, inside = [], []
    for cell in graph.cells:
        states = naive.cell(cell)
        inside += [states[j] for j in live(cell) if j >= cell.inputs]
        results.append(naive.result([states[j] for j in cell.outputs], cell.ordered))
    result = results[0] if len(results) == 1 else naive.result(results, True)
    different = []
    for state in inside:
        if not any(torch.allclose(state, other, atol=1e-6) for other in different):
            different.append(state)
    return torch.cat([result, torch.stack(different).mean(dim=0) if different else torch.zeros_like(result)])


def live(cell):
    """The junctions that the outputs depend on."""
    found = set(cell.outputs)
    for _ in cell.sites:
        for site in cell.sites:
            if found.intersection(site.targets if isinstance(site, Node) else (site.target,)):
                found.update(site.sources)
    return found


class Naive:
    def __init__(self, settings, parameters):
        self.settings, self.p = settings, parameters

    def linear(self, name, value):
        bias = self.p.get(f"{name}.bias")
        return value @ self.p[f"{name}.weight"] + (0 if bias is None else bias[0])

    def cell(self, cell):
        """The states of all junctions."""
        arriving = [[] for _ in range(cell.junctions)]
        states = [self.p["start"][1 + min(i, 5)] for i in range(cell.inputs)]
        for junction in range(cell.inputs, cell.junctions + 1):
            for site in cell.sites:
                targets = site.targets if isinstance(site, Node) else (site.target,)
                # The sites that write here first, for all their sources are known.
                if junction < cell.junctions and min(targets) == junction:
                    for target, message in self.messages(site, targets, states):
                        arriving[target].append(message)
            if junction < cell.junctions:
                states.append(self.state(arriving[junction]))
        return states

    def messages(self, site, targets, states):
        reads = [states[j] for j in site.sources] or [self.p["start"][0]]
        ordered = isinstance(site, Node) and site.ordered and len(reads) > 1
        for output, target in enumerate(targets):
            operation, inner = self.operation(site, output)
            if not ordered:
                yield target, inner * self.gate(operation) * self.moved(sum(reads))
                continue
            for place, read in enumerate(reads):
                placed = operation + self.p["places"][min(place, 5)]
                yield target, inner * self.gate(placed) * self.moved(read)

    def moved(self, read):
        return read + 0.3 * self.linear("move", read)

    def operation(self, site, output):
        """Its embedding, and the state that leaves its inner cell, 1 where it has none."""
        inner = site.inner if isinstance(site, Node) else None
        if inner is None:
            found = self.plain(site)
            return (found if output == 0 else found + self.p["outputs"][min(output, 3) - 1]), 1.0
        only = inner.sites[0]
        targets = only.targets if isinstance(only, Node) else (only.target,)
        if len(inner.sites) == 1 and only.sources == tuple(range(inner.inputs)) and targets == inner.outputs:
            return self.operation(only, output)
        nothing = torch.zeros_like(self.p["kinds"][0])
        return nothing, self.cell(inner)[inner.outputs[output]]

    def plain(self, site):
        known = {name: (index, mean, std) for index, (name, mean, std) in enumerate(self.settings.numbers)}
        kinds = self.settings.kinds
        at = kinds.index(site.operation) if site.operation in kinds else None
        found = self.p["kinds"].mean(dim=0) if at is None else self.p["kinds"][at]
        values = {}
        if isinstance(site, Node):
            values = {f"{name}: attribute": scaled(value) for name, value in site.attributes}
            if site.parameters:
                values["parameters"] = math.log1p(site.parameters)
        for name, value in values.items():
            if name in known:
                index, mean, std = known[name]
                standard = max(-5.0, min(5.0, (value - mean) / std))
                found = found + standard * self.p["numbers.weight"][index]
        return found

    def gate(self, operation):
        return torch.sigmoid(self.linear("attention", operation))

    def state(self, messages):
        if not messages:
            return torch.zeros_like(self.p["start"][0])
        flow = sum(messages)
        flow = flow / torch.sqrt(flow.square().mean() + 1.0)
        return torch.relu(flow * self.p["scale"][0] + self.p["shift"][0])

    def result(self, states, ordered):
        class Output:
            operation = "output"

        operation = self.plain(Output)
        if not ordered or len(states) == 1:
            return self.state([self.gate(operation) * self.moved(sum(states))])
        return self.state(
            [
                self.gate(operation + self.p["places"][min(place, 5)]) * self.moved(read)
                for place, read in enumerate(states)
            ]
        )
