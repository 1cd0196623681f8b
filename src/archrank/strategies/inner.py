"""Inner searches: where the utility is cheap to ask for, as a fitted predictor's is."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.space import SearchSpace
from archrank.strategies.annealing import metropolis, temperature
from archrank.strategies.domain import Remaining

__all__ = ["Utilities", "anneal", "best_remaining", "evolve", "share_of_usual"]

Floats = npt.NDArray[np.float64]
Utilities = Callable[[Sequence[Architecture]], Floats]
"""What is maximised, for B architectures: (B,)."""

_FIRST, _LAST = 0.2, 0.01
"""Temperatures of annealing, in standard deviations of the starts' utilities."""

_USUAL_SITES = 40
"""Graphs with more sites than this take longer to lower and to score, so fewer are scored."""


def share_of_usual(space: SearchSpace) -> float:
    """How many architectures a round learns from and scores, in the usual number: 1, or less for large graphs."""
    if space.conditional:
        return 1.0
    try:
        (drawn,) = space.sample(1, np.random.default_rng(0))
        sites = sum(len(cell.sites) for cell in space.graph(drawn).cells)
    except Exception:  # a predictor that needs graphs refuses the space
        return 1.0
    return math.sqrt(min(1.0, _USUAL_SITES / max(sites, 1)))


def evolve(
    space: SearchSpace,
    utility: Utilities,
    starts: Sequence[Architecture],
    generations: int,
    rng: np.random.Generator,
) -> dict[Architecture, float]:
    """Evolve a population by mutation; the best of all architectures seen survive.

    Args:
        space: The space that is searched.
        utility: What is maximised.
        starts: The first population; every generation has as many.
        generations: How many generations follow.
        rng: The source of randomness.

    Returns:
        Every architecture seen, with its utility.
    """
    known = dict(zip(starts, utility(starts).tolist(), strict=True))
    parents = list(starts)
    for _ in range(generations):
        _utilities_of(
            [space.mutate(parents[i], rng) for i in rng.integers(len(parents), size=len(starts))],
            utility,
            known,
        )
        parents = sorted(known, key=lambda a: -known[a])[: len(starts)]
    return known


def anneal(
    space: SearchSpace,
    utility: Utilities,
    starts: Sequence[Architecture],
    steps: int,
    rng: np.random.Generator,
) -> dict[Architecture, float]:
    """Anneal independent chains in parallel, so that each step computes their utilities at once.

    The temperature falls geometrically, in standard deviations of the starts' utilities, so that their scale does not
    matter.

    Args:
        space: The space that is searched.
        utility: What is maximised.
        starts: Where each chain begins.
        steps: How many steps each chain makes.
        rng: The source of randomness.

    Returns:
        Every architecture seen, with its utility.
    """
    known = dict(zip(starts, utility(starts).tolist(), strict=True))
    chains = list(starts)
    heights = np.array([known[a] for a in chains])
    unit = float(heights.std()) or 1.0
    for step in range(steps):
        children = [space.mutate(a, rng) for a in chains]
        reached = _utilities_of(children, utility, known)
        moved = metropolis(
            (reached - heights) / unit, temperature(step / steps, _FIRST, _LAST), rng.random(len(chains))
        )
        chains = [child if m else a for a, child, m in zip(chains, children, moved, strict=True)]
        heights = np.where(moved, reached, heights)
    return known


def _utilities_of(
    architectures: Sequence[Architecture], utility: Utilities, known: dict[Architecture, float]
) -> Floats:
    """The utilities, asked for only where they are not yet known."""
    new = [a for a in dict.fromkeys(architectures) if a not in known]
    if new:
        known.update(zip(new, utility(new).tolist(), strict=True))
    return np.array([known[a] for a in architectures])


def best_remaining(
    pool: Sequence[Architecture], utilities: Floats, remaining: Remaining, n: int, rng: np.random.Generator
) -> list[int]:
    """Take the best that may still be proposed; ties are broken at random, and duplicates of a score come last.

    Args:
        pool: What to choose from: B distinct architectures.
        utilities: Their utilities: (B,).
        remaining: What may be proposed; what is chosen is taken from it.
        n: How many are wanted.
        rng: The source of randomness.

    Returns:
        Indices into the pool: ``n``, or all where fewer are left.
    """
    shuffled = rng.permutation(len(pool))
    order = shuffled[np.argsort(-utilities[shuffled], kind="stable")]
    chosen: list[int] = []
    equals: list[int] = []
    used: set[float] = set()
    for place in order.tolist():
        if len(chosen) == n:
            break
        if pool[place] not in remaining:
            continue
        utility = float(utilities[place])
        if utility in used:
            equals.append(place)
            continue
        used.add(utility)
        chosen.append(place)
        remaining.take(pool[place])
    for place in equals:
        if len(chosen) == n:
            break
        if pool[place] in remaining:
            chosen.append(place)
            remaining.take(pool[place])
    return chosen
