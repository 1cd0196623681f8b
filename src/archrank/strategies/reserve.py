"""What a search with fidelities keeps back, so that it ends with a whole training."""

from collections.abc import Sequence
from dataclasses import replace

from archrank.strategies.base import Proposal
from archrank.strategies.rungs import Rungs, best_of

__all__ = ["affordable"]


def affordable(proposals: Sequence[Proposal], rungs: Rungs, left: int) -> list[Proposal]:
    """The proposals up to the first one that is not paid; rules propose what matters most first.

    Until a whole training has given a value, the epochs of one are kept back. Where they are all that is left, the best
    of the highest rung is trained to the end at once. A search whose rule comes to a whole training by itself never
    touches these epochs before, so it is not changed.

    Args:
        proposals: What the strategy proposes, nothing that was trained.
        rungs: What was trained and is under way.
        left: The epochs that the budget leaves.
    """
    fidelities = rungs.fidelities
    trained = {architecture: [*levels] for architecture, levels in rungs.entries.items()}
    kept = 0 if _has_whole(rungs) else _least(rungs)
    held = 0 < kept <= left  # what cannot be had is not kept back
    rest, chosen = left, []
    for proposal in proposals:
        level = proposal.fidelity
        assert level is not None
        rest -= fidelities.cost(level, trained.get(proposal.architecture, ()))
        if level == fidelities.full:
            kept = 0
        kept = min(kept, fidelities.cost(fidelities.full, [level]))
        if rest < (kept if held else 0):
            break
        trained.setdefault(proposal.architecture, []).append(level)
        chosen.append(proposal)
    return chosen or (_whole(proposals[:1], rungs) if held else [])


def _has_whole(rungs: Rungs) -> bool:
    """Whether a whole training gave a value that may be the best, or is under way."""
    whole = [of[rungs.fidelities.full] for of in rungs.entries.values() if rungs.fidelities.full in of]
    return any(entry.pending or (entry.score is not None and not entry.violation) for entry in whole)


def _least(rungs: Rungs) -> int:
    """The epochs of the cheapest whole training: of what stopped latest, where trainings are continued."""
    full, reached = rungs.fidelities.full, [0]
    for trainings in rungs.entries.values():
        *_, (level, last) = trainings.items()
        if not (last.failed or last.violation) and level < full:
            reached.append(level)
    return rungs.fidelities.cost(full, reached)


def _whole(first: Sequence[Proposal], rungs: Rungs) -> list[Proposal]:
    """The best of the highest rung, or what would begin next, trained to the end; none while others are under way."""
    if any(entry.pending for of in rungs.entries.values() for entry in of.values()):
        return []
    full = rungs.fidelities.full
    for level in reversed(rungs.fidelities.levels[:-1]):
        for architecture in best_of(rungs.paused(level), 1):
            return [Proposal(architecture, "promoted", fidelity=full)]
    return [replace(proposal, fidelity=full) for proposal in first]
