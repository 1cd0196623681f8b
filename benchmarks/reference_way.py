"""The plain way to train GATES on NAS-Bench-201, as the paper's authors do it, to measure ours against.

Dense tensors for every cell, every side of every pair embedded anew, Python lists turned into tensors at every call.
"""

import numpy as np
import torch
from torch import nn

# Row-major order of the lower triangle, (target, source), beside the space's own edge order.
EDGES = ((1, 0), (2, 0), (2, 1), (3, 0), (3, 1), (3, 2))


class PlainGATES(nn.Module):
    """GATES for operation-on-edge cells and its score head (method: 5 layers of 128, 48/48, 96; head 5 × 300)."""

    def __init__(self, layers: int = 5, width: int = 128) -> None:
        super().__init__()
        self.start = nn.Parameter(torch.randn(1, 48))
        self.register_buffer("other", torch.zeros(3, 48))
        self.operations = nn.Embedding(5, 48)
        self.project = nn.Linear(48, 96)
        self.weights = nn.ParameterList(
            nn.Parameter(torch.empty(96 if i == 0 else width, width).uniform_(-(width**-0.5), width**-0.5))
            for i in range(layers)
        )
        self.attention = nn.ModuleList(nn.Linear(48, width) for _ in range(layers))
        head: list[nn.Module] = []
        for i in range(5):
            head += [nn.Linear(width if i == 0 else 300, 300), nn.ReLU(), nn.Dropout(0.1)]
        self.head = nn.Sequential(*head, nn.Linear(300, 1))

    def forward(self, cells: list[list[list[int]]]) -> torch.Tensor:
        """Score cells given as 4 × 4 matrices of operation indices in nested lists: (B,)."""
        kinds = torch.tensor(cells)
        state = self.project(torch.cat([self.start, self.other])).expand(len(cells), 4, 96)
        mask = (kinds != 0)[..., None]
        embedded = self.operations(kinds)
        for i, (weight, attention) in enumerate(zip(self.weights, self.attention, strict=True)):
            moved = state @ weight
            gates = torch.sigmoid(attention(embedded)) * mask
            flow = (gates * moved[:, None]).sum(2)
            own = torch.cat([moved[:, :1], torch.zeros_like(moved[:, 1:])], dim=1)
            state = flow + own
            if i < len(self.weights) - 1:
                state = torch.relu(state)
        return self.head(state[:, 3]).squeeze(1)


def matrix(choices: tuple[int, ...]) -> list[list[int]]:
    """The 4 × 4 matrix of a cell's operation indices, rows are targets."""
    cell = [[0] * 4 for _ in range(4)]
    for (target, source), option in zip(EDGES, choices, strict=True):
        cell[target][source] = option
    return cell


def fit(
    cells: list[list[list[int]]], targets: np.ndarray, epochs: int, seed: int, batch: int = 512
) -> PlainGATES:
    """Train on pairs, embedding both sides of each."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = PlainGATES()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(epochs):
        order = rng.permutation(len(cells))
        for begin in range(0, len(cells), batch):
            chosen = order[begin : begin + batch]
            y = targets[chosen]
            first, second = np.nonzero(np.triu(np.abs(y[:, None] - y[None, :]) > 0, 1))
            kept = rng.permutation(len(first))[: 4 * len(chosen)]
            first, second = first[kept], second[kept]
            sign = torch.tensor(np.where(y[second] > y[first], 1.0, -1.0), dtype=torch.float32)
            left = model([cells[chosen[i]] for i in first])
            right = model([cells[chosen[i]] for i in second])
            loss = torch.relu(0.1 - sign * (right - left)).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model.eval()


def predict(model: PlainGATES, cells: list[list[list[int]]], batch: int = 512) -> np.ndarray:
    """Score all cells, a batch at a time."""
    with torch.no_grad():
        return np.concatenate([model(cells[i : i + batch]).numpy() for i in range(0, len(cells), batch)])
