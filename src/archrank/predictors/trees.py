"""Gradient-boosted trees on the features of graphs: fast, and hard to beat with very few labels."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any, Literal, Self, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from archrank.errors import PredictorError
from archrank.given import ArchitecturesLike
from archrank.predictors import saved
from archrank.predictors.base import Floats, Predictor, State
from archrank.predictors.candidates import Candidates
from archrank.predictors.checks import check_name, check_numbers, check_shares
from archrank.predictors.feature_map import feature_map
from archrank.predictors.forest import Forest
from archrank.predictors.group_effects import group_effects
from archrank.predictors.hints import check_hints, hint_parts
from archrank.predictors.targets import normal_scores
from archrank.space import Rows, SearchSpace
from archrank.system.threads import one_thread

__all__ = ["BoostedTrees", "trees_can_grow"]

Objective = Literal["regression", "ranking"]
Columns: TypeAlias = slice | npt.NDArray[np.intp]

_GRADES = 30
"""The largest number of grades; a ranking objective takes grades, not values."""

_NUMBERS, _FEWEST = 200_000, 0.25
"""More numbers to learn from than this make a fit slow; the least share of the usual features of a tree then."""

_QUICKER = 3
"""How many times fewer trees tell what trees are worth on held-out architectures."""

_MANY = 20_000
"""From this number of architectures on, several threads score."""

_GROUP = 10_000
"""The most architectures that LightGBM ranks in one list."""


class BoostedTrees(Predictor):
    """LightGBM on the features of graphs (:mod:`archrank.features`).

    Targets enter as normal scores, or as grades by rank, so that only their order counts. Where the space gives more
    than graphs and all its choices are seen, every second member sees choices and attributes of operations only: few
    features, which many of graphs would crowd out.

    Args:
        space: The space whose architectures are ranked.
        objective: ``"regression"`` on normal scores, or ``"ranking"`` by LambdaRank.
        n_estimators: Number of trees of each member.
        num_leaves: The largest number of leaves of a tree.
        learning_rate: How much of each tree is added.
        subsample: Share of the architectures that each tree is fitted on.
        colsample: Share of the features that each tree is fitted on.
        min_samples_leaf: The smallest number of architectures in a leaf.
        members: Number of models, each fitted with different random subsamples; their scores are averaged.
        seed: Fixes the subsamples.
        hints: Fitted predictors of another target on the same space; their predictions join the features.

    With more than 200,000 numbers to learn from (architectures times features), there are half as many trees with twice
    the learning rate, and each is fitted on fewer features, so that a fit takes little longer than with 200,000.

    Where LightGBM cannot be loaded, as on a system without OpenMP, :meth:`fit` raises a PredictorError. What was
    fitted predicts and is loaded without it.

    Reference: Ke et al., LightGBM (NeurIPS 2017); Kadlecová et al., GRAF (ICML 2024), for trees on graph features.
    """

    def __init__(
        self,
        space: SearchSpace,
        objective: Objective = "regression",
        *,
        n_estimators: int = 300,
        num_leaves: int = 15,
        learning_rate: float = 0.05,
        subsample: float = 0.7,
        colsample: float = 0.4,
        min_samples_leaf: int = 5,
        members: int = 4,
        seed: int = 0,
        hints: Sequence[Predictor] = (),
    ) -> None:
        self.space = space
        self.objective: Objective = objective
        self.n_estimators = n_estimators
        self.num_leaves = num_leaves
        self.learning_rate = learning_rate
        self.subsample = subsample
        self.colsample = colsample
        self.min_samples_leaf = min_samples_leaf
        self.members = members
        self.seed = seed
        self.hints = hints

    def collate(self, X: ArchitecturesLike | Candidates) -> Candidates:
        """Prepare architectures once, for many calls of :meth:`predict`."""
        return Candidates.of(self.space, X)

    def _fit(self, rows: Rows, targets: Floats) -> None:
        """Grow the trees."""
        x = self._inputs(Candidates(self.space, rows))
        seeds = np.random.SeedSequence(self.seed).generate_state(self.members) >> 1
        self._models: list[str] = []
        self._columns = self._views(x.shape[1])
        for seed, columns in zip(seeds.tolist(), self._columns, strict=True):
            parameters, trees = self._booster_parameters(seed, len(targets)), self.n_estimators
            if x.size > _NUMBERS and trees > 1:
                trees //= 2
                parameters["learning_rate"] *= 2
                parameters["feature_fraction"] *= max(_FEWEST, _NUMBERS / x.size)
            self._models.append(self._grown(x[:, columns], targets, parameters, trees).model_to_string())
        self._prepare_forests(x.shape[1])
        self._standardize(x)

    def _predict_members(self, candidates: Candidates) -> Floats:
        """Scores by every model, in standard deviations from the mean score of the training set."""
        if not len(candidates):
            return np.empty((len(self._models), 0))
        features, which = candidates.distinct
        if self.hints:  # their predictions may differ between equal functions
            features, which = self._inputs(candidates), np.arange(len(candidates))
        scores: Floats = (self._raw(features) - self._mean) / self._std
        return scores[:, which]

    def _quick(self, n: int) -> bool:
        return True

    def _held_out(self, rows: Rows, targets: Floats, folds: npt.NDArray[np.intp]) -> Floats:
        """By a third as many trees with three times the learning rate, of one member for each view of the inputs."""
        x = self._inputs(Candidates(self.space, rows))
        views = self._columns[: 1 if all(isinstance(each, slice) for each in self._columns) else 2]
        held_out = np.zeros(len(targets))
        for fold in range(folds.max() + 1):
            known, held = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
            for columns in views:
                parameters = self._booster_parameters(self.seed, len(known))
                parameters["learning_rate"] = min(1.0, _QUICKER * self.learning_rate)
                trees = self._grown(
                    x[known][:, columns], targets[known], parameters, -(-self.n_estimators // _QUICKER)
                )
                held_out[held] += trees.predict(x[held][:, columns], num_threads=1) / len(views)
        return held_out

    def _group_effects(self, rng: np.random.Generator) -> dict[str, float]:
        return group_effects(self, rng)

    def _state(self) -> State:
        texts = [np.frombuffer(model.encode(), np.uint8) for model in self._models]
        arrays: dict[str, npt.NDArray[Any]] = {f"model {index}": text for index, text in enumerate(texts)}
        arrays |= {"mean": self._mean, "std": self._std}
        return State(self._plain_settings("hints"), arrays=arrays, parts=hint_parts(self.hints))

    @classmethod
    def _restore(cls, space: SearchSpace, state: State) -> Self:
        self = cls(space, **state.settings, hints=tuple(state.parts.values()))
        self._check_settings()
        arrays = state.arrays
        # Not by LightGBM: it ends the process at a model that is damaged.
        self._models = [arrays[f"model {index}"].tobytes().decode() for index in range(self.members)]
        inputs = len(feature_map(space).names) + len(self.hints)
        self._columns = self._views(inputs)
        self._prepare_forests(inputs)
        self._mean, self._std = (saved.of_shape(arrays[name], (self.members, 1)) for name in ("mean", "std"))
        return self

    def _check_settings(self) -> None:
        check_name(self, "objective", get_args(Objective))
        check_numbers(self, n_estimators=1, num_leaves=2, min_samples_leaf=1, members=1, seed=0)
        check_shares(self, "learning_rate", "subsample", "colsample")
        check_hints(self.hints)

    def _grown(
        self, x: npt.NDArray[np.float32], targets: Floats, parameters: dict[str, Any], trees: int
    ) -> Any:
        lightgbm, ranking = _lightgbm(), self.objective == "ranking"
        data = lightgbm.Dataset(
            x,
            _grades(targets) if ranking else normal_scores(targets),
            group=_groups(len(targets)) if ranking else None,
            params={"min_data_in_bin": 1, "verbosity": -1, "num_threads": 1},
        )
        # Without keep_training_booster it would be written out and read again.
        return lightgbm.train(parameters, data, trees, keep_training_booster=True)

    def _booster_parameters(self, seed: int, known: int) -> dict[str, Any]:
        objective: dict[str, Any] = {"objective": "regression"}
        if self.objective == "ranking":
            # Every pair counts, not only those with a member near the top.
            gains = list(range(_GRADES))
            objective = {"objective": "lambdarank", "lambdarank_truncation_level": known, "label_gain": gains}
        return {
            **objective,
            "num_leaves": self.num_leaves,
            "learning_rate": self.learning_rate,
            "bagging_fraction": self.subsample,
            "bagging_freq": 1,
            "feature_fraction": self.colsample,
            # With few architectures, leaves of the default size would leave no tree.
            "min_data_in_leaf": min(self.min_samples_leaf, max(1, known // 8)),
            "seed": seed,
            "num_threads": 1,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }

    def _inputs(self, candidates: Candidates) -> npt.NDArray[np.float32]:
        """Features and hint predictions: (B, F + H)."""
        hinted = candidates.hint_predictions(self.hints).astype(np.float32)
        return np.hstack([candidates.features, hinted])

    def _raw(self, features: npt.NDArray[np.float32]) -> Floats:
        """Scores as the models give them: (members, B)."""

        def scored(member: tuple[Forest, Columns]) -> Floats:
            forest, columns = member
            return forest(features[:, columns])

        members = list(zip(self._forests, self._columns, strict=True))
        if len(features) < _MANY:
            return np.array([scored(member) for member in members])
        with one_thread() as threads, ThreadPoolExecutor(threads) as pool:
            return np.array(list(pool.map(scored, members)))

    def _views(self, count: int) -> list[Columns]:
        """The columns of the inputs that each member sees."""
        found = feature_map(self.space)
        if not (found.whole and found.further):
            return [slice(None)] * self.members
        hinted = np.arange(len(found.names), count)
        further = np.concatenate([np.flatnonzero(found.beside), hinted])
        return [further if member % 2 else slice(None) for member in range(self.members)]

    def _prepare_forests(self, inputs: int) -> None:
        self._forests: list[Forest] = []
        for model, columns in zip(self._models, self._columns, strict=True):
            seen = inputs if isinstance(columns, slice) else len(columns)
            self._forests.append(Forest.read(model, seen))

    def _standardize(self, features: npt.NDArray[np.float32]) -> None:
        raw = self._raw(features)
        std = raw.std(axis=1, keepdims=True)
        self._mean: Floats = raw.mean(axis=1, keepdims=True)
        self._std: Floats = np.where(std > 0, std, 1.0)


def trees_can_grow() -> bool:
    """Whether LightGBM is there and can be loaded."""
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
    """Targets as grades from 0 by rank; equal targets have equal grades."""
    _, ranks = np.unique(values, return_inverse=True)
    grades: npt.NDArray[np.int64] = ranks * min(_GRADES, int(ranks.max()) + 1) // (ranks.max() + 1)
    return grades


def _groups(known: int) -> list[int]:
    """The lengths of the lists that are ranked."""
    lists = -(-known // _GROUP)
    return [known // lists + (index < known % lists) for index in range(lists)]
