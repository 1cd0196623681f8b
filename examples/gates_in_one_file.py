"""GATES in one file: learn to rank neural architectures from a few measured ones, and search by that ranking.

Training one architecture takes hours. So train a few, learn from them which others should be better, and train
only those next. GATES is an encoder that makes this work with very few trained architectures. It models the flow of
information through operations: a state starts at the input, and each operation multiplies it, feature by feature,
with a gate between 0 and 1 that is learned for this operation. The state at the output is the embedding of the
architecture.

Read the file from top to bottom, in the order of the data flow:

    cell  ->  Graphs  ->  GATES: an embedding  ->  head: a score  ->  hinge loss over pairs  ->  search

Letters in shapes: B cells, N nodes, S operation sites, D features. Only ``main`` needs more than torch: it loads a
table of measured cells from archrank. Running the file takes about a minute on one core.

Reference: Ning et al., A Generic Graph-based Neural Architecture Encoding Scheme for Predictor-based NAS (ECCV 2020).
"""

import math
import re
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

# ---- 1. Cells as graphs ----------------------------------------------------------------------------


class Graphs(NamedTuple):
    """B cells, each with N nodes that hold a state and S sites that apply an operation.

    A site reads the sum of some nodes, applies its operation, and adds the result to a node. Node 0 is the input,
    the last one the output. Operation 0 means no operation. Tensors that all cells share have no leading B.
    """

    op: Tensor  # (B, S): the operation at every site
    src: Tensor  # (B, S, N): 1 where a site reads a node
    dst: Tensor  # (B, N, S): 1 where a site writes to a node
    keep: Tensor  # (N, 1): 1 where a node also keeps its own state without a gate (the residual)


# NAS-Bench-201: four nodes, an edge from each node to every later one, an operation per edge; 5^6 = 15,625 cells.
EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))  # (from, to), in the order of the cell's string
EDGE_OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")

# NAS-Bench-101: up to seven nodes with any edges between them, and an operation on every node but the input.
NODE_OPERATIONS = ("input", "conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3", "output")


def parse(cell: str) -> list[int]:
    """Read NAS-Bench-201's ``|op~0|+|op~0|op~1|+|op~0|op~1|op~2|``: the operation on each of EDGES."""
    tokens = re.findall(r"([^|+~]+)~(\d+)", cell)
    if [int(source) for _, source in tokens] != [source for source, _ in EDGES]:
        raise ValueError(f"{cell!r} does not name one operation for each of the edges {EDGES}")
    return [EDGE_OPERATIONS.index(name) for name, _ in tokens]


def operations_on_edges(op: Tensor) -> Graphs:
    """Cells of NAS-Bench-201, op (B, 6): an edge is a site that reads one node and writes to another."""
    src, dst = torch.zeros(6, 4), torch.zeros(4, 6)
    for edge, (source, target) in enumerate(EDGES):
        src[edge, source] = dst[target, edge] = 1
    # Nothing flows through "none", so such an edge writes nowhere.
    dst = dst * (op > 0)[:, None, :]
    # No edge enters the input, so without the residual it would lose its state in the first layer.
    return Graphs(op, src, dst, keep=torch.tensor([[1.0], [0.0], [0.0], [0.0]]))


def operations_on_nodes(adjacency: Tensor, op: Tensor) -> Graphs:
    """Cells of NAS-Bench-101, op (B, N): a node is a site that reads its predecessors and writes to itself.

    The adjacency, (B, N, N), is 1 in row i and column j for an edge from i to j. Cells with fewer than N nodes are
    padded, just before the output, with nodes that have no edges and operation 0.
    """
    itself = torch.eye(adjacency.shape[1])
    # A node reads itself as well (A + I), so its own state passes its gate, and no residual is needed.
    return Graphs(op, adjacency.transpose(1, 2) + itself, dst=itself, keep=torch.zeros(len(itself), 1))


# ---- 2. The encoder and the score ------------------------------------------------------------------


class GATESLayer(nn.Module):
    """One step of the flow. Its last line is the core of GATES, for operations on edges and on nodes."""

    def __init__(self, width_in: int, width_out: int, op_width: int, bias: bool) -> None:
        super().__init__()
        bound = width_out**-0.5
        self.W = nn.Parameter(torch.empty(width_in, width_out).uniform_(-bound, bound))
        self.attention = nn.Linear(op_width, width_out)
        self.bias = nn.Parameter(torch.empty(width_out).uniform_(-bound, bound)) if bias else 0.0

    def forward(self, x: Tensor, ops: Tensor, graphs: Graphs) -> Tensor:
        """Move states, (B, N, D), through one operation; ops are the embeddings at the sites, (B, S, D)."""
        moved = x @ self.W
        gate = torch.sigmoid(self.attention(ops))
        return graphs.dst @ (gate * (graphs.src @ moved)) + graphs.keep * moved + self.bias


class GATES(nn.Module):
    """The encoder, with the authors' settings for operations on edges (NAS-Bench-201) or nodes (NAS-Bench-101).

    A layer moves information through one operation. If a path has more operations than there are layers, the output
    depends only on the end of the path. The longest path has 3 operations in NAS-Bench-201, and 6 in NAS-Bench-101.
    """

    def __init__(self, kinds: int, on_node: bool = False, layers: int = 5, width: int = 128) -> None:
        super().__init__()
        # Operation 0 means no operation and always has the zero vector.
        self.operations = nn.Embedding(kinds, 48, padding_idx=0)
        # Only the input starts with information. All other nodes have the same start: zero, or a learned vector.
        self.input_start = nn.Parameter(torch.randn(48))
        self.other_start = nn.Parameter(torch.zeros(48), requires_grad=on_node)
        self.project = nn.Linear(48, 96)
        self.layers = nn.ModuleList(
            GATESLayer(a, b, op_width=48, bias=on_node) for a, b in pairwise([96] + [width] * layers)
        )

    def forward(self, graphs: Graphs) -> Tensor:
        """Let the information flow, and return the state at the output: (B, D)."""
        ops = self.operations(graphs.op)
        x = self.project(torch.stack([self.input_start] + [self.other_start] * (len(graphs.keep) - 1)))
        for depth, layer in enumerate(self.layers):
            x = layer(torch.relu(x) if depth else x, ops, graphs)
        return x[:, -1]


