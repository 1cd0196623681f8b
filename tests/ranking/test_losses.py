import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from archrank.ranking import LOSSES, MSE, ListMLE, PairwiseBCE, PairwiseComparator, PairwiseHinge
from archrank.ranking.losses import ordered_pairs
from archrank.testing import check_loss

WHOLE = PairwiseHinge(ratio=1e9)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def tensors(*rows):
    return [torch.tensor(row, dtype=torch.float32) for row in rows]


OF_SCORES = {name: loss for name, loss in LOSSES.items() if loss is not PairwiseComparator}


@pytest.mark.parametrize("name", OF_SCORES)
def test_every_loss_conforms(name):
    check_loss(OF_SCORES[name](), pairwise=name != "mse")


def test_regression_with_a_sigmoid_conforms():
    check_loss(MSE(sigmoid=True), pairwise=False)


def test_regression_by_hand():
    scores, targets = tensors([0.0, 1.0, 3.0], [0.0, 2.0, 1.0])
    assert float(MSE()(scores, targets, generator())) == pytest.approx((0 + 1 + 4) / 3)
    guesses = [1 / (1 + math.exp(-s)) for s in (0.0, 1.0, 3.0)]
    squares = [(g - t) ** 2 for g, t in zip(guesses, (0.0, 2.0, 1.0), strict=True)]
    assert float(MSE(sigmoid=True)(scores, targets, generator())) == pytest.approx(sum(squares) / 3)


def test_regression_says_on_which_scale_it_wants_the_targets():
    targets = torch.tensor([90.0, 92.0, 94.0], dtype=torch.float64)
    assert MSE().rescaled(targets).tolist() == pytest.approx([-math.sqrt(1.5), 0.0, math.sqrt(1.5)])
    assert MSE(sigmoid=True).rescaled(targets).tolist() == [0.0, 0.5, 1.0]


@pytest.mark.parametrize("loss", [WHOLE, PairwiseHinge(margin=2.0), PairwiseHinge(margin=0.01, ratio=0.5)])
def test_other_settings_conform(loss):
    check_loss(loss)


def test_a_case_by_hand():
    """Pairs (better, worse): (1,0) apart by 0.3, (2,0) by 0.05, (1,2) by 0.25; only the second is short, by 0.05."""
    scores, targets = tensors([0.0, 0.3, 0.05], [10, 30, 20])
    assert float(WHOLE(scores, targets, generator())) == pytest.approx(0.05 / 3)


def test_a_pair_in_the_wrong_order_by_hand():
    scores, targets = tensors([1.0, 0.0], [1, 2])
    assert float(WHOLE(scores, targets, generator())) == pytest.approx(1.1)
    assert float(WHOLE(-scores, targets, generator())) == 0.0


def test_the_gradient_of_a_pair_by_hand():
    scores, targets = tensors([1.0, 0.0], [1, 2])
    scores.requires_grad_()
    WHOLE(scores, targets, generator()).backward()
    assert scores.grad.tolist() == [1.0, -1.0]  # downhill: the worse one down, the better one up


def test_margin_and_threshold():
    scores, targets = tensors([0.0, 0.0, 0.0], [0.0, 0.1, 1.0])
    assert float(PairwiseHinge(margin=0.7)(scores, targets, generator())) == pytest.approx(0.7)
    better, worse = ordered_pairs(targets, generator(), threshold=0.5)
    assert sorted(zip(better.tolist(), worse.tolist(), strict=True)) == [(2, 0), (2, 1)]


finite = st.floats(-1e3, 1e3, width=32)


@given(st.lists(st.tuples(finite, st.integers(0, 5)), min_size=1, max_size=12))
@settings(max_examples=100, deadline=None)
def test_it_is_the_mean_over_all_pairs_that_differ(rows):
    scores, targets = tensors([s for s, _ in rows], [t for _, t in rows])
    short = [
        max(0.0, 0.1 - (float(scores[i]) - float(scores[j])))
        for i, j in itertools.permutations(range(len(rows)), 2)
        if targets[i] > targets[j]
    ]
    expected = sum(short) / len(short) if short else 0.0
    assert float(WHOLE(scores, targets, generator())) == pytest.approx(expected, rel=1e-4, abs=1e-4)


@given(st.lists(st.integers(0, 6), min_size=1, max_size=30), st.floats(0, 10), st.integers(0, 99))
@settings(max_examples=150, deadline=None)
def test_pairs_differ_come_once_and_are_at_most_ratio_times_b(targets, ratio, seed):
    values = torch.tensor(targets, dtype=torch.float32)
    better, worse = ordered_pairs(values, generator(seed), ratio)
    pairs = list(zip(better.tolist(), worse.tolist(), strict=True))
    possible = sum(a > b for a in targets for b in targets)
    assert len(pairs) == len(set(pairs)) == min(possible, int(ratio * len(targets)))
    assert all(targets[i] > targets[j] for i, j in pairs)


def test_the_authors_batch_keeps_2048_pairs():
    better, _ = ordered_pairs(torch.arange(512.0), generator())
    assert len(better) == 2048


def test_every_pair_is_as_likely():
    """1,000 draws of 4 out of the 6 pairs: each pair comes 667 times, six standard deviations either side."""
    counts = dict.fromkeys(((i, j) for i in range(4) for j in range(i)), 0)
    source = generator()
    for _ in range(1000):
        for pair in zip(
            *(p.tolist() for p in ordered_pairs(torch.arange(4.0), source, ratio=1.0)), strict=True
        ):
            counts[pair] += 1
    assert all(577 < count < 757 for count in counts.values())


