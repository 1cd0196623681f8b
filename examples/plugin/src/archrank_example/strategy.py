"""The strategy ``greedy``: unseen neighbors of the best architecture so far, then random ones."""

from archrank.strategies import Domain, Proposal, Strategy


class Greedy(Strategy):
    def __init__(self, space, candidates=None, unique_by="encoding"):
        self.space = space
        self.batch = 1
        self.unique_by = unique_by
        self._domain = Domain(space, candidates, unique_by)

    def propose(self, history, n, rng):
        remaining = self._domain.remaining(history)
        proposals = []
        ranked = sorted(history.measured, key=lambda entry: entry[1], reverse=True)
        for near in [a for best, _ in ranked[:1] for a in self.space.neighbors(best)]:
            if len(proposals) < n and near in remaining:
                remaining.take(near)
                proposals.append(Proposal(near, "evolved"))
        return proposals + [Proposal(a, "random") for a in remaining.draw(n - len(proposals), rng)]
