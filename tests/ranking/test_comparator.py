import math

import pytest
import torch

from archrank.ranking import PairwiseComparator, kendall_tau
from archrank.ranking.comparator import Comparator


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def made(members=2, features=3, width=5):
    comparator = Comparator(members, features, width)
    comparator.reset(generator())
    return comparator


def odds(comparator, a, b, member=0):
    """The formula, for one pair: z(a, b) = judge(relu(W1 a + W2 b + bias))."""
    c = {name: value[member] for name, value in comparator.named_parameters()}
    hidden = torch.relu(a @ c["first.weight"] + b @ c["second.weight"] + c["first.bias"])
    return (hidden @ c["judge.weight"] + c["judge.bias"]).squeeze()


def embeddings(n, members=2, features=3, seed=1):
    return torch.randn(members, n, features, generator=generator(seed))


def test_the_loss_is_the_mean_over_pairs_of_both_orders():
    comparator, e, targets = made(), embeddings(4), torch.tensor([3.0, 1.0, 3.0, 2.0])
    pairs = [(0, 1), (0, 3), (2, 1), (2, 3), (3, 1)]  # better, worse; 0 and 2 are a tie
    expected = 0.0
    for member in range(2):
        for better, worse in pairs:
            won = torch.sigmoid(odds(comparator, e[member, worse], e[member, better], member))
            lost = torch.sigmoid(odds(comparator, e[member, better], e[member, worse], member))
            expected += -(won.log() + (1 - lost).log()) / 2 / len(pairs)
    loss = PairwiseComparator(ratio=9).loss(comparator, e, targets, generator())
    torch.testing.assert_close(loss, expected)


def test_a_score_is_the_mean_log_odds_of_meetings_in_both_orders():
    comparator, e, references = made(), embeddings(4), embeddings(3, seed=2)
    scores = comparator(e, references)
    for member in range(2):
        for i in range(4):
            met = [
                odds(comparator, r, e[member, i], member) - odds(comparator, e[member, i], r, member)
                for r in references[member]
            ]
            torch.testing.assert_close(scores[member, i], sum(met) / len(met) / 2)


def test_many_architectures_are_scored_part_by_part(monkeypatch):
    comparator, e, references = made(), embeddings(23), embeddings(3, seed=2)
    whole = comparator(e, references)
    monkeypatch.setattr("archrank.ranking.comparator._NUMBERS", 100)
    torch.testing.assert_close(comparator(e, references), whole)


def test_only_the_order_of_the_targets_counts():
    comparator, e, targets = made(), embeddings(6), torch.tensor([0.1, 0.5, 0.2, 0.9, 0.3, 0.4])
    loss = PairwiseComparator(ratio=1.0)
    value = loss.loss(comparator, e, targets, generator(3))
    torch.testing.assert_close(loss.loss(comparator, e, targets.exp() * 7, generator(3)), value)


def test_equal_targets_leave_nothing_to_learn():
    comparator, e = made(), embeddings(5).requires_grad_()
    value = PairwiseComparator().loss(comparator, e, torch.ones(5), generator())
    value.backward()
    assert float(value.detach()) == 0
    assert not e.grad.any()


@pytest.mark.parametrize("scale", [0.0, 1.0, 1e6])
def test_gradients_are_finite_on_extreme_embeddings(scale):
    comparator, e = made(), (embeddings(6) * scale).requires_grad_()
    value = PairwiseComparator().loss(comparator, e, torch.arange(6.0), generator(), dropout=0.2)
    value.backward()
    assert math.isfinite(float(value.detach()))
    assert torch.isfinite(e.grad).all()


def test_it_learns_to_rank():
    e = embeddings(24, members=1, features=4)
    targets = e[0, :, 0] - 2 * e[0, :, 1] + e[0, :, 2].abs()
    comparator = Comparator(1, 4, 20)
    comparator.reset(generator())
    optimizer = torch.optim.Adam(comparator.parameters(), lr=0.02)
    drawn = generator()
    for _ in range(200):
        optimizer.zero_grad()
        PairwiseComparator().loss(comparator, e, targets, drawn).backward()
        optimizer.step()
    with torch.no_grad():
        assert kendall_tau(comparator(e, e)[0].numpy(), targets.numpy()) > 0.9
