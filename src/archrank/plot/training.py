"""The plots of trainings, from plain arrays."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from archrank.plot.links import link_line
from archrank.plot.style import EVOLUTION, MUTED, REASONS, RUN, WIDTH, theme, widths

if TYPE_CHECKING:
    from archrank.training import Epoch

__all__ = ["Curve", "draw_curves", "learning_figure", "read_curves", "training_figure"]

_BEST = (RUN, REASONS["evolved"], REASONS["explored"], EVOLUTION, "#cc79a7")
"""The colors of the best trainings, the best first."""


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """The learning curve of one training run.

    Attributes:
        epochs: The numbers of its epochs: (n,).
        accuracies: The validation accuracy after each, NaN where it was not measured: (n,).
        folder: The name of the folder that it was read from.
    """

    epochs: npt.NDArray[np.int64]
    accuracies: npt.NDArray[np.float64]
    folder: str = ""

    @property
    def last(self) -> float:
        """The last accuracy that was measured, NaN if none was."""
        measured = self.accuracies[~np.isnan(self.accuracies)]
        return float(measured[-1]) if len(measured) else np.nan


def read_curves(folder: Path) -> list[Curve]:
    """Read the curves in ``trainings/*/curve.jsonl``, one line an epoch, of a run folder.

    A training that was killed may have left an incomplete line, which is ignored; one that was resumed may hold an
    epoch twice, and the later line counts.

    Args:
        folder: The run folder.
    """
    read = (_curve(path) for path in sorted(Path(folder).glob("trainings/*/curve.jsonl")))
    return [curve for curve in read if not np.isnan(curve.accuracies).all()]


def _curve(path: Path) -> Curve:
    accuracies: dict[int, float] = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            record = json.loads(line)
            accuracies[int(record["epoch"])] = float(record["valid_accuracy"])
        except (ValueError, TypeError, KeyError):
            continue
    epochs = sorted(accuracies)
    values = np.array([accuracies[epoch] for epoch in epochs])
    return Curve(np.array(epochs, dtype=np.int64), values, path.parent.name)


def learning_figure(curves: Sequence[Curve], numbers: Mapping[str, int] | None = None) -> Figure:
    """Plot the validation accuracy of all training runs by epoch; the five that end best are highlighted.

    Args:
        curves: The trainings, at least one of whose accuracies was measured.
        numbers: The numbers of their evaluations by folder, as links to the rows of a page; None for no links.
    """
    with theme():
        figure = Figure(figsize=(WIDTH, 4.4), layout="constrained")
        axes = figure.subplots()
        draw_curves(axes, curves, numbers)
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


def draw_curves(axes: Axes, curves: Sequence[Curve], numbers: Mapping[str, int] | None = None) -> None:
    """Draw learning curves into axes, without a legend; the arguments are those of :func:`learning_figure`."""
    ranked = sorted(curves, key=lambda curve: -curve.last)
    best, others = ranked[: len(_BEST)], ranked[len(_BEST) :]
    for place, curve in enumerate(others):
        label = f"{len(others)} other training{'' if len(others) == 1 else 's'}" if place == 0 else None
        line = axes.plot(
            *_seen(curve), color=MUTED, linewidth=0.8, alpha=0.45, marker=_dot(curve), label=label
        )
        link_line(line[0], numbers, curve.folder)
    shown = zip(widths(len(best)), reversed(list(zip(best, _BEST, strict=False))), strict=True)
    for rank, (width, (curve, color)) in zip(range(len(best), 0, -1), shown, strict=True):
        line = axes.plot(
            *_seen(curve), color=color, linewidth=width, marker=_dot(curve), zorder=6 - rank / 10,
            label=f"{rank}. ends at {curve.last:.4g}",
        )  # fmt: skip
        link_line(line[0], numbers, curve.folder)
    axes.set_xlabel("epoch")
    axes.set_ylabel("validation accuracy")
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, steps=[1, 2, 2.5, 5, 10]))


def training_figure(epochs: "Sequence[Epoch]") -> Figure:
    """Plot one training run: accuracy and loss by epoch, on the training images and on the validation images.

    Args:
        epochs: Its epochs, at least one.
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
    """The measured points; lines bridge gaps."""
    measured = ~np.isnan(curve.accuracies)
    return curve.epochs[measured], curve.accuracies[measured]


def _dot(curve: Curve) -> str | None:
    """A training of a single epoch is no line."""
    return "." if np.count_nonzero(~np.isnan(curve.accuracies)) == 1 else None
