"""What every strategy must do, as a test that anybody can run over a strategy of their own."""

from collections.abc import Callable, Sequence

import numpy as np

from archrank.architecture import Architecture
from archrank.graph import Cell, Graph, Site
from archrank.space import Choice, SearchSpace
from archrank.strategies.base import Evaluated, History, Proposal, Strategy
from archrank.testing.require import require

__all__ = ["check_strategy"]


class _Small(SearchSpace):
    """24 encodings, 16 of them valid: small enough to be used up."""

    name = "check-strategy"
    choices = (Choice("a", ("x", "y", "z")), Choice("b", ("x", "y")), Choice("c", ("x", "y", "z", "w")))
    operations = ("x", "y", "z", "w")

    def is_valid(self, choices: tuple[int, ...]) -> bool:
        return sum(choices) % 3 != 0

    def graph(self, architecture: Architecture) -> Graph:
        options = self.options(architecture).values()
        return Graph((Cell(1, 4, tuple(Site(o, (i,), i + 1) for i, o in enumerate(options)), (3,)),))


def check_strategy(
    make_strategy: Callable[[SearchSpace], Strategy], space: SearchSpace | None = None
) -> None:
    """Check that a strategy keeps the promises of :class:`~archrank.strategies.Strategy`.

    Args:
        make_strategy: Makes the strategy for a space; called several times.
        space: A space with at most a few hundred architectures, all of which the checks evaluate; a small one
            of 16 where none is given.

    Raises:
        AssertionError: A promise is broken; the message says which.

    >>> from archrank.strategies import RandomSearch
    >>> check_strategy(RandomSearch)
    """
    space = space or _Small()
    everything = space.architectures(space.rows())
    require(len(everything) >= 8, f"give a space of at least 8 architectures, not {len(everything)}")
    require(make_strategy(space).batch >= 1, f"batch is {make_strategy(space).batch}, expected at least 1")
    for seed in range(3):
        histories = _histories(everything, np.random.default_rng(seed))
        for name, history in histories.items():
            left = len(everything) - len(history)
            for n in {1, 2, 5, max(1, left - 1), left + 3}:
                _check_proposals(make_strategy, space, name, history, n, seed)
        _check_search(make_strategy, space, len(everything), seed)


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
        "all equal": History(Evaluated(a, 0.5) for a in half),
        "measured, pending and failed mixed": History(mixed),
        "only pending": History(Evaluated(a, None, pending=True) for a in half),
        "only failed": History(Evaluated(a, None) for a in half),
        "all but one": History(measured(order[:-1])),
        "everything": History(measured(order)),
    }


def _check_proposals(
    make_strategy: Callable[[SearchSpace], Strategy],
    space: SearchSpace,
    name: str,
    history: History,
    n: int,
    seed: int,
) -> None:
    before = list(history)
    strategy = make_strategy(space)
    proposals = strategy.propose(history, n, np.random.default_rng(seed))
    where = f"{strategy!r} asked for {n} with {name} ({len(before)} of {len(space)} architectures)"

    require(list(history) == before, f"{where} changed the history that it was given")
    _check_new(space, history, proposals, where)
    expected = min(n, len(space) - len(before))
    require(len(proposals) == expected, f"{where} proposed {len(proposals)}, expected {expected}")
    for again, what in ((strategy, "asked again"), (make_strategy(space), "made anew")):
        repeated = again.propose(History(before), n, np.random.default_rng(seed))
        require(repeated == proposals, f"{where} proposed something else when {what} with the same generator")


def _check_new(space: SearchSpace, history: History, proposals: Sequence[Proposal], where: str) -> None:
    chosen = [proposal.architecture for proposal in proposals]
    everything = set(space.architectures(space.rows()))
    require(len(set(chosen)) == len(chosen), f"{where} proposed the same architecture twice")
    for architecture in chosen:
        require(
            architecture in everything,
            f"{where} proposed {architecture}, which is not a valid, canonical architecture of {space.name}",
        )
        require(architecture not in history, f"{where} proposed {architecture}, which history holds")


def _check_search(
    make_strategy: Callable[[SearchSpace], Strategy], space: SearchSpace, size: int, seed: int
) -> None:
    """A whole search: every architecture comes once, and then none."""
    strategy, history = make_strategy(space), History()
    for _ in range(size + 1):
        proposals = strategy.propose(history, strategy.batch, np.random.default_rng([seed, len(history)]))
        if not proposals:
            break
        for proposal in proposals:
            choices = proposal.architecture.choices
            score = None if sum(choices) % 5 == 4 else float(choices[0])
            history.record(Evaluated(proposal.architecture, score))
    found = f"{len(history)} of the {size} architectures"
    require(len(history) == size, f"{strategy!r} found {found} and then stopped")
