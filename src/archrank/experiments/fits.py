"""One fit of a comparison of predictors: trained on a part of a table, measured on another."""

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.benchmarks.indices import row_bytes
from archrank.errors import PredictorError
from archrank.experiments.grid import GridTask
from archrank.experiments.isomorphism import isomorphic_encodings, isomorphism_spread
from archrank.experiments.splits import TableSplit, drawn
from archrank.predictors.base import Predictor
from archrank.predictors.candidates import Candidates
from archrank.ranking.metrics import (
    N_AT,
    PRECISION_AT,
    TAU_IN_TOP,
    kendall_tau,
    n_at_k,
    precision_at_k,
    precision_curve,
    spearman,
    tau_in_top,
)
from archrank.settings import settings_of
from archrank.space import Rows, SearchSpace

__all__ = [
    "PredictorFits",
    "RankingFits",
    "curve_ks",
    "fit_tasks",
    "predictor_tasks",
]

Floats = npt.NDArray[np.float64]

_CURVE_POINTS = 60

_CLASSES = 200
"""The number of isomorphism classes in which the spread of scores is measured."""


def predictor_tasks(
    predictors: Iterable[str], sizes: Sequence[int], seeds: int, *, same_subset: bool = False
) -> list[GridTask]:
    """The tasks of a grid: every predictor with every size and seed.

    Args:
        predictors: The names of the predictors.
        sizes: How many architectures are trained on.
        seeds: How many seeds, from 0; a seed is the predictor's, and that of the training subset too.
        same_subset: All seeds share the subset of seed 0.
    """
    return [
        {"predictor": predictor, **fit}
        for predictor in predictors
        for fit in fit_tasks(sizes, seeds, same_subset)
    ]


def fit_tasks(sizes: Sequence[int], seeds: int, same_subset: bool) -> list[GridTask]:
    """The fits of one predictor: every size with every seed."""
    return [
        {"size": size, "subset_seed": 0 if same_subset else seed, "seed": seed}
        for size in sizes
        for seed in range(seeds)
    ]


@dataclass(frozen=True)
class RankingFits(ABC):
    """Fits a predictor for a task, and measures how it ranks the test part.

    Attributes:
        space: The space of the architectures.
        split: What is trained on and what is tested on.
        rows: The table's rows of option indices: (M, number of choices).
        targets: What is trained on, higher is better: (M,).
        test_targets: What is tested on, higher is better: (M,).

    Raises:
        PredictorError: All targets of the pool, or all of the test part, are equal.
    """

    space: SearchSpace
    split: TableSplit
    rows: Rows
    targets: Floats
    test_targets: Floats

    def __post_init__(self) -> None:
        for what, values in (
            ("pool", self.targets[self.split.pool]),
            ("test part", self.test_targets[self.split.test]),
        ):
            if values.min() == values.max():
                raise PredictorError(
                    f"all {len(values):,} targets of the {what} are {values[0]:g}, so there is nothing to rank and "
                    "Kendall's tau is undefined; choose another metric, or another split"
                )

    @property
    def digest(self) -> str:
        """A digest of the architectures and numbers that are trained and tested on, in their order."""
        digest = sha256(self.space.digest.encode())
        for part, values in ((self.split.pool, self.targets), (self.split.test, self.test_targets)):
            digest.update(row_bytes(self.rows[part], self.space))
            digest.update(np.ascontiguousarray(values[part], dtype="<f8").tobytes())
        return digest.hexdigest()

    @abstractmethod
    def cost(self, task: GridTask) -> float:
        """About how long a task takes, in any unit."""

    @abstractmethod
    def __call__(self, task: GridTask) -> dict[str, Any]:
        """Fit and measure.

        Returns:
            The measures by name. Kendall's tau is None where it is not defined: where all scores are equal.
        """

    def _known(self, task: GridTask) -> tuple[list[Architecture], Floats]:
        """What is trained on."""
        size = int(task["size"])
        subset = self.split.pool[drawn(len(self.split.pool), size, task["subset_seed"], self.split.kind)]
        return self.space.architectures(self.rows[subset]), self.targets[subset]

    def _two(self) -> tuple[list[Architecture], Floats]:
        """The worst and the best architecture of the pool: a predictor that cannot be fitted on these never can."""
        pool = self.split.pool
        two = pool[[self.targets[pool].argmin(), self.targets[pool].argmax()]]
        return self.space.architectures(self.rows[two]), self.targets[two]

    def _measured(self, predictor: Predictor, scores: Sequence[Floats]) -> dict[str, Any]:
        classes = self._isomorphic
        spread = isomorphism_spread(predictor, classes) if classes else None
        return _measures(scores, self.test_targets[self.split.test]) | {"isomorphism_spread": spread}

    @cached_property
    def _test(self) -> Candidates:
        """The test part, prepared once for each worker process."""
        return Candidates(self.space, self.rows[self.split.test])

    @cached_property
    def _isomorphic(self) -> list[Rows]:
        """Encodings of isomorphic graphs, the same for all predictors; none where a space has none."""
        return isomorphic_encodings(self.space, _CLASSES, np.random.default_rng(0))


