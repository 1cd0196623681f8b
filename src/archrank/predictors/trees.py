"""Gradient-boosted trees on the features of graphs: quick, and hard to beat with very few labels."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load as read_arrays
from safetensors.numpy import save as array_bytes

from archrank.architecture import Architecture
from archrank.errors import PredictorError, UnknownName
from archrank.predictors import saved
from archrank.predictors.base import Floats, Predictor
from archrank.predictors.candidates import Candidates
from archrank.predictors.feature_map import feature_map
from archrank.predictors.forest import Forest
from archrank.predictors.targets import checked_targets, normal_scores
from archrank.predictors.threads import one_thread
from archrank.space import Rows, SearchSpace

if TYPE_CHECKING:
    from lightgbm import Booster

__all__ = ["BoostedTrees", "trees_can_grow"]

Objective = Literal["regression", "ranking"]

_GRADES = 30
"""A ranking objective knows grades, not values: so many at most."""

_MANY = 20_000
"""So many architectures are scored by several threads."""

_GROUP = 10_000
"""The most architectures that LightGBM ranks in one list."""


class BoostedTrees(Predictor):
    """LightGBM on the features of graphs (:mod:`archrank.features`).

    Targets enter as normal scores, or as grades by rank, so that only their order counts.

    Args:
        space: The space whose architectures are ranked.
        objective: ``"regression"`` on normal scores, or ``"ranking"`` by LambdaRank.
        trees: How many trees are added up.
        leaves: The most leaves of a tree.
        learning_rate: How much of each tree is added.
        rows: Share of the architectures that each tree sees.
        columns: Share of the features that each tree sees.
        least: The fewest architectures in a leaf.
        members: How many models are fitted, with other draws of rows and columns; their scores are averaged.
        seed: Fixes the draws.
        hints: Fitted predictors of something else of the same space; what they say joins the features.
        sizes: Whether parameters and multiply-adds join the features, where the space knows its network.

    Where LightGBM cannot be loaded, as on a system without OpenMP, :meth:`fit` and :meth:`load` raise a PredictorError.

    Reference: Ke et al., LightGBM (NeurIPS 2017); Kadlecová et al., GRAF (ICML 2024), for trees on graph features.
    """

    def __init__(
        self,
        space: SearchSpace,
        objective: Objective = "regression",
        *,
        trees: int = 300,
        leaves: int = 15,
        learning_rate: float = 0.05,
        rows: float = 0.7,
        columns: float = 0.4,
        least: int = 5,
        members: int = 4,
        seed: int = 0,
        hints: Sequence[Predictor] = (),
        sizes: bool = False,
    ) -> None:
        self.space = space
        self.objective: Objective = objective
        self.trees = trees
        self.leaves = leaves
        self.learning_rate = learning_rate
        self.rows = rows
        self.columns = columns
        self.least = least
        self.members = members
        self.seed = seed
        self.hints = tuple(hints)
        self.sizes = sizes

    def fit(self, architectures: Sequence[Architecture], targets: npt.ArrayLike) -> Self:
        """Grow the trees (see :meth:`Predictor.fit`)."""
        lightgbm = _lightgbm()
        self._check_settings()
        values = checked_targets(architectures, targets)
        x = self._read(Candidates(self.space, architectures))
        ranking = self.objective == "ranking"
        seeds = np.random.SeedSequence(self.seed).generate_state(self.members) >> 1
        self._boosters: list[Booster] = []
        for seed in seeds.tolist():
            data = lightgbm.Dataset(
                x,
                _grades(values) if ranking else normal_scores(values),
                group=_groups(len(values)) if ranking else None,
                params={"min_data_in_bin": 1, "verbosity": -1, "num_threads": 1},
            )
            # Without keep_training_booster it would be written out and read again.
            grown = lightgbm.train(
                self._parameters(seed, len(values)), data, self.trees, keep_training_booster=True
            )
            self._boosters.append(grown)
        self._make_ready()
        self._standardise(x)
        return self

    def collate(self, architectures: Sequence[Architecture] | Rows) -> Candidates:
        """Make candidates ready once, for many calls of :meth:`predict`."""
        return Candidates(self.space, architectures)

    def predict_members(self, candidates: Sequence[Architecture] | Rows | Candidates) -> Floats:
        """Scores by every model, in standard deviations from the mean score of the training set."""
        if not hasattr(self, "_boosters"):
            raise PredictorError("this predictor was not fitted yet: call fit(architectures, targets) first")
        if len(candidates) == 0:
            return np.empty((len(self._boosters), 0))
        candidates = Candidates.of(self.space, candidates)
        features, which = candidates.distinct
        if self.hints:  # what they say may differ between equal functions
            features, which = self._read(candidates), np.arange(len(candidates))
        else:
            features = features[:, feature_map(self.space).columns(self.sizes)]
        scores: Floats = (self._raw(features) - self._centre) / self._spread
        return scores[:, which]

    def save(self, folder: Path | str) -> None:
        """Write ``weights.safetensors``, which holds LightGBM's own text of each model, and ``predictor.json``."""
        if not hasattr(self, "_boosters"):
            raise PredictorError("this predictor was not fitted yet, so there is nothing to save")
        texts = [np.frombuffer(booster.model_to_string().encode(), np.uint8) for booster in self._boosters]
        arrays: dict[str, npt.NDArray[Any]] = {f"model {place}": text for place, text in enumerate(texts)}
        arrays |= {"centre": self._centre, "spread": self._spread}
        record = {
            "predictor": type(self).__name__,
            "settings": {name: getattr(self, name) for name in _SETTINGS},
            "hints": saved.write_hints(Path(folder), self.hints),
        }
        saved.write(Path(folder), self.space, record, array_bytes(arrays))

    @classmethod
    def load(cls, folder: Path | str, space: SearchSpace) -> Self:
        """Read what :meth:`save` wrote."""
        from archrank.predictors.loading import read_hints  # which knows this class too

        lightgbm = _lightgbm()
        record, weights = saved.read(Path(folder), space)
        try:
            self = cls(space, **record["settings"], hints=read_hints(Path(folder), record, space))
            arrays = read_arrays(weights)
            texts = [arrays[f"model {place}"].tobytes().decode() for place in range(self.members)]
            self._boosters = [lightgbm.Booster(model_str=text) for text in texts]
            self._make_ready()
            self._centre, self._spread = arrays["centre"], arrays["spread"]
        except (KeyError, TypeError, ValueError) as error:
            raise PredictorError(
                f"predictor.json in {folder} is damaged: {type(error).__name__}: {error}; fit it anew"
            ) from None
        return self

    def _check_settings(self) -> None:
        if self.objective not in get_args(Objective):
            raise UnknownName("objective", self.objective, get_args(Objective))
        least = {"trees": 1, "leaves": 2, "least": 1, "members": 1}
        for name, bound in least.items():
            if getattr(self, name) < bound:
                raise PredictorError(f"{name} is {getattr(self, name)}; it must be {bound} or more")
        for name in ("learning_rate", "rows", "columns"):
            if not 0 < getattr(self, name) <= 1:
                raise PredictorError(f"{name} is {getattr(self, name)}; it must be above 0 and at most 1")

    def _parameters(self, seed: int, known: int) -> dict[str, Any]:
        objective: dict[str, Any] = {"objective": "regression"}
        if self.objective == "ranking":
            # Every pair counts, not only those with a member near the top.
            gains = list(range(_GRADES))
            objective = {"objective": "lambdarank", "lambdarank_truncation_level": known, "label_gain": gains}
        return {
            **objective,
            "num_leaves": self.leaves,
            "learning_rate": self.learning_rate,
            "bagging_fraction": self.rows,
            "bagging_freq": 1,
            "feature_fraction": self.columns,
            # With a handful of architectures, leaves of the usual size would leave no tree.
            "min_data_in_leaf": min(self.least, max(1, known // 8)),
            "seed": seed,
            "num_threads": 1,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }

    def _read(self, candidates: Candidates) -> npt.NDArray[np.float32]:
        """Features and what hints say: (B, F + H)."""
        told = candidates.told(self.hints).astype(np.float32)
        return np.hstack([candidates.features[:, feature_map(self.space).columns(self.sizes)], told])

    def _raw(self, features: npt.NDArray[np.float32]) -> Floats:
        """Scores as the models give them: (members, B)."""
        if len(features) < _MANY:
            return np.array([score(features) for score in self._scorers])
        with one_thread() as threads, ThreadPoolExecutor(threads) as pool:
            return np.array(list(pool.map(lambda score: score(features), self._scorers)))

    def _make_ready(self) -> None:
        self._scorers: list[Callable[..., Any]] = [
            Forest.of(booster) or partial(booster.predict, num_threads=1) for booster in self._boosters
        ]

    def _standardise(self, features: npt.NDArray[np.float32]) -> None:
        raw = self._raw(features)
        spread = raw.std(axis=1, keepdims=True)
        self._centre: Floats = raw.mean(axis=1, keepdims=True)
        self._spread: Floats = np.where(spread > 0, spread, 1.0)


_SETTINGS = (
    "objective",
    "trees",
    "leaves",
    "learning_rate",
    "rows",
    "columns",
    "least",
    "members",
    "seed",
    "sizes",
)


def trees_can_grow() -> bool:
    """Whether LightGBM can be loaded."""
    try:
        _lightgbm()
    except PredictorError:
        return False
    return True


def _lightgbm() -> ModuleType:
    try:
        import lightgbm
    except (ImportError, OSError) as error:
        raise PredictorError(
            f"boosted trees need LightGBM, which cannot be loaded ({error}): pip install lightgbm, on macOS with "
            "OpenMP (brew install libomp); or take another predictor, such as gaussian-process"
        ) from None
    return lightgbm


def _grades(values: Floats) -> npt.NDArray[np.int64]:
    """Targets as grades from 0 by rank, equals alike."""
    _, ranks = np.unique(values, return_inverse=True)
    grades: npt.NDArray[np.int64] = ranks * min(_GRADES, int(ranks.max()) + 1) // (ranks.max() + 1)
    return grades


def _groups(known: int) -> list[int]:
    """How many architectures are in each list that is ranked."""
    lists = -(-known // _GROUP)
    return [known // lists + (place < known % lists) for place in range(lists)]
