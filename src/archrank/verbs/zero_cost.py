"""Rank the architectures of a space without a measurement: by zero-cost scores of their untrained networks."""

import os
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.benchmarks.cells import ARCHITECTURE
from archrank.benchmarks.files import write_table
from archrank.benchmarks.given import as_architectures
from archrank.errors import TableError
from archrank.open_space import OpenSpace
from archrank.space import SearchSpace
from archrank.strategies.base import History
from archrank.strategies.domain import Domain
from archrank.system.arguments import checked_path, checked_whole
from archrank.system.extras import needs
from archrank.system.frames import data_frame
from archrank.system.on_progress import OnProgress, silent

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["FILE", "SAMPLE", "ZeroCostRanked", "ZeroCostRanking", "networks_of", "rank_zero_cost"]

SAMPLE = 200
"""How many random architectures are ranked where no candidates are given."""

FILE = "zero-cost.jsonl"
"""The file of the scores in a folder."""

_SHOWN = 10

Floats = npt.NDArray[np.float64]


class ZeroCostRanked(NamedTuple):
    """One architecture of a ranking.

    Attributes:
        architecture: The architecture.
        score: Its ranks by all zero-cost scores as one number, higher is better; 0 is average if it is their mean.
        rank: Its place, from 1.
    """

    architecture: Architecture
    score: float
    rank: int


@dataclass(frozen=True, eq=False)
class ZeroCostRanking:
    """The best of the candidates, best first; a sequence of :class:`ZeroCostRanked`.

    Attributes:
        space: The space of the architectures.
        architectures: The B best architectures.
        score: Their ranks as one number each: (B,).
        scores: Each zero-cost score by name: (B,); ``-inf`` where it failed, or where no path leads to the output.
        candidates: How many architectures were ranked.
    """

    space: SearchSpace
    architectures: tuple[Architecture, ...]
    score: Floats
    scores: Mapping[str, Floats]
    candidates: int

    @property
    def columns(self) -> dict[str, list[Any]]:
        """Columns for a file: the architectures as texts, ``score``, ``rank``, and each zero-cost score."""
        return {
            "architecture": [self.space.format(architecture) for architecture in self.architectures],
            "score": self.score.tolist(),
            "rank": list(range(1, len(self) + 1)),
            **{name: values.tolist() for name, values in self.scores.items()},
        }

    def to_pandas(self) -> "DataFrame":
        """A pandas DataFrame of :attr:`columns`.

        Raises:
            ArchrankError: pandas is not installed.
        """
        return data_frame(self.columns)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write :attr:`columns` as CSV, Parquet or JSON lines, by the path's suffix."""
        write_table(os.fspath(path), self.columns)

    def __len__(self) -> int:
        return len(self.architectures)

    def __getitem__(self, index: int) -> ZeroCostRanked:
        place = range(len(self))[index]
        return ZeroCostRanked(self.architectures[place], float(self.score[place]), place + 1)

    def __iter__(self) -> Iterator[ZeroCostRanked]:
        return (self[index] for index in range(len(self)))

    def __repr__(self) -> str:
        """The first rows."""
        lines = [
            f"{each.rank:>4}  {each.score:.3f}  {self.space.format(each.architecture)}"
            for each in list(self)[:_SHOWN]
        ]
        more = [f"      … and {len(self) - _SHOWN} more"] if len(self) > _SHOWN else []
        return "\n".join([f"<ZeroCostRanking: {self.summary}>", *lines, *more])

    @property
    def summary(self) -> str:
        """What is ranked, and by what."""
        return (
            f"the best {len(self)} of {self.candidates:,} architectures by the zero-cost scores "
            f"{', '.join(self.scores)}; nothing was trained"
        )

    def _repr_html_(self) -> str:
        """A table, for notebooks."""
        rows = "".join(
            f"<tr><td>{each.rank}</td><td>{each.score:.3f}</td>"
            f"<td><code>{escape(self.space.format(each.architecture))}</code></td></tr>"
            for each in self
        )
        return (
            f"<p>{escape(self.summary)}</p><table><thead><tr><th>rank</th><th>score</th><th>architecture</th></tr>"
            f"</thead><tbody>{rows}</tbody></table>"
        )