@dataclass(frozen=True)
class PredictorFits(RankingFits):
    """Fits whole predictors, as they are used: the tasks of :func:`predictor_tasks`.

    Attributes:
        predictors: The predictors by name.
    """

    predictors: Mapping[str, Predictor] = field(default_factory=dict)

    def settings(self, tasks: Iterable[GridTask]) -> dict[str, Any]:
        """The settings of the predictors of some tasks, by name."""
        return {
            name: settings_of(self.predictors[name]) for name in dict.fromkeys(t["predictor"] for t in tasks)
        }

    def cost(self, task: GridTask) -> float:
        """About how long a task takes, in any unit."""
        return int(task["size"]) + 50.0

    def __call__(self, task: GridTask) -> dict[str, Any]:
        """Fit and measure."""
        test = self._test
        test.features  # noqa: B018 (made once for all fits, so not part of the time of one)
        began = time.perf_counter()
        predictor = self.predictors[task["predictor"]].with_seed(task["seed"]).fit(*self._known(task))
        fitted = time.perf_counter()
        scores = predictor.predict(test)
        scored = time.perf_counter()
        return self._measured(predictor, [scores]) | {
            "seconds_fit": fitted - began,
            "seconds_score": scored - fitted,
        }


def curve_ks(tested: int) -> list[int]:
    """The K at which Precision@K is kept: evenly spaced on a logarithmic axis, from 1 to all.

    >>> curve_ks(5)
    [1, 2, 3, 4, 5]
    """
    ks: list[int] = np.unique(np.geomspace(1, tested, _CURVE_POINTS).round().astype(int)).tolist()
    return ks


def _measures(last: Sequence[Floats], targets: Floats) -> dict[str, Any]:
    """All measures of the scores after the last few epochs: (B,) each."""
    scores, tested = last[-1], len(targets)
    taus = [kendall_tau(each, targets) for each in last]
    found: dict[str, Any] = {
        "tau": _known(float(np.mean(taus))),
        "tau_last": _known(taus[-1]),
        "spearman": _known(spearman(scores, targets)),
    }
    for k in N_AT:
        found[f"n_at_{k}"] = rank = n_at_k(scores, targets, k)
        found[f"n_at_{k}_share"] = rank / tested
    for share in PRECISION_AT:
        found[f"precision_at_{share}"] = precision_at_k(scores, targets, math.ceil(_part(share) * tested))
    for share in TAU_IN_TOP:
        found[f"tau_in_top_{share}"] = _known(tau_in_top(scores, targets, _part(share)))
    ks = curve_ks(tested)
    curve = precision_curve(scores, targets, ks)
    return found | {"curve_k": ks, "precision_curve": [float(each) for each in curve]}


def _part(share: str) -> float:
    return float(share.removesuffix("%")) / 100


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
