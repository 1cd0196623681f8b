"""Where the boxes of a small directed graph go: layers from left to right, few crossings, lines around boxes.

The steps are Sugiyama's: layers by longest path; long lines cut by place-holders, one a layer, which
keep them clear of boxes; an order within each layer that crosses few lines; heights that keep lines
straight.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["Layout", "lay_out"]

Point = tuple[float, float]

_ORDER_SWEEPS = 16
_HEIGHT_SWEEPS = 240
_STRAIGHT = (1.0, 1.0, 12.0)
"""The penalty on slopes between two boxes, beside one of them, and within a long line."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A finished layout; y grows upwards.

    Attributes:
        centers: The center of every box.
        columns: Where the layer of every box begins and ends, from left to right.
        alone: For every box, whether nothing stands below it, and above it, in its layer.
        routes: For every line, the points between its ends that it passes horizontally, in pairs: into and
            out of each layer that it crosses.
        width: Width of everything.
        height: Height of everything.
    """

    centers: list[Point]
    columns: list[Point]
    alone: list[tuple[bool, bool]]
    routes: list[list[Point]]
    width: float
    height: float


def lay_out(
    sizes: Sequence[tuple[float, float]],
    lines: Sequence[tuple[int, int]],
    gap: tuple[float, float] = (26.0, 12.0),
) -> Layout:
    """Lay out boxes and the lines between them.

    Args:
        sizes: Width and height of every box.
        lines: From which box to which; acyclic; the same pair may come several times.
        gap: The smallest distance between layers, and between boxes of one layer.
    """
    layer = _layers(len(sizes), lines)
    chains, layer = _with_placeholders(layer, lines)
    segments = [pair for chain in chains for pair in pairwise(chain)]
    rows = _ordered(layer, segments)
    all_sizes = [*sizes, *([(0.0, 6.0)] * (len(layer) - len(sizes)))]
    y = _heights(rows, segments, [height for _, height in all_sizes], gap[1])
    left, width = _columns(rows, segments, [w for w, _ in all_sizes], y, layer, gap[0])

    column_width = [max(all_sizes[v][0] for v in row) for row in rows]
    middle = [left[k] + column_width[k] / 2 for k in range(len(rows))]
    low = min(y[v] - all_sizes[v][1] / 2 for v in range(len(layer)))
    high = max(y[v] + all_sizes[v][1] / 2 for v in range(len(layer)))
    centers = [(middle[layer[v]], high - y[v]) for v in range(len(sizes))]
    columns = [(left[layer[v]], left[layer[v]] + column_width[layer[v]]) for v in range(len(sizes))]
    standing = [[v for v in row if v < len(sizes)] for row in rows]
    alone = [(v == standing[layer[v]][-1], v == standing[layer[v]][0]) for v in range(len(sizes))]
    routes = [
        [
            (left[layer[v]] + side * column_width[layer[v]], high - y[v])
            for v in chain[1:-1]
            for side in (0, 1)
        ]
        for chain in chains
    ]
    return Layout(centers, columns, alone, routes, width, high - low)


def _layers(count: int, lines: Sequence[tuple[int, int]]) -> list[int]:
    """The longest path to every box; boxes with room on both sides go to the middle of it."""
    into: list[list[int]] = [[] for _ in range(count)]
    out: list[list[int]] = [[] for _ in range(count)]
    for a, b in lines:
        out[a].append(b)
        into[b].append(a)
    layer = [0] * count
    for _ in range(count):
        for a, b in lines:
            layer[b] = max(layer[b], layer[a] + 1)
    last = max(layer)
    for _ in range(3):
        for v in range(count):
            if out[v] and not into[v] and min(layer[w] for w in out[v]) > 1:
                layer[v] = min(layer[w] for w in out[v]) - 1
            elif len(into[v]) == len(out[v]) == 1:
                layer[v] = (layer[into[v][0]] + layer[out[v][0]]) // 2
    # What was moved away from the left may have left the first layer empty.
    used = sorted({*layer, last} if count else set())
    return [used.index(k) for k in layer]


def _with_placeholders(
    layer: list[int], lines: Sequence[tuple[int, int]]
) -> tuple[list[list[int]], list[int]]:
    layer = list(layer)
    chains = []
    for a, b in lines:
        chain = [a]
        for between in range(layer[a] + 1, layer[b]):
            chain.append(len(layer))
            layer.append(between)
        chains.append([*chain, b])
    return chains, layer


def _ordered(layer: list[int], segments: list[tuple[int, int]]) -> list[list[int]]:
    """Rows of boxes and place-holders, one a layer, in an order with few crossings."""
    rows: list[list[int]] = [[] for _ in range(max(layer) + 1)]
    for v, k in enumerate(layer):
        rows[k].append(v)
    before: list[list[int]] = [[] for _ in layer]
    after: list[list[int]] = [[] for _ in layer]
    for a, b in segments:
        after[a].append(b)
        before[b].append(a)

    best, fewest = [list(row) for row in rows], _all_crossings(rows, after)
    for sweep in range(_ORDER_SWEEPS):
        forward = sweep % 2 == 0
        neighbors = before if forward else after
        for k in range(1, len(rows)) if forward else range(len(rows) - 2, -1, -1):
            place = {v: i for i, v in enumerate(rows[k - 1 if forward else k + 1])}
            wanted = {v: _mean([place[w] for w in neighbors[v]], i) for i, v in enumerate(rows[k])}
            rows[k].sort(key=wanted.__getitem__)
        _swap_neighbors(rows, before, after)
        crossings = _all_crossings(rows, after)
        if crossings < fewest:
            best, fewest = [list(row) for row in rows], crossings
    return best


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _crossings(first: list[int], second: list[int]) -> int:
    """How many lines of one box cross those of the next one below it, given where they end."""
    return sum(a > b for a in first for b in second)


def _all_crossings(rows: list[list[int]], after: list[list[int]]) -> int:
    total = 0
    for row, following in pairwise(rows):
        place = {v: i for i, v in enumerate(following)}
        ends = [[place[w] for w in after[v]] for v in row]
        total += sum(_crossings(ends[i], ends[j]) for i in range(len(row)) for j in range(i + 1, len(row)))
    return total


def _swap_neighbors(rows: list[list[int]], before: list[list[int]], after: list[list[int]]) -> None:
    """Exchange boxes that lie next to each other as long as that saves crossings."""
    place = {v: i for row in rows for i, v in enumerate(row)}
    better = True
    while better:
        better = False
        for row in rows:
            for i in range(len(row) - 1):
                a, b = row[i], row[i + 1]
                gain = 0
                for neighbors in (before, after):
                    ends_a, ends_b = ([place[w] for w in neighbors[v]] for v in (a, b))
                    gain += _crossings(ends_a, ends_b) - _crossings(ends_b, ends_a)
                if gain > 0:
                    row[i], row[i + 1] = b, a
                    place[a], place[b] = i + 1, i
                    better = True


def _heights(
    rows: list[list[int]], segments: list[tuple[int, int]], heights: list[float], gap: float
) -> list[float]:
    """Heights that make lines as straight as order and gaps allow: least squares, a layer at a time."""
    into, out = Counter(b for _, b in segments), Counter(a for a, _ in segments)
    passing = [into[v] == out[v] == 1 for v in range(len(heights))]
    pulls: list[list[tuple[int, float]]] = [[] for _ in heights]
    for a, b in segments:
        weight = _STRAIGHT[passing[a] + passing[b]]
        pulls[a].append((b, weight))
        pulls[b].append((a, weight))
    y = [0.0] * len(heights)
    for sweep in range(_HEIGHT_SWEEPS):
        for row in rows if sweep % 2 == 0 else reversed(rows):
            wanted, weights = [], []
            for v in row:
                weight = sum(w for _, w in pulls[v])
                wanted.append(sum(w * y[u] for u, w in pulls[v]) / weight if weight else y[v])
                weights.append(weight or 0.1)
            for v, height in zip(row, _spread(wanted, weights, [heights[v] for v in row], gap), strict=True):
                y[v] = height
    return y


def _spread(wanted: list[float], weights: list[float], heights: list[float], gap: float) -> list[float]:
    """The heights nearest to the wanted ones that keep the order and the gaps (isotonic regression)."""
    offsets = [0.0]
    for upper, lower in pairwise(heights):
        offsets.append(offsets[-1] + (upper + lower) / 2 + gap)
    blocks: list[tuple[float, float, int]] = []
    for want, weight, offset in zip(wanted, weights, offsets, strict=True):
        mean, total, size = want - offset, weight, 1
        while blocks and blocks[-1][0] > mean:
            earlier, earlier_total, earlier_size = blocks.pop()
            mean = (earlier * earlier_total + mean * total) / (earlier_total + total)
            total += earlier_total
            size += earlier_size
        blocks.append((mean, total, size))
    means = [mean for mean, _, size in blocks for _ in range(size)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]


def _columns(
    rows: list[list[int]],
    segments: list[tuple[int, int]],
    widths: list[float],
    y: list[float],
    layer: list[int],
    gap: float,
) -> tuple[list[float], float]:
    """Where every layer begins, and the whole width; steep lines get more room."""
    climb = [0.0] * len(rows)
    for a, b in segments:
        climb[layer[b]] = max(climb[layer[b]], abs(y[a] - y[b]))
    left, x = [], 0.0
    for k, row in enumerate(rows):
        x += max(gap, 0.45 * climb[k]) if k else 0.0
        left.append(x)
        x += max(widths[v] for v in row)
    return left, x
