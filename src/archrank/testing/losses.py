"""The conformance suite of a ranking loss: run :func:`check_loss` over your own."""

from collections.abc import Callable

import numpy as np
import torch

from archrank.ranking import kendall_tau
from archrank.testing.require import require

__all__ = ["Loss", "check_loss"]

Loss = Callable[[torch.Tensor, torch.Tensor, torch.Generator], torch.Tensor]
"""Scores (..., B), targets (B,) and a source of randomness to one number; members' losses are summed."""

EXTREME = 1e6


def check_loss(loss: Loss, *, pairwise: bool = True, seed: int = 0) -> None:
    """Check that a loss can train a predictor to rank.

    Args:
        loss: The loss, with its settings.
        pairwise: Whether it compares architectures with each other, so that only the order of the targets and the
            differences of the scores count; False for a regression.
        seed: The seed of the checks' random choices.

    Raises:
        AssertionError: A promise is broken; the message names it.

    >>> from archrank.ranking import PairwiseHinge
    >>> check_loss(PairwiseHinge())
    """
    rng = np.random.default_rng(seed)
    for size in (2, 3, 16, 40):
        scores = torch.from_numpy(rng.normal(size=(3, size))).float()
        targets = torch.from_numpy(rng.permutation(size) / size).float()
        _check_value(loss, scores, targets)
        _check_members(loss, scores, targets)
        _check_gradients(loss, scores, targets)
        if pairwise:
            _check_order_only(loss, scores, targets)
    _check_learning(loss, rng)


def _value(loss: Loss, scores: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return loss(scores, targets, torch.Generator().manual_seed(1))


def _gradient(loss: Loss, scores: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    scores = scores.clone().requires_grad_()
    _value(loss, scores, targets).backward()  # type: ignore[no-untyped-call]
    require(
        scores.grad is not None, f"{loss}: scores must have a gradient, zero where nothing is to be learnt"
    )
    assert scores.grad is not None
    return scores.grad


def _same(a: torch.Tensor, b: torch.Tensor) -> bool:
    return bool(torch.allclose(a, b, rtol=1e-4, atol=1e-5))


def _check_value(loss: Loss, scores: torch.Tensor, targets: torch.Tensor) -> None:
    before = scores.clone(), targets.clone(), torch.get_rng_state()
    value = _value(loss, scores, targets)
    require(value.shape == (), f"{loss}: a loss is one number, but its shape is {tuple(value.shape)}")
    require(bool(torch.isfinite(value)), f"{loss}: finite scores and targets gave {value}")
    require(
        torch.equal(scores, before[0]) and torch.equal(targets, before[1]),
        f"{loss} changed the scores or targets that it was given",
    )
    again = _value(loss, scores, targets)
    require(
        torch.equal(value, again) and torch.equal(torch.get_rng_state(), before[2]),
        f"{loss}: all randomness must come from the generator given",
    )


def _check_members(loss: Loss, scores: torch.Tensor, targets: torch.Tensor) -> None:
    together = _value(loss, scores, targets)
    apart = torch.stack([_value(loss, member, targets) for member in scores])
    require(
        _same(together, apart.sum()),
        f"{loss}: three members' scores (3, B) cost {together}, the members one by one {apart.tolist()}; "
        "members must be compared by the same draws and summed",
    )


def _check_gradients(loss: Loss, scores: torch.Tensor, targets: torch.Tensor) -> None:
    for extreme in (scores, scores * EXTREME, torch.zeros_like(scores), torch.full_like(scores, -EXTREME)):
        require(
            bool(torch.isfinite(_value(loss, extreme, targets)))
            and bool(torch.isfinite(_gradient(loss, extreme, targets)).all()),
            f"{loss}: the loss and its gradient must be finite for scores of up to {float(extreme.abs().max()):.1e}",
        )


def _check_order_only(loss: Loss, scores: torch.Tensor, targets: torch.Tensor) -> None:
    value = _value(loss, scores, targets)
    for shift in (-3.0, 100.0):
        require(
            bool(torch.allclose(_value(loss, scores + shift, targets), value, rtol=1e-3, atol=1e-4)),
            f"{loss} changes when {shift} is added to all scores",
        )
    ranks = targets.argsort().argsort()
    for other in (ranks.float(), ranks.float().exp2().log1p() - 7):
        require(
            _same(_value(loss, scores, other), value), f"{loss} depends on more than the order of the targets"
        )
    tied = torch.ones_like(targets)
    require(
        float(_value(loss, scores, tied)) == 0 and not _gradient(loss, scores, tied).any(),
        f"{loss}: where all targets are equal there is nothing to learn: zero, with a zero gradient",
    )


def _check_learning(loss: Loss, rng: np.random.Generator) -> None:
    """Scores that minimize the loss have the order of the targets."""
    targets = torch.from_numpy(rng.permutation(12) / 12).float()
    scores = torch.from_numpy(rng.normal(scale=0.1, size=12)).float().requires_grad_()
    optimizer = torch.optim.Adam([scores], lr=0.02)
    generator = torch.Generator().manual_seed(1)
    first = float(_value(loss, scores.detach(), targets))
    for _ in range(300):
        optimizer.zero_grad()
        loss(scores, targets, generator).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    last = float(_value(loss, scores.detach(), targets))
    tau = kendall_tau(scores.detach().numpy(), targets.numpy())
    require(
        last < first and tau > 0.9,
        f"{loss}: 300 steps downhill took the loss from {first:.3g} to {last:.3g} and Kendall's tau to {tau:.2f}; "
        "expected a smaller loss and a tau above 0.9: scores are higher-is-better",
    )
