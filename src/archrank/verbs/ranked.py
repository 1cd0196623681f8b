"""The result of :func:`archrank.rank`."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.benchmarks.files import write_table
from archrank.predictors.base import Predictor
from archrank.space import SearchSpace

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["Ranked", "Ranking"]

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
        """A pandas DataFrame of :attr:`columns`; its ``attrs`` hold the notes."""
        from pandas import DataFrame

        frame = DataFrame(self.columns)
        frame.attrs["notes"] = list(self.notes)
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
        return "\n".join([f"<Ranking: {self._summary}>", *lines, *more, *self.notes])

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
        notes = "".join(f"<p>{escape(note)}</p>" for note in self.notes)
        return (
            f"<p>{escape(self._summary)}</p><table><thead><tr><th>rank</th><th>predicted</th><th>std</th>"
            f"<th>architecture</th></tr></thead><tbody>{rows}</tbody></table>{notes}"
        )
