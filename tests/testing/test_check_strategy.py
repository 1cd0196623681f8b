import pytest

from archrank import Architecture
from archrank.strategies import Evaluated, Proposal, RandomSearch, Strategy
from archrank.testing import check_strategy


class Faulty(Strategy):
    def __init__(self, space, fault):
        self.space, self.batch, self.fault, self.calls = space, 1, fault, 0

    def propose(self, history, n, rng):
        self.calls += 1
        proposals = RandomSearch(self.space).propose(history, n, rng)
        return self.fault(self, history, n, proposals)


def repeats(strategy, history, n, proposals):
    return (proposals[:1] * len(proposals)) if proposals else proposals


def seen(strategy, history, n, proposals):
    return [Proposal(entry.architecture, "random") for entry in history][:n] or proposals


def outside(strategy, history, n, proposals):
    return [Proposal(Architecture(strategy.space.name, (9, 9, 9)), "random")] * min(1, n)


def short(strategy, history, n, proposals):
    return proposals[:1]


def remembers(strategy, history, n, proposals):
    return proposals if strategy.calls == 1 else proposals[::-1]


def writes(strategy, history, n, proposals):
    for proposal in proposals:
        history.record(Evaluated(proposal.architecture, None, pending=True))
    return proposals


def forgets_pending(strategy, history, n, proposals):
    pending = [entry.architecture for entry in history if entry.pending]
    return [Proposal(a, "random") for a in pending][:n] or proposals


def waits(strategy, history, n, proposals):
    return [] if any(entry.pending for entry in history) else proposals


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (repeats, "the same architecture twice"),
        (seen, "which history holds"),
        (forgets_pending, "which history holds"),
        (outside, "not a valid, canonical architecture"),
        (short, "proposed 1, expected 2"),
        (waits, "proposed 0, expected"),
        (remembers, "something else when"),
        (writes, "changed the history"),
    ],
)
def test_a_fault_is_found(fault, said):
    with pytest.raises(AssertionError, match=f"(?s)Faulty.*{said}"):
        check_strategy(lambda space: Faulty(space, fault))


def test_rows_do_where_functions_are_promised_is_found():
    def claims(space):
        strategy = RandomSearch(space)
        strategy.unique_by = "function"
        return strategy

    with pytest.raises(AssertionError, match=r"proposed the same function twice|holds in another row"):
        check_strategy(claims)
