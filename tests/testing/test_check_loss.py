"""A conformance suite is worth what it notices: each of these losses breaks one promise."""

import pytest
import torch
from torch.nn import functional as F

from archrank.ranking import PairwiseHinge
from archrank.testing import check_loss

HINGE = PairwiseHinge()


def listmle(scores, targets, generator):
    """A list-wise loss: the likelihood of the measured order, ties left out."""
    if (targets == targets[0]).all():
        return scores.sum() * 0.0
    ranked = scores[..., targets.argsort(descending=True)]
    tails = ranked.flip(-1).logcumsumexp(dim=-1).flip(-1)
    return (tails - ranked).mean(dim=-1).sum()


def regression(scores, targets, generator):
    return (torch.sigmoid(scores) - targets).square().mean(dim=-1).sum()


def test_other_good_losses_pass():
    check_loss(listmle)
    check_loss(regression, pairwise=False)


def per_architecture(scores, targets, generator):
    return (scores - targets).square()


def averaged(scores, targets, generator):
    return HINGE(scores, targets, generator) / max(1, scores[..., 0].numel())


def turned(scores, targets, generator):
    return HINGE(scores, -targets, generator)


def absolute(scores, targets, generator):
    return HINGE(scores, targets, generator) + scores.square().mean(dim=-1).sum()


def by_distance(scores, targets, generator):
    return HINGE(scores * (1 + targets.std()), targets, generator)


def of_its_own(scores, targets, generator):
    return HINGE(scores, targets, torch.Generator().manual_seed(torch.randint(99, ()).item()))


def exponential(scores, targets, generator):
    gaps = (scores[..., :, None] - scores[..., None, :]) * (targets[:, None] < targets[None, :])
    return gaps.exp().mean(dim=(-1, -2)).sum() + HINGE(scores, targets, generator)


def without_pairs(scores, targets, generator):
    differ = targets[:, None] > targets[None, :]
    gaps = torch.relu(0.1 - scores[..., :, None] + scores[..., None, :])
    return (gaps * differ).sum(dim=(-1, -2)).div(differ.sum()).sum()


def writing(scores, targets, generator):
    loss = HINGE(scores, targets, generator)
    targets += 1
    return loss


def ties_too(scores, targets, generator):
    gaps = torch.relu(0.1 - scores[..., :, None] + scores[..., None, :])
    better = (targets[:, None] >= targets[None, :]).float()
    return (gaps * better).mean(dim=(-1, -2)).sum()


def still(scores, targets, generator):
    return HINGE(scores, targets, generator).detach() + 0.0 * scores.sum()


def squared(scores, targets, generator):
    return F.mse_loss(scores, targets.expand_as(scores), reduction="mean")


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (per_architecture, "one number"),
        (averaged, "one by one"),
        (squared, "one by one"),
        (turned, "downhill"),
        (still, "downhill"),
        (absolute, "added to all scores"),
        (regression, "added to all scores"),
        (by_distance, "order of the targets"),
        (of_its_own, "generator given"),
        (exponential, "must be finite for scores"),
        (without_pairs, "nothing to learn"),
        (ties_too, "nothing to learn"),
        (writing, "changed the scores or targets"),
    ],
)
def test_a_broken_promise_is_noticed(loss, message):
    with pytest.raises(AssertionError, match=message):
        check_loss(loss)
