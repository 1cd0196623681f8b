"""The result of :func:`archrank.rank`."""

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.benchmarks.files import write_table
from archrank.predictors.base import Predictor
from archrank.predictors.explanation import Explanation
from archrank.space import SearchSpace
from archrank.system.frames import data_frame

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["Ranked", "Ranking", "RankingQuality"]

MIN_FOR_QUALITY = 20
"""The fewest measured architectures from which the quality of a ranking is estimated."""

_WIDENING = 1.5
"""How much wider the interval is than that of a sample; chosen by ``studies/rank_quality.py``."""

_SHOWN = 10


class Ranked(NamedTuple):
    """One architecture of a ranking.

    Attributes:
        architecture: The architecture.
        predicted: Its predicted value, in the unit of the target.
        std: The standard deviation of the prediction, in the same unit.
        rank: Its place, from 1.
    """

    architecture: Architecture
    predicted: float
    std: float
    rank: int


@dataclass(frozen=True, slots=True)
class RankingQuality:
    """How well a predictor ranks architectures that it was not fitted to, by cross-validation.

    Each measured architecture is predicted by a fit to the other parts, four fifths of them with up to 200 measured
    architectures and two thirds with more. So the fit to all of them is, if anything, a little better. Architectures
    that differ from the measured ones, such as the best of a large space, may be ranked worse.

    Attributes:
        measured: The number of held-out predictions.
        tau: Kendall's tau between held-out predictions and measurements; None if there are fewer than 20, or if all
            predictions are equal.
        interval: The approximate 95% interval of ``tau``; None without one. It is 1.5 times as wide as that of a sample
            of the same size, because fits to other measured architectures differ too. Where this was measured
            (``docs/results/rank-quality.md``), it covered the tau of unmeasured architectures in 92 to 100% of the
            fits.

    >>> print(RankingQuality(12))
    Fewer than 20 measured architectures (12) are too few to estimate how good the ranking is.
    >>> print(RankingQuality(60, 0.71, (0.56, 0.81)))
    Cross-validated Kendall's tau: 0.71 (95% interval 0.56 to 0.81), from 60 measured architectures.
    """

    measured: int
    tau: float | None = None
    interval: tuple[float, float] | None = None

    @classmethod
    def of(cls, predicted: npt.NDArray[np.float64], values: npt.NDArray[np.float64]) -> "RankingQuality":
        """The quality by held-out predictions: (n,), (n,)."""
        from archrank.ranking.metrics import kendall_tau, tau_interval

        n = len(values)
        if n < MIN_FOR_QUALITY:
            return cls(n)
        tau = kendall_tau(predicted, values)
        return cls(n) if math.isnan(tau) else cls(n, tau, tau_interval(tau, n, widening=_WIDENING))

    def __str__(self) -> str:
        """One sentence."""
        if self.measured < MIN_FOR_QUALITY:
            return (
                f"Fewer than {MIN_FOR_QUALITY} measured architectures ({self.measured}) are too few to estimate how "
                "good the ranking is."
            )
        if self.tau is None or self.interval is None:
            return (
                "Kendall's tau cannot be estimated by cross-validation: all held-out predictions are equal."
            )
        low, high = self.interval
        return (
            f"Cross-validated Kendall's tau: {self.tau:.2f} (95% interval {low:.2f} to {high:.2f}), from "
            f"{self.measured} measured architectures."
        )


@dataclass(frozen=True, eq=False)
class Ranking:
    """The best of the candidates, best first; a sequence of :class:`Ranked`.

    Attributes:
        space: The space of the architectures.
        target: The name of the predicted quantity.
        minimize: Whether lower is better.
        architectures: The B best architectures.
        predicted: Their predicted values, in the unit of the target: (B,).
        std: The standard deviations of the predictions: (B,).
        predictor: The fitted predictor.
        measured: How many measured architectures it was fitted to.
        candidates: How many architectures were ranked.
        notes: What to know about this ranking, such as a missing extra; usually empty.
        quality: How well the predictor ranks architectures that it was not fitted to.
        explanation: Which groups of features and which choices of the space the predictions rest on.
    """

    space: SearchSpace
    target: str
    minimize: bool
    architectures: tuple[Architecture, ...]
    predicted: npt.NDArray[np.float64]
    std: npt.NDArray[np.float64]
    predictor: Predictor
    measured: int
    candidates: int
    notes: tuple[str, ...] = ()
    quality: RankingQuality = RankingQuality(0)
    explanation: Explanation = field(default_factory=lambda: Explanation({}, {}))

    @property
    def columns(self) -> dict[str, list[Any]]:
        """Columns for a file: the architectures as texts, ``predicted``, ``std`` and ``rank``."""
        return {
            "architecture": [self.space.format(architecture) for architecture in self.architectures],
            "predicted": self.predicted.tolist(),
            "std": self.std.tolist(),
            "rank": list(range(1, len(self) + 1)),
        }

    def to_pandas(self) -> "DataFrame":
        """A pandas DataFrame of :attr:`columns`; ``attrs`` hold the notes, and quality and explanation as sentences.

        Raises:
            ArchrankError: pandas is not installed.
        """
        frame = data_frame(self.columns)
        frame.attrs["notes"] = list(self.notes)
        frame.attrs["quality"] = str(self.quality)
        frame.attrs["explanation"] = str(self.explanation)
        return frame

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write :attr:`columns` as CSV, Parquet or JSON lines, by the path's suffix."""
        write_table(os.fspath(path), self.columns)

    def __len__(self) -> int:
        return len(self.architectures)

    def __getitem__(self, index: int) -> Ranked:
        place = range(len(self))[index]
        return Ranked(
            self.architectures[place], float(self.predicted[place]), float(self.std[place]), place + 1
        )

    def __iter__(self) -> Iterator[Ranked]:
        return (self[index] for index in range(len(self)))

    def __repr__(self) -> str:
        """The first rows."""
        lines = [
            f"{each.rank:>4}  {each.predicted:.6g} ± {each.std:.2g}  {self.space.format(each.architecture)}"
            for each in list(self)[:_SHOWN]
        ]
        more = [f"      … and {len(self) - _SHOWN} more"] if len(self) > _SHOWN else []
        return "\n".join([f"<Ranking: {self._summary}>", *lines, *more, *self._said])

    @property
    def _said(self) -> tuple[str, ...]:
        """What is said below the rows."""
        return (str(self.quality), str(self.explanation), *self.notes)

    @property
    def _summary(self) -> str:
        direction = "lowest" if self.minimize else "highest"
        return (
            f"the {len(self)} of {self.candidates:,} architectures with the {direction} predicted {self.target}, "
            f"learned from {self.measured}"
        )

    def _repr_html_(self) -> str:
        """A table, for notebooks."""
        rows = "".join(
            f"<tr><td>{each.rank}</td><td>{each.predicted:.6g}</td><td>{each.std:.2g}</td>"
            f"<td><code>{escape(self.space.format(each.architecture))}</code></td></tr>"
            for each in self
        )
        notes = "".join(f"<p>{escape(note)}</p>" for note in self._said)
        return (
            f"<p>{escape(self._summary)}</p><table><thead><tr><th>rank</th><th>predicted</th><th>std</th>"
            f"<th>architecture</th></tr></thead><tbody>{rows}</tbody></table>{notes}"
        )
