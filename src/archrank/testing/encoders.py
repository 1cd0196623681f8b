"""The conformance suite of an encoder: run :func:`check_encoder` over your own."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import torch

from archrank.arrays import stack
from archrank.encoders import (
    Choices,
    Encoder,
    EncoderSettings,
    GraphBatch,
    NetworkBatch,
    collate_networks,
    merge,
)
from archrank.graph import Cell, Graph, Node, Site
from archrank.testing.require import require

__all__ = ["check_encoder"]

MEMBERS = 3

Batch = GraphBatch | NetworkBatch


def check_encoder(
    settings: EncoderSettings,
    graphs: Sequence[Graph],
    operations: Sequence[str],
    *,
    choices: Choices | None = None,
    seed: int = 0,
) -> None:
    """Check that an encoder keeps the promises of :class:`~archrank.encoders.Encoder`.

    Invariance to the numbering of junctions and sites is checked only for encoders of graphs, because rows of
    choices do not change when their graphs are renumbered. An encoder without parameters need not learn, and its
    members are equal.

    Args:
        settings: The encoder's settings.
        graphs: B different graphs of one make, some dozens of one space; not all of the same operations.
        operations: The K operation kinds that may stand on their sites; not used for encoders of networks.
        choices: The rows of choices of the graphs, for an encoder that reads them.
        seed: The seed of the checks' random choices.

    Raises:
        AssertionError: A promise is broken; the message names it.

    >>> from archrank.encoders import GATES
    >>> from archrank.spaces import NASBench201
    >>> space = NASBench201()
    >>> graphs = [space.graph(a) for a in space.sample(20, np.random.default_rng(0))]
    >>> check_encoder(GATES(layers=3, width=8), graphs, space.operations)
    """
    require(len(graphs) >= 4, f"give at least 4 graphs, not {len(graphs)}")
    rows = len(graphs) if choices is None else len(choices.rows)
    require(rows == len(graphs), f"give a row of choices for each of the {len(graphs)} graphs, not {rows}")
    given = _Given(graphs, operations, choices, settings.of_networks)
    batch = given.batch()
    settings = settings.completed(batch)
    _check_settings(settings, batch)
    encoder = _built(settings, batch, seed)
    embeddings = _check_shapes(encoder, batch, settings)
    _check_build(settings, batch, given.batch([0]), embeddings, seed)
    _check_what_counts(encoder, given, embeddings, np.random.default_rng(seed))
    _check_chosen(encoder, batch, embeddings)
    _check_members(encoder, settings, batch, embeddings)
    _check_gradient(encoder, settings, batch)


@dataclass(frozen=True)
class _Given:
    """The architectures that the encoder is checked on."""

    graphs: Sequence[Graph]
    operations: Sequence[str]
    choices: Choices | None
    networks: bool = False

    def batch(self, positions: Sequence[int] | None = None) -> Batch:
        """Some of the architectures, in this order, as one batch; all for None."""
        positions = range(len(self.graphs)) if positions is None else positions
        if self.networks:
            return collate_networks([self.graphs[i] for i in positions])
        choices = self.choices and replace(self.choices, rows=self.choices.rows[list(positions)])
        return merge(stack([self.graphs[i] for i in positions], self.operations), self.operations, choices)

    def relabelled(self, rng: np.random.Generator) -> "_Given":
        return replace(self, graphs=[_relabelled(graph, rng) for graph in self.graphs])


def _built(settings: EncoderSettings, template: Batch, seed: int, members: int = MEMBERS) -> Encoder:
    return settings.build(template, members, torch.Generator().manual_seed(seed))


def _embed(encoder: Encoder, batch: Batch, indices: Sequence[int] | None = None) -> torch.Tensor:
    """(E, B, D), without a gradient."""
    prepared = encoder.prepare(batch, None if indices is None else np.array(indices, dtype=np.int64))
    with torch.no_grad():
        embeddings: torch.Tensor = encoder(prepared)
    return embeddings.index_select(1, prepared.distinct)


def _learnt(encoder: Encoder) -> set[str]:
    """The names of the parameters."""
    return {name for name, _ in encoder.named_parameters()}


def _close(a: torch.Tensor, b: torch.Tensor) -> bool:
    scale = float(torch.cat([a.abs().ravel(), b.abs().ravel(), torch.zeros(1)]).max())
    return a.shape == b.shape and bool(torch.allclose(a, b, rtol=1e-4, atol=1e-4 * scale + 1e-7))


def _check_settings(settings: EncoderSettings, batch: Batch) -> None:
    try:
        rebuilt = type(settings)(**json.loads(json.dumps(asdict(settings))))
        alike = rebuilt == settings and hash(rebuilt) == hash(settings)
    except TypeError as error:
        raise AssertionError(
            f"{settings} must be a frozen dataclass of plain values that JSON can hold: {error}"
        ) from error
    require(alike, f"{settings} comes back from JSON as {rebuilt}")
    suited = type(settings).suited_to(batch)
    require(
        isinstance(suited, type(settings)),
        f"suited_to() gives {suited!r}, expected settings of {type(settings).__name__}",
    )


def _check_shapes(encoder: Encoder, batch: Batch, settings: EncoderSettings) -> torch.Tensor:
    for name, parameter in encoder.named_parameters():
        require(
            parameter.ndim >= 1 and parameter.shape[0] == MEMBERS,
            f"{settings}: the parameter {name} has the shape {tuple(parameter.shape)}, "
            f"but its first axis must be E = {MEMBERS}, the members",
        )
    prepared = encoder.prepare(batch)
    distinct = prepared.distinct
    with torch.no_grad():
        embeddings: torch.Tensor = encoder(prepared)
    require(
        tuple(distinct.shape) == (len(batch),) and distinct.dtype == torch.int64,
        f"{settings}: distinct has the shape {tuple(distinct.shape)} and type {distinct.dtype}, "
        f"expected ({len(batch)},) and torch.int64",
    )
    require(
        embeddings.ndim == 3
        and embeddings.shape[0] == MEMBERS
        and embeddings.shape[2] == encoder.features
        and 0 <= int(distinct.min()) <= int(distinct.max()) < embeddings.shape[1],
        f"{settings}: embeddings have the shape {tuple(embeddings.shape)}, expected "
        f"(E, distinct, D) = ({MEMBERS}, at least {int(distinct.max()) + 1}, {encoder.features})",
    )
    require(bool(torch.isfinite(embeddings).all()), f"{settings}: embeddings must be finite")
    embeddings = embeddings.index_select(1, distinct)
    require(
        torch.equal(embeddings, _embed(encoder, batch)), f"{settings}: the same batch must be embedded alike"
    )
    return embeddings


def _check_build(
    settings: EncoderSettings, batch: Batch, other: Batch, embeddings: torch.Tensor, seed: int
) -> None:
    before = torch.get_rng_state()
    again = _built(settings, batch, seed)
    require(
        torch.equal(before, torch.get_rng_state()),
        f"{settings}: parameters must be drawn from the generator given, not from PyTorch's own",
    )
    require(
        torch.equal(_embed(again, batch), embeddings), f"{settings}: the same generator must build the same"
    )
    require(
        torch.equal(_embed(_built(settings, other, seed), batch), embeddings),
        f"{settings}: an encoder that was built like one other graph of the same make differs",
    )
    apart = _built(settings, batch, seed + 1)
    require(
        not _learnt(apart) or not torch.equal(_embed(apart, batch), embeddings),
        f"{settings}: another generator must build another",
    )
    apart.load_state_dict(again.state_dict())
    require(
        torch.equal(_embed(apart, batch), embeddings),
        f"{settings}: an encoder with the parameters of another must embed alike; "
        "keep everything that is learnt or drawn in parameters or buffers",
    )


def _check_what_counts(
    encoder: Encoder, given: _Given, embeddings: torch.Tensor, rng: np.random.Generator
) -> None:
    """An embedding depends only on the architecture."""
    what = f"{encoder.__class__.__name__}: an embedding must not depend on"
    every = range(len(given.graphs))
    require(
        _close(_embed(encoder, given.relabelled(rng).batch()), embeddings),
        f"{what} the order of junctions and sites",
    )
    turned = _embed(encoder, given.batch(every[::-1])).flip(1)
    require(_close(turned, embeddings), f"{what} the order of the batch")
    twice = _embed(encoder, given.batch([*every, *every]))
    require(_close(twice, torch.cat([embeddings, embeddings], dim=1)), f"{what} what comes twice")
    for position in every[:8]:
        alone = _embed(encoder, given.batch([position]))
        require(_close(alone, embeddings[:, position : position + 1]), f"{what} what else is in the batch")
    apart = (embeddings - embeddings[:, :1]).abs().amax(dim=(1, 2))
    require(
        bool((apart > 0).any()),
        f"{encoder.__class__.__name__} embeds all {len(every)} graphs alike, so it cannot rank them",
    )


def _check_chosen(encoder: Encoder, batch: Batch, embeddings: torch.Tensor) -> None:
    last = len(batch) - 1
    for indices in ([0], [last, 0, 2], [1, 1, last, 1], list(range(len(batch)))):
        require(
            _close(_embed(encoder, batch, indices), embeddings[:, indices]),
            f"{encoder.__class__.__name__}: prepare(batch, {indices}) must give these embeddings in this order",
        )


def _check_members(
    encoder: Encoder, settings: EncoderSettings, batch: Batch, embeddings: torch.Tensor
) -> None:
    alone = _built(settings, batch, 0, members=1)
    learnt = _learnt(encoder)
    for member in range(MEMBERS):
        if member and learnt:
            require(
                not torch.equal(embeddings[member], embeddings[0]), f"{settings}: members must start apart"
            )
        alone.load_state_dict(
            {
                name: value[member : member + 1] if name in learnt else value
                for name, value in encoder.state_dict().items()
            }
        )
        require(
            _close(_embed(alone, batch)[0], embeddings[member]),
            f"{settings}: member {member} of {MEMBERS} must be an encoder of its own, with its slice of the parameters",
        )


def _check_gradient(encoder: Encoder, settings: EncoderSettings, batch: Batch) -> None:
    if not _learnt(encoder):
        return
    values: torch.Tensor = encoder(encoder.prepare(batch))
    encoder.zero_grad()
    values[1].square().sum().backward()  # type: ignore[no-untyped-call]
    learning = False
    for name, parameter in encoder.named_parameters():
        if parameter.grad is None:
            continue
        require(
            bool(torch.isfinite(parameter.grad).all()), f"{settings}: the gradient of {name} is not finite"
        )
        require(
            not parameter.grad[[0, 2]].any(), f"{settings}: through {name}, one member teaches the others"
        )
        learning = learning or bool(parameter.grad[1].any())
    require(learning, f"{settings}: no parameter has a gradient, so nothing can be learnt")


def _relabelled(graph: Graph, rng: np.random.Generator) -> Graph:
    """The same graph with inner junctions in another topological order, sites and sources in any order."""
    return Graph(tuple(_relabelled_cell(cell, rng) for cell in graph.cells))


def _relabelled_cell(cell: Cell, rng: np.random.Generator) -> Cell:
    position = {junction: junction for junction in range(cell.inputs)}
    waiting = set(range(cell.inputs, cell.junctions))
    reads = {j: {s for site in cell.sites if j in _targets(site) for s in site.sources} for j in waiting}
    while waiting:
        ready = sorted(j for j in waiting if reads[j] <= position.keys())
        junction = ready[rng.integers(len(ready))]
        position[junction] = len(position)
        waiting.remove(junction)
    sites = [_relabelled_site(site, position, rng) for site in cell.sites]
    shuffled = tuple(sites[i] for i in rng.permutation(len(sites)))
    outputs = tuple(position[j] for j in cell.outputs)
    return Cell(cell.inputs, cell.junctions, shuffled, outputs, cell.ordered, cell.weights)


def _relabelled_site(site: Site, position: dict[int, int], rng: np.random.Generator) -> Site:
    if not isinstance(site, Node):
        sources = tuple(position[site.sources[i]] for i in rng.permutation(len(site.sources)))
        return Site(site.operation, sources, position[site.target])
    order = range(len(site.sources)) if site.ordered else rng.permutation(len(site.sources))
    return replace(
        site,
        sources=tuple(position[site.sources[i]] for i in order),
        target=position[site.target],
        more_targets=tuple(position[j] for j in site.more_targets),
        inner=None if site.inner is None else _relabelled_cell(site.inner, rng),
    )


def _targets(site: Site) -> tuple[int, ...]:
    return site.targets if isinstance(site, Node) else (site.target,)