def rank_zero_cost(
    space: SearchSpace,
    top: int = 20,
    *,
    candidates: Any = None,
    sample: int | None = None,
    proxies: Any = None,
    combine: str | None = None,
    batch: Any = None,
    labels: Any = None,
    seed: int = 0,
    folder: str | os.PathLike[str] | None = None,
    on_progress: OnProgress = silent,
    architecture_column: str = ARCHITECTURE,
    delimiter: str | None = None,
    encoding: str | None = None,
) -> ZeroCostRanking:
    """Build the network of each candidate, score it without training, and return the best.

    The order is by the ranks of all scores, combined; if all are equal, a warning says so. Arguments are those of
    :func:`archrank.rank`.

    Args:
        space: A :class:`~archrank.ModuleSpace`, or a space of cells whose networks can be built.
        top: How many of the best to return.
        candidates: Rank these architectures only; None for a random sample of the space, in which the first stands for
            all that differ from it in choices about training only, because they have one network.
        sample: The size of the sample; None for 200.
        proxies: As for :func:`archrank.proxies.score`; None for its default set.
        combine: How the ranks become one number: ``"mean"`` of the standardized ranks, which None stands for, or
            ``"az-nas"``, the sum of the logarithms of ranks.
        batch: Inputs (B, …), or their shape; None for 16 random images.
        labels: The classes of the inputs.
        seed: Fixes everything random.
        folder: The scores are kept there, in ``zero-cost.jsonl``, or in this file if its name ends in ``.jsonl``.
        on_progress: Called with how many architectures are scored, and of how many.
        architecture_column: The name of the column of architectures.
        delimiter: The delimiter of text files.
        encoding: The encoding of text files.

    Raises:
        ProxyError: The networks of the space cannot be built, or a setting cannot be used.
        TableError: There are no candidates, or both candidates and a sample.
    """
    needs("training", "torch", what="zero-cost scores")
    from archrank.proxies import DEFAULTS, named_combination, score_all

    top, seed = checked_whole("top", top), checked_whole("seed", seed, minimum=0)
    if candidates is not None and sample is not None:
        raise TableError("give candidates or the size of a sample, not both")
    if candidates is None:
        size = SAMPLE if sample is None else checked_whole("sample", sample)
        pool = networks_of(space, Domain(space).remaining(History()).draw(size, np.random.default_rng(seed)))
    else:
        reading: dict[str, Any] = {"delimiter": delimiter, "encoding": encoding}
        pool = as_architectures(space, candidates, architecture_column=architecture_column, **reading)
        pool = list(dict.fromkeys(pool))
    if not pool:
        raise TableError("there are no candidates to rank")
    combination = named_combination(combine)
    kept = None if folder is None else checked_path("folder", folder)
    if kept is not None and kept.suffix != ".jsonl":
        kept /= FILE
    found = score_all(
        space,
        pool,
        proxies=DEFAULTS if proxies is None else proxies,
        batch=batch,
        labels=labels,
        seed=seed,
        file=kept,
        on_progress=on_progress,
    )
    score = combination(found)
    if len(pool) > 1 and np.ptp(score) == 0:
        warnings.warn(f"{', '.join(found)}: all scores are equal, so the order says nothing", stacklevel=3)
    best = np.argsort(-score, kind="stable")[:top]
    return ZeroCostRanking(
        space=space,
        architectures=tuple(pool[i] for i in best),
        score=score[best],
        scores={name: values[best] for name, values in found.items()},
        candidates=len(pool),
    )


def networks_of(space: SearchSpace, drawn: list[Architecture]) -> list[Architecture]:
    """The first architecture of each network."""
    if not isinstance(space, OpenSpace):
        return drawn
    first: dict[Any, Architecture] = {}
    for architecture in drawn:
        first.setdefault(space.network_key(architecture), architecture)
    return list(first.values())
