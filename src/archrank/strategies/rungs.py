"""A history of trainings of several lengths, by architecture and by rung."""

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cached_property

from archrank.architecture import Architecture
from archrank.strategies.base import Evaluated, History
from archrank.strategies.fidelities import Fidelities

__all__ = ["Rungs", "best_of"]


class Rungs:
    """What a history says about each architecture at each fidelity.

    Args:
        history: The trainings; entries without a fidelity are whole trainings.
        fidelities: The rungs.

    Attributes:
        fidelities: The rungs.
        entries: The trainings of each architecture by epochs, ascending, in the order of their first ones.
    """

    def __init__(self, history: History, fidelities: Fidelities) -> None:
        self.fidelities = fidelities
        found: dict[Architecture, dict[int, Evaluated]] = {}
        for entry in history:
            level = fidelities.full if entry.fidelity is None else entry.fidelity
            found.setdefault(entry.architecture, {})[level] = entry
        self.entries: Mapping[Architecture, Mapping[int, Evaluated]] = {
            architecture: dict(sorted(trainings.items())) for architecture, trainings in found.items()
        }

    def ended(self, level: int) -> list[Evaluated]:
        """The trainings of a rung that are finished or failed."""
        trainings = (of[level] for of in self.entries.values() if level in of)
        return [entry for entry in trainings if not entry.pending]

    def scores(self, level: int) -> dict[Architecture, float]:
        """The scores of a rung."""
        return {entry.architecture: entry.score for entry in self.ended(level) if entry.score is not None}

    def paused(self, level: int) -> dict[Architecture, float]:
        """The scores of what may go on from a rung: it meets the constraints, and was not tried on a higher one."""
        return {
            entry.architecture: entry.score
            for entry in self.ended(level)
            if entry.score is not None
            and not entry.violation
            and max(self.entries[entry.architecture]) == level
        }

    @cached_property
    def spent(self) -> Mapping[int, int]:
        """The epochs that the trainings of each rung cost the search, what is under way included."""
        spent = dict.fromkeys(self.fidelities.levels, 0)
        for trainings in self.entries.values():
            for level, entry in trainings.items():
                if entry.fidelity is not None:
                    spent[level] += self.fidelities.cost(level, trainings)
        return spent

    def as_one(self, score: Callable[[Architecture, Mapping[int, float]], float | None]) -> History:
        """A history with one entry for each architecture.

        Args:
            score: From an architecture and its scores by rung, at least one, to the score of the entry; None leaves
                the architecture out, as if it had not been proposed.
        """
        return History(self._entries(score))

    def _entries(
        self, score: Callable[[Architecture, Mapping[int, float]], float | None]
    ) -> Iterator[Evaluated]:
        for architecture, trainings in self.entries.items():
            *_, last = trainings.values()
            scores = {level: entry.score for level, entry in trainings.items() if entry.score is not None}
            if last.failed or not scores:
                yield Evaluated(architecture, None, last.pending, (), last.excesses, last.unrelated)
            elif (found := score(architecture, scores)) is not None:
                entry = trainings[max(scores)]
                yield Evaluated(architecture, found, False, entry.others, entry.excesses)
            elif last.pending:
                yield Evaluated(architecture, None, pending=True)


def best_of(
    scores: Mapping[Architecture, float], n: int, without: Collection[Architecture] = ()
) -> list[Architecture]:
    """The ``n`` with the highest scores, the earliest of equals first."""
    ranked = sorted(scores, key=lambda architecture: -scores[architecture])
    return [architecture for architecture in ranked if architecture not in without][:n]
