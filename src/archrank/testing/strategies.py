"""The conformance suite of a strategy: run :func:`check_strategy` over your own."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace

import numpy as np

from archrank.architecture import Architecture
from archrank.graph import Cell, Graph, Site
from archrank.space import Choice, SearchSpace
from archrank.strategies.base import Evaluated, History, Proposal, Strategy
from archrank.testing.require import require

__all__ = ["check_strategy"]


class _Small(SearchSpace):
    """24 encodings, 16 of them valid, which make 10 functions: small enough to be used up."""

    name = "check-strategy"
    choices = (Choice("a", ("x", "y", "z")), Choice("b", ("x", "y")), Choice("c", ("x", "y", "z", "w")))
    operations = ("x", "y", "z", "w")

    def is_valid(self, choices: tuple[int, ...]) -> bool:
        return sum(choices) % 3 != 0

    def graph(self, architecture: Architecture) -> Graph:
        return _chain(list(self.options(architecture).values()))

    def function(self, architecture: Architecture) -> Graph:
        return _chain([option for option in self.options(architecture).values() if option != "x"])


def _chain(operations: Sequence[str]) -> Graph:
    sites = tuple(Site(operation, (i,), i + 1) for i, operation in enumerate(operations))
    return Graph((Cell(1, len(sites) + 1, sites, (len(sites),)),))


def check_strategy(
    make_strategy: Callable[[SearchSpace], Strategy], space: SearchSpace | None = None
) -> None:
    """Check that a strategy keeps the promises of :class:`~archrank.strategies.Strategy`.

    It proposes nothing that was proposed before, whether that is measured, pending or failed; with ``unique_by =
    "function"`` no function that was; as many as are wanted while the space has them; always the same for the same
    history and generator state; and in the end everything.

    Args:
        make_strategy: Makes the strategy for a space; called several times.
        space: A space with at most a few hundred architectures, all of which the checks evaluate; a small one
            of 16 where none is given.

    Raises:
        AssertionError: A promise is broken; the message names it.

    >>> from archrank.strategies import RandomSearch
    >>> check_strategy(RandomSearch)
    """
    space = space or _Small()
    everything = space.architectures(space.rows())
    require(len(everything) >= 8, f"give a space of at least 8 architectures, not {len(everything)}")
    strategy = make_strategy(space)
    require(strategy.batch >= 1, f"batch is {strategy.batch}, expected at least 1")
    identities = _Identities(space, strategy)
    for seed in range(3):
        histories = _histories(everything, np.random.default_rng(seed))
        for name, history in histories.items():
            left = len(identities.left(history))
            for n in {1, 2, 5, max(1, left - 1), left + 3}:
                _check_proposals(make_strategy, identities, name, history, n, seed)
        for pending in (0, 3):
            _check_search(make_strategy, identities, pending, seed)


class _Identities:
    """What identifies an architecture for a strategy: its row of choices, or its function."""

    def __init__(self, space: SearchSpace, strategy: Strategy) -> None:
        self.space = space
        self.noun = "functions" if strategy.unique_by == "function" else "architectures"
        self.of: dict[Architecture, Hashable] = {
            a: space.function_key(a) if self.noun == "functions" else a
            for a in space.architectures(space.rows())
        }

    def left(self, history: History) -> set[Hashable]:
        """What history does not hold."""
        return set(self.of.values()) - {self.of[entry.architecture] for entry in history}


def _histories(everything: Sequence[Architecture], rng: np.random.Generator) -> dict[str, History]:
    order = [everything[i] for i in rng.permutation(len(everything))]
    half = order[: len(order) // 2]

    def measured(part: Sequence[Architecture]) -> list[Evaluated]:
        return [Evaluated(a, float(sum(a.choices)) + rng.normal() * 0.1) for a in part]

    mixed = [
        e if i % 3 == 0 else Evaluated(e.architecture, None, pending=i % 3 == 1)
        for i, e in enumerate(measured(half))
    ]
    return {
        "an empty history": History(),
        "one measured": History(measured(order[:1])),
        "half measured": History(measured(half)),
        "two objectives, some infeasible": History(
            replace(e, others=(float(rng.normal()),), excesses=(float(i % 3) - 1, 0.0))
            for i, e in enumerate(measured(half))
        ),
        "all infeasible": History(replace(e, excesses=(1.0,)) for e in measured(half)),
        "some given up for breaking a constraint": History(
            replace(
                e,
                score=e.score if i % 3 else None,
                excesses=(float(i % 3 == 0), -1.0 if i % 3 else float("nan")),
            )
            for i, e in enumerate(measured(half))
        ),
        "all equal": History(Evaluated(a, 0.5) for a in half),
        "measured, pending and failed mixed": History(mixed),
        "only pending": History(Evaluated(a, None, pending=True) for a in half),
        "only failed": History(Evaluated(a, None) for a in half),
        "all but one": History(measured(order[:-1])),
        "everything": History(measured(order)),
    }


def _check_proposals(
    make_strategy: Callable[[SearchSpace], Strategy],
    identities: _Identities,
    name: str,
    history: History,
    n: int,
    seed: int,
) -> None:
    before = list(history)
    strategy = make_strategy(identities.space)
    proposals = strategy.propose(history, n, np.random.default_rng(seed))
    where = f"{strategy!r} asked for {n} with {name} ({len(before)} of {len(identities.of)} architectures)"

    require(list(history) == before, f"{where} changed the history that it was given")
    _check_new(identities, history, proposals, where)
    expected = min(n, len(identities.left(history)))
    require(len(proposals) == expected, f"{where} proposed {len(proposals)}, expected {expected}")
    for again, what in ((strategy, "asked again"), (make_strategy(identities.space), "made anew")):
        repeated = again.propose(History(before), n, np.random.default_rng(seed))
        require(repeated == proposals, f"{where} proposed something else when {what} with the same generator")


def _check_new(identities: _Identities, history: History, proposals: Sequence[Proposal], where: str) -> None:
    chosen = [proposal.architecture for proposal in proposals]
    for architecture in chosen:
        require(
            architecture in identities.of,
            f"{where} proposed {architecture}, which is not a valid, canonical architecture of "
            f"{identities.space.name}",
        )
        require(architecture not in history, f"{where} proposed {architecture}, which history holds")
    require(len(set(chosen)) == len(chosen), f"{where} proposed the same architecture twice")
    proposed = {identities.of[a] for a in chosen}
    require(len(proposed) == len(chosen), f"{where} proposed the same function twice")
    require(
        proposed <= identities.left(history), f"{where} proposed a function that history holds in another row"
    )


def _check_search(
    make_strategy: Callable[[SearchSpace], Strategy], identities: _Identities, waiting: int, seed: int
) -> None:
    """A whole search: every architecture is proposed once, then none; ``waiting`` evaluations are always pending."""
    strategy, history = make_strategy(identities.space), History()
    rng = np.random.default_rng(seed)
    pending: list[Architecture] = []
    for _ in range(len(identities.of) + 1):
        proposals = strategy.propose(history, strategy.batch, np.random.default_rng([seed, len(history)]))
        found = f"{len(history)} of {len(identities.of)} architectures"
        _check_new(identities, history, proposals, f"{strategy!r}, in a search of {found},")
        if not proposals:
            break
        for proposal in proposals:
            history.record(Evaluated(proposal.architecture, None, pending=True))
            pending.append(proposal.architecture)
        while len(pending) > waiting:
            done = pending.pop(int(rng.integers(len(pending))))
            score = None if sum(done.choices) % 5 == 4 else float(done.choices[0])
            history.record(Evaluated(done, score))
    left = len(identities.left(history))
    require(
        left == 0,
        f"{strategy!r} proposed {len(history)} {identities.noun} with {waiting} always pending, "
        f"and then stopped with {left} left",
    )
