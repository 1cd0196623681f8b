"""The plots of trainings, from plain arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from archrank.plot.style import EVOLUTION, MUTED, REASONS, RUN, WIDTH, theme

if TYPE_CHECKING:
    from archrank.training import Epoch

__all__ = ["Curve", "learning_figure", "training_figure"]

_BEST = (RUN, REASONS["evolved"], REASONS["explored"], EVOLUTION, "#cc79a7")
"""The colors of the best trainings, the best first."""


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """How one training went.

    Attributes:
        epochs: The numbers of its epochs: (n,).
        accuracies: The validation accuracy after each, NaN where it was not measured: (n,).
    """

    epochs: npt.NDArray[np.int64]
    accuracies: npt.NDArray[np.float64]

    @property
    def last(self) -> float:
        """The last accuracy that was measured, NaN if none was."""
        measured = self.accuracies[~np.isnan(self.accuracies)]
        return float(measured[-1]) if len(measured) else np.nan


def learning_figure(curves: Sequence[Curve]) -> Figure:
    """Plot the validation accuracy of all trainings by epoch; the five that end best stand out.

    Args:
        curves: The trainings, at least one of whose accuracies was measured.
    """
    ranked = sorted(curves, key=lambda curve: -curve.last)
    best, others = ranked[: len(_BEST)], ranked[len(_BEST) :]
    with theme():
        figure = Figure(figsize=(WIDTH, 4.4), layout="constrained")
        axes = figure.subplots()
        for place, curve in enumerate(others):
            label = f"{len(others)} other training{'' if len(others) == 1 else 's'}" if place == 0 else None
            axes.plot(*_seen(curve), color=MUTED, linewidth=0.8, alpha=0.45, marker=_dot(curve), label=label)
        for rank, (curve, color) in reversed(list(enumerate(zip(best, _BEST, strict=False), start=1))):
            axes.plot(
                *_seen(curve), color=color, linewidth=1.8, marker=_dot(curve), zorder=6 - rank / 10,
                label=f"{rank}. ends at {curve.last:.4g}",
            )  # fmt: skip
        axes.set_xlabel("epoch")
        axes.set_ylabel("validation accuracy")
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, steps=[1, 2, 2.5, 5, 10]))
        handles, labels = axes.get_legend_handles_labels()
        figure.legend(
            handles[::-1],
            labels[::-1],
            loc="outside upper left",
            ncols=3,
            handlelength=1.6,
            columnspacing=1.6,
        )
    return figure


def training_figure(epochs: "Sequence[Epoch]") -> Figure:
    """Plot one training: accuracy and loss by epoch, over the images it learnt from and over those kept apart.

    Args:
        epochs: How it went, at least one epoch.
    """
    steps = [epoch.epoch for epoch in epochs]
    panels = (
        ("accuracy", "train_accuracy", "valid_accuracy"),
        ("cross-entropy", "train_loss", "valid_loss"),
    )
    marker = "." if len(epochs) == 1 else None
    with theme():
        figure = Figure(figsize=(WIDTH, 3.4), layout="constrained")
        for axes, (title, learnt, kept) in zip(figure.subplots(1, 2), panels, strict=True):
            axes.plot(
                steps, [getattr(epoch, learnt) for epoch in epochs], color=MUTED, linewidth=1.4, marker=marker,
                label="training images, while learning",
            )  # fmt: skip
            if getattr(epochs[-1], kept) is not None:
                axes.plot(
                    steps, [getattr(epoch, kept) for epoch in epochs], color=RUN, linewidth=2, marker=marker,
                    label="validation images",
                )  # fmt: skip
            axes.set_xlabel("epoch")
            axes.set_ylabel(title)
            axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 2.5, 5, 10]))
        handles, labels = axes.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=2, handlelength=1.6, columnspacing=1.6)
    return figure


def _seen(curve: Curve) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """What was measured: gaps are bridged."""
    measured = ~np.isnan(curve.accuracies)
    return curve.epochs[measured], curve.accuracies[measured]


def _dot(curve: Curve) -> str | None:
    """A training of a single epoch is no line."""
    return "." if np.count_nonzero(~np.isnan(curve.accuracies)) == 1 else None
