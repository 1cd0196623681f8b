"""A cell as a layer that evaluates the graph."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from archrank.graph import Cell, Site

__all__ = ["GraphCell", "summed"]


def summed(site: Site, operation: nn.Module) -> nn.Module:
    """The layer of a site whose sources all have the operation's shape: the operation on their sum."""
    return operation if len(site.sources) == 1 else _Summed(operation)


class _Summed(nn.Module):
    def __init__(self, operation: nn.Module) -> None:
        super().__init__()
        self.operation = operation

    def forward(self, *values: Tensor) -> Tensor:
        result: Tensor = self.operation(sum(values[1:], start=values[0]))
        return result


class GraphCell(nn.Module):
    """The layers of a cell's sites, called in topological order.

    A site's layer is called with the values of its source junctions, and its result is added to its target's. The
    result is the value of the cell's output, or the concatenation of several. A junction without writers is zero.

    Args:
        cell: The graph.
        layers: One layer for each of the S sites.
        stride: 2 in a cell that halves the size of the image.

    Attributes:
        drop_path: The probability with which, in training, a site's result is dropped for an image; the other results
            are scaled up accordingly. Identities are never dropped, as in DARTS.
    """

    def __init__(self, cell: Cell, layers: Sequence[nn.Module], stride: int = 1) -> None:
        super().__init__()
        order = sorted(range(len(cell.sites)), key=lambda place: cell.sites[place].target)
        self.sites = nn.ModuleList(layers[place] for place in order)
        self.drop_path = 0.0
        self._cell = cell
        self._stride = stride
        self._walk = [(cell.sites[place].sources, cell.sites[place].target) for place in order]
        self._spared = [isinstance(layer, nn.Identity) for layer in self.sites]

    def forward(self, *inputs: Tensor) -> Tensor:
        """Compute the cell's output from its inputs, each (B, channels, H, W)."""
        values: dict[int, Tensor] = dict(enumerate(inputs))
        dropping = self.training and self.drop_path > 0
        for layer, (sources, target), spared in zip(self.sites, self._walk, self._spared, strict=True):
            given = layer(*[values[s] if s in values else self._zero(inputs[0]) for s in sources])
            if dropping and not spared:
                kept = F.dropout(given.new_ones(len(given), 1, 1, 1), self.drop_path)
                given = given * kept
            values[target] = values[target] + given if target in values else given
        leaving = [values[j] if j in values else self._zero(inputs[0]) for j in self._cell.outputs]
        return leaving[0] if len(leaving) == 1 else torch.cat(leaving, dim=1)

    def _zero(self, template: Tensor) -> Tensor:
        batch, channels, height, width = template.shape
        step = self._stride
        return template.new_zeros(batch, channels, -(-height // step), -(-width // step))