def test_the_generator_alone_decides_the_draw():
    targets = torch.arange(50.0)
    first, again, other = (ordered_pairs(targets, generator(s), 1.0)[0].tolist() for s in (3, 3, 4))
    assert first == again != other


def test_equal_targets_cost_nothing_and_move_nothing():
    scores, targets = tensors([3.0, -1.0, 7.0], [0.5, 0.5, 0.5])
    scores.requires_grad_()
    loss = PairwiseHinge()(scores, targets, generator())
    loss.backward()
    assert float(loss.detach()) == 0.0
    assert scores.grad.tolist() == [0.0, 0.0, 0.0]


def test_one_architecture_makes_no_pair():
    scores, targets = tensors([3.0], [0.5])
    assert float(PairwiseHinge()(scores, targets, generator())) == 0.0


@given(st.lists(finite, min_size=2, max_size=10, unique=True), st.floats(-100, 100), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_a_constant_on_all_scores_changes_nothing(scores, shift, seed):
    targets = torch.arange(float(len(scores)))
    loss = PairwiseHinge(ratio=1.0)
    (values,) = tensors(scores)
    expected = float(loss(values, targets, generator(seed)))
    assert float(loss(values + shift, targets, generator(seed))) == pytest.approx(
        expected, rel=1e-3, abs=1e-3
    )


def test_members_are_compared_by_the_same_pairs_and_summed():
    scores = torch.randn(3, 40, generator=generator())
    targets = torch.randn(40, generator=generator(1))
    loss = PairwiseHinge(ratio=1.0)
    apart = sum(float(loss(member, targets, generator(2))) for member in scores)
    assert float(loss(scores, targets, generator(2))) == pytest.approx(apart, rel=1e-5)


@pytest.mark.parametrize("scale", [1e6, 1e30, 1e-30])
def test_extreme_scores_have_finite_gradients(scale):
    scores = (torch.randn(2, 30, generator=generator()) * scale).requires_grad_()
    PairwiseHinge()(scores, torch.arange(30.0), generator()).backward()
    assert torch.isfinite(scores.grad).all()
    assert (scores.grad.abs() <= 1).all()


def test_bce_by_hand():
    """One pair, better minus worse is -1: log(1 + e)."""
    scores, targets = tensors([1.0, 0.0], [1, 2])
    assert float(PairwiseBCE()(scores, targets, generator())) == pytest.approx(math.log1p(math.e))
    assert float(PairwiseBCE()(-scores, targets, generator())) == pytest.approx(math.log1p(1 / math.e))


@given(st.lists(st.tuples(st.floats(-30, 30, width=32), st.integers(0, 5)), min_size=1, max_size=12))
@settings(max_examples=100, deadline=None)
def test_bce_is_the_mean_over_all_pairs_that_differ(rows):
    scores, targets = tensors([s for s, _ in rows], [t for _, t in rows])
    each = [
        math.log1p(math.exp(float(scores[j]) - float(scores[i])))
        for i, j in itertools.permutations(range(len(rows)), 2)
        if targets[i] > targets[j]
    ]
    expected = sum(each) / len(each) if each else 0.0
    assert float(PairwiseBCE(ratio=1e9)(scores, targets, generator())) == pytest.approx(
        expected, rel=1e-4, abs=1e-5
    )


def test_listmle_by_hand():
    """The order is 1, 2, 0: the likelihood is e^2 / (e^2 + e + 1) times e / (e + 1) times 1."""
    scores, targets = tensors([0.0, 2.0, 1.0], [10, 30, 20])
    likelihood = math.e**2 / (math.e**2 + math.e + 1) * math.e / (math.e + 1)
    assert float(ListMLE()(scores, targets, generator())) == pytest.approx(-math.log(likelihood) / 3)


@given(st.lists(st.tuples(st.floats(-30, 30, width=32), st.integers(0, 5)), min_size=1, max_size=12))
@settings(max_examples=100, deadline=None)
def test_listmle_sums_over_all_that_are_not_better(rows):
    scores, targets = tensors([s for s, _ in rows], [t for _, t in rows])
    each = [
        math.log(
            sum(
                math.exp(float(s) - float(score)) for s, t in zip(scores, targets, strict=True) if t <= target
            )
        )
        for score, target in zip(scores, targets, strict=True)
    ]
    expected = sum(each) / len(each) if len(set(targets.tolist())) > 1 else 0.0
    assert float(ListMLE()(scores, targets, generator())) == pytest.approx(expected, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("name", OF_SCORES)
def test_gradients_are_finite_on_extreme_scores_and_zero_where_nothing_is_to_be_ranked(name):
    loss = OF_SCORES[name]()
    scores, targets = tensors([1e6, -1e6, 0.0, 1e6], [1, 2, 3, 3])
    scores.requires_grad_()
    loss(scores, targets, generator()).backward()
    assert torch.isfinite(scores.grad).all()
    scores.grad = None
    if name != "mse":  # a regression looks at values, and these are not met
        loss(scores, torch.ones(4), generator()).backward()
        assert scores.grad.tolist() == [0.0] * 4


@pytest.mark.parametrize("loss", [loss() for loss in OF_SCORES.values()], ids=list(OF_SCORES))
def test_the_order_in_which_equals_are_given_does_not_matter(loss):
    scores, targets = tensors([0.3, -0.2, 0.9, 0.1], [2, 2, 1, 3])
    turned = torch.tensor([1, 0, 2, 3])
    assert float(loss(scores, targets, generator())) == pytest.approx(
        float(loss(scores[turned], targets[turned], generator())), rel=1e-5
    )
