"""The sites of many cells at once: in which order they compute, which of them matter, and how deep they lie."""

import numpy as np
import numpy.typing as npt

from archrank.arrays import CellArrays

__all__ = ["NOWHERE", "Shorts", "Sites", "depths", "live_sites"]

Ints = npt.NDArray[np.int32]
Shorts = npt.NDArray[np.int16]

NOWHERE = 10_000
"""More than the length of any path."""


class Sites:
    """A part of the B graphs, with an additional junction, number N, as padding.

    Attributes:
        inputs: The number of junctions that are inputs of the cell.
        present: (B, N).
        kind: The operation kind at each site, -1 for no site: (B, S).
        there: Whether there is such a site: (B, S).
        target: (B, S).
        sources: (B, S, R).
        outputs: (B, O).
    """

    def __init__(self, cell: CellArrays, rows: slice) -> None:
        nowhere = cell.present.shape[1]
        self.inputs = cell.inputs
        self.present = cell.present[rows]
        self.kind = cell.operation[rows].astype(np.int32)
        self.there = self.kind >= 0
        target = np.broadcast_to(cell.target, cell.operation.shape)[rows].astype(np.int32)
        self.target = np.where(self.there, target, nowhere)
        sources = cell.sources[rows].astype(np.int32)
        self.sources = np.where((sources >= 0) & self.there[:, :, None], sources, nowhere)
        self.outputs = np.where(cell.outputs[rows] >= 0, cell.outputs[rows], nowhere).astype(np.int32)
        self.rows = np.arange(len(self.present))[:, None]

    def in_order(self) -> list[tuple[int, Ints]]:
        """Sites in the order of their targets, each with the graphs in which it comes next."""
        nowhere = self.present.shape[1]
        visits = [
            (junction, site, np.flatnonzero(target == junction).astype(np.int32))
            for site, target in enumerate(self.target.T)
            for junction in np.flatnonzero(np.bincount(target)).tolist()
            if self.inputs <= junction < nowhere
        ]
        visits.sort(key=lambda visit: visit[:2])
        return [(site, rows) for _, site, rows in visits]

    def at(self, values: npt.NDArray[np.generic], junctions: Ints) -> npt.NDArray[np.generic]:
        """The values, (B, N + 1), of the given junctions: (B, …)."""
        flat = junctions.reshape(len(junctions), -1)
        return np.take_along_axis(values, flat, axis=1).reshape(junctions.shape)


def live_sites(sites: Sites, visits: list[tuple[int, Ints]]) -> npt.NDArray[np.bool_]:
    """Which sites lie on a path from an input to an output: (B, S)."""
    count, junctions = sites.present.shape
    reached = np.zeros((count, junctions + 1), dtype=bool)
    reached[:, : sites.inputs] = True
    needed = np.zeros_like(reached)
    needed[sites.rows, sites.outputs] = True
    needed[:, junctions] = False
    fed = np.zeros(sites.kind.shape, dtype=bool)
    for site, rows in visits:
        fed[rows, site] = reached[rows[:, None], sites.sources[rows, site]].any(axis=1)
        reached[rows, sites.target[rows, site]] |= fed[rows, site]
    live = np.zeros_like(fed)
    for site, rows in reversed(visits):
        wanted = rows[needed[rows, sites.target[rows, site]]]
        live[wanted, site] = fed[wanted, site]
        needed[wanted[:, None], sites.sources[wanted, site]] = True
        needed[:, junctions] = False
    return live


def depths(sites: Sites, visits: list[tuple[int, Ints]]) -> list[Shorts]:
    """Fewest and most operations on paths from an input to each site, then from it to an output: four times (B, S)."""
    count, junctions = sites.present.shape
    # The maximum is the minimum of the negative, so one minimum computes both.
    step = np.array([1, -1], dtype=np.int16)
    way_in = np.full((count, sites.kind.shape[1], 2), NOWHERE, dtype=np.int16)
    way_out = way_in.copy()
    far = np.full((count, junctions + 1, 2), NOWHERE, dtype=np.int16)
    far[:, : sites.inputs] = 0
    for site, rows in visits:
        way_in[rows, site] = far[rows[:, None], sites.sources[rows, site]].min(axis=1)
        target = rows, sites.target[rows, site]
        far[target] = np.minimum(far[target], way_in[rows, site] + step)
    far.fill(NOWHERE)
    far[sites.rows, sites.outputs] = 0
    for site, rows in reversed(visits):
        way_out[rows, site] = far[rows, sites.target[rows, site]]
        sources = rows[:, None], sites.sources[rows, site]
        far[sources] = np.minimum(far[sources], way_out[rows, site, None] + step)
    return [each for depth in (way_in, way_out) for each in (depth[:, :, 0], -depth[:, :, 1])]