class Predictor(nn.Module):
    """Encoder and head for NAS-Bench-201. A higher score is better; only the order of scores has a meaning."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = GATES(len(EDGE_OPERATIONS))
        widths = pairwise([128] + [300] * 5)
        hidden = [nn.Sequential(nn.Linear(a, b), nn.ReLU(), nn.Dropout(0.1)) for a, b in widths]
        self.head = nn.Sequential(*hidden, nn.Linear(300, 1))

    def forward(self, cells: Tensor) -> Tensor:
        """Score cells: (B, 6) to (B,)."""
        return self.head(self.encoder(operations_on_edges(cells))).squeeze(1)


# ---- 3. Learning to rank ---------------------------------------------------------------------------


def hinge_loss(scores: Tensor, accuracies: Tensor, margin: float = 0.1, pairs_per_cell: int = 4) -> Tensor:
    """In each pair the better cell should score higher by a margin: the mean shortfall over sampled pairs.

    It uses only the order of the accuracies, because a search needs no more.
    """
    better, worse = (accuracies[:, None] > accuracies[None, :]).nonzero(as_tuple=True)
    drawn = torch.randperm(len(better))[: pairs_per_cell * len(scores)]
    shortfall = torch.relu(margin - (scores[better[drawn]] - scores[worse[drawn]]))
    return shortfall.sum() / max(len(drawn), 1)  # without different accuracies there is no pair


def fit(cells: Tensor, accuracies: Tensor, epochs: int = 200) -> Predictor:
    """Train a new predictor on measured cells, (B, 6), and their accuracies, (B,)."""
    model = Predictor()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(epochs):
        for batch in torch.randperm(len(cells)).split(512):
            loss = hinge_loss(model(cells[batch]), accuracies[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model.eval()


@torch.no_grad()
def score(model: Predictor, cells: Tensor) -> Tensor:
    """Score any number of cells, in batches to save memory: (B, 6) to (B,)."""
    return torch.cat([model(part) for part in cells.split(512)])


def kendall_tau(scores: Tensor, targets: Tensor) -> float:
    """Kendall's tau-b of scores and targets, (B,): 1 for the same order, -1 for the reverse, 0 for unrelated orders.

    It is the correlation between the signs of all pairwise differences; a tie has the sign 0.
    """
    agreement = untied_scores = untied_targets = 0.0
    # Row by row, because the signs of all B x B pairs at once would need too much memory.
    for s, t in zip(scores, targets, strict=True):
        a, b = torch.sign(scores - s).double(), torch.sign(targets - t).double()
        agreement += float(a @ b)
        untied_scores += float(a @ a)
        untied_targets += float(b @ b)
    return agreement / math.sqrt(untied_scores * untied_targets)


# ---- 4. Search -------------------------------------------------------------------------------------


def search(
    cells: Tensor,
    evaluate: Callable[[int], float],
    budget: int,
    initial: int = 20,
    batch: int = 10,
    epochs: int = 200,
) -> dict[int, float]:
    """Search for the best of the cells, (B, 6), with ``budget`` evaluations: the evaluated indices and their values."""
    budget = min(budget, len(cells))
    # Nothing is known yet, so start with random cells.
    first = torch.randperm(len(cells))[: min(initial, budget)]
    values = {index: evaluate(index) for index in first.tolist()}
    while len(values) < budget:
        # Fit a new predictor to all measurements so far: a fit takes seconds, an evaluation takes hours.
        known = torch.tensor(list(values))
        model = fit(cells[known], torch.tensor(list(values.values())), epochs)
        # A score is cheap, so score every cell. (In a huge space: many random or evolved cells.)
        scores = score(model, cells)
        # Evaluate no cell twice. Evaluate the most promising of the others, then repeat.
        scores[known] = -math.inf
        for index in scores.topk(min(batch, budget - len(values))).indices.tolist():
            values[index] = evaluate(index)
    return values


# ---- 5. Everything together, on measured cells ----------------------------------------------------


def main(training: int = 78, budget: int = 100, epochs: int = 200, seed: int = 0) -> None:
    """Rank all cells after measuring a few of them; then search for the best one."""
    import archrank as ar

    torch.manual_seed(seed)
    table = ar.load_benchmark("analog-nasbench")
    names = [table.space.format(architecture) for architecture in table.architectures]
    cells = torch.tensor([parse(name) for name in names])
    accuracies = torch.tensor(table.column("baseline_accuracy"))

    known, others = torch.randperm(len(cells)).tensor_split([training])
    model = fit(cells[known], accuracies[known], epochs)
    tau = kendall_tau(score(model, cells[others]), accuracies[others])
    print(f"Kendall's tau on {len(others):,} cells, after training on {len(known)} others: {tau:.3f}")

    values = search(cells, lambda index: float(accuracies[index]), budget, epochs=epochs)
    best = max(values, key=values.__getitem__)
    rank = 1 + int((accuracies > accuracies[best]).sum())
    print(f"best of {len(values)} cells looked at: {values[best]:.2f} %, rank {rank} of {len(cells):,}")
    print(names[best])


if __name__ == "__main__":
    main()
