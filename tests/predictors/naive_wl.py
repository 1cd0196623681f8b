"""Weisfeiler–Lehman kernels written plainly: labels are nested tuples, kernels are double loops."""

from collections import Counter

import numpy as np

from archrank.folding import unfold
from archrank.graph import Node


def nodes_of(graph):
    """For every node its first label, and who writes what it reads; ordered arguments in their order."""
    nodes = []
    for place, cell in enumerate(graph.cells):
        start, sites = len(nodes), sorted(cell.sites, key=lambda site: site.target)
        writers = {junction: [] for junction in range(cell.junctions)}
        for number in range(cell.inputs):
            writers[number].append(start + number)
            nodes.append((("input", place, number), [], False))
        for site in sites:
            inner = isinstance(site, Node) and site.inner is not None
            label = (site.operation, getattr(site, "attributes", ()), site.classes[-1:] if inner else ())
            nodes.append(
                ((place, *label), [writers[j] for j in site.sources], getattr(site, "ordered", False))
            )
            writers[site.target].append(len(nodes) - 1)
        for number, junction in enumerate(cell.outputs):
            nodes.append((("output", place, number if cell.ordered else 0), [writers[junction]], False))
    return nodes


def labels_of(graph, iterations):
    """All labels of all iterations."""
    nodes = nodes_of(graph)
    labels = [(0, label) for label, _, _ in nodes]
    every = list(labels)
    for iteration in range(1, iterations + 1):
        refined = []
        for node, (_, reads, ordered) in enumerate(nodes):
            parts = [sorted((labels[w] for w in part), key=repr) for part in reads]
            if not ordered:
                parts = sorted((label for part in parts for label in part), key=repr)
            readers = [
                labels[other]
                for other, (_, theirs, _) in enumerate(nodes)
                for part in theirs
                for writer in part
                if writer == node
            ]
            refined.append(
                (iteration, labels[node], ordered, tuple(map(repr, parts)), tuple(sorted(map(repr, readers))))
            )
        labels = refined
        every += labels
    return Counter(map(repr, every))


def levels_of(space, architecture, levels):
    """The graphs of the levels, the coarsest first and the function last."""
    graph = space.graph(architecture)
    return [unfold(graph, levels=level) for level in range(levels - 1)] + [space.function(architecture)]


def kernels(space, architectures, levels, iterations):
    """The cosine of label counts, for each level: (levels, n, n)."""
    found = [[labels_of(g, iterations) for g in levels_of(space, a, levels)] for a in architectures]
    n = len(architectures)
    result = np.empty((levels, n, n))
    for level in range(levels):
        for i in range(n):
            for j in range(n):
                a, b = found[i][level], found[j][level]
                norms = [sum(count**2 for count in each.values()) ** 0.5 for each in (a, b)]
                result[level, i, j] = sum(a[label] * b[label] for label in a) / (norms[0] * norms[1])
    return result


def log_likelihood(kernels, weights, noise, y):
    """The logarithm of the normal density of the targets, with the best variance."""
    n = len(y)
    covariance = sum(w * k for w, k in zip(weights, kernels, strict=True)) + noise * np.eye(n)
    variance = y @ np.linalg.solve(covariance, y) / n
    _, logarithm = np.linalg.slogdet(2 * np.pi * variance * covariance)
    return -(n + logarithm) / 2


def posterior(known, mixed, itself, noise, variance, y):
    """Mean and standard deviation, from the kernels among the known, with the others, and of each other with itself."""
    inverse = np.linalg.inv(known + noise * np.eye(len(y)))
    return mixed @ inverse @ y, np.sqrt(variance * (itself - np.diag(mixed @ inverse @ mixed.T)))
