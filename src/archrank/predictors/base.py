"""What a predictor is: fit on measured architectures, predict scores of others; higher is better."""

import copy
import inspect
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

import numpy as np
import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.errors import PredictorError, UnknownName
from archrank.given import ArchitecturesLike, Prepared, check_is_space, rows_of
from archrank.predictors import saved
from archrank.predictors.saved import State
from archrank.predictors.targets import as_targets, check_minimize, labels
from archrank.ranking.metrics import kendall_tau
from archrank.settings import parameters_of
from archrank.space import Rows, SearchSpace
from archrank.space_checks import check_parts
from archrank.system.arguments import checked_path

if TYPE_CHECKING:
    from archrank.predictors.explanation import Explanation

__all__ = ["Predictor", "Ranker", "State", "distribution"]

Floats = npt.NDArray[np.float64]


class Ranker(Protocol):
    """The part of a predictor that a search needs; every :class:`Predictor` is one."""

    def with_seed(self, seed: int) -> "Ranker":
        """An unfitted copy whose randomness starts elsewhere."""

    def fit(self, architectures: Sequence[Architecture], targets: npt.ArrayLike, /) -> "Ranker":
        """Learn from measured architectures; higher targets are better."""

    def collate(self, architectures: Sequence[Architecture], /) -> Any:
        """Prepare candidates once, for many calls of :meth:`predict`."""

    def predict(self, candidates: Any, /) -> Floats:
        """Score candidates, higher is better: (B,)."""


class Predictor(ABC):
    """Learns to rank the architectures of one space: a scikit-learn estimator.

    The constructor stores its arguments as they are and does nothing else; :meth:`fit` forgets earlier fits and returns
    the predictor; what was learned is in attributes that end in ``_`` or begin with it. So ``sklearn.base.clone``,
    ``cross_val_score``, ``GridSearchCV`` and pickling work. scikit-learn itself is not needed.

    Architectures are given in any form of :data:`~archrank.given.ArchitecturesLike`: objects, texts, options by name,
    rows of option indices, a pandas column; one or several.

    A subclass has a constructor whose first parameter is ``space``, and implements :meth:`_fit`,
    :meth:`_predict_members`, :meth:`_state` and :meth:`_restore`. Everything else, checks included, is here;
    :func:`archrank.testing.check_predictor` tests it.

    Attributes:
        title: What explanations call it where it is a hint or a prior; kept in files. None for a number.
        minimize_: Whether lower targets are better, as said to :meth:`fit`.
    """

    space: SearchSpace
    title: str | None = None
    minimize_: bool
    _estimator_type: ClassVar[str] = "regressor"  # read by scikit-learn before 1.6

    def fit(self, X: ArchitecturesLike, y: npt.ArrayLike, *, minimize: bool = False) -> Self:
        """Learn from measured architectures.

        Args:
            X: B architectures of the space.
            y: What was measured, a list, an array or a column: (B,).
            minimize: Whether lower is better.

        Raises:
            PredictorError: Fewer than two architectures, architectures of another space, targets that do not fit them,
                are not finite or are all equal, or settings that cannot be used.
            ParseError: A text that is no architecture.
        """
        check_is_space(self.space)
        check_parts(self.space)
        self._check_settings()
        rows, targets = labels(self.space, X, y, minimize)
        self._forget()
        self._fit(rows, targets)
        self.minimize_ = bool(minimize)
        return self

    def collate(self, X: ArchitecturesLike) -> Any:
        """Prepare architectures once, for many calls of :meth:`predict`.

        Args:
            X: B architectures, what this method returned before, or what an ensemble prepared for all its members
                (:class:`~archrank.predictors.candidates.Candidates`).

        Returns:
            What :meth:`predict` takes in their place; here their option indices, (B, number of choices).
        """
        if isinstance(X, Prepared) and X.space.name == self.space.name:
            return X.rows
        return rows_of(self.space, X, empty=True)

    def predict_members(self, X: Any) -> Floats:
        """The score by every member of an ensemble.

        Args:
            X: B architectures, or what :meth:`collate` returned for them.

        Returns:
            Scores on comparable scales: (members, B).

        Raises:
            PredictorError: Not fitted yet, or architectures of another space.
        """
        self._check_fitted()
        return self._predict_members(self.collate(X))

    def predict(self, X: Any) -> Floats:
        """Score architectures, higher is better; only the order of the scores means something.

        Args:
            X: B architectures, or what :meth:`collate` returned for them.

        Returns:
            The mean over the members' scores: (B,).

        Raises:
            PredictorError: Not fitted yet, or architectures of another space.
        """
        mean: Floats = self.predict_members(X).mean(axis=0)
        return mean

    def predict_distribution(self, X: Any) -> tuple[Floats, Floats]:
        """A normal distribution of each architecture's score, on the scale of :meth:`predict`.

        Args:
            X: B architectures, or what :meth:`collate` returned for them.

        Returns:
            Mean and standard deviation: (B,), (B,).

        Raises:
            PredictorError: Not fitted yet, architectures of another space, or a predictor with a single member, which
                has no variance.
        """
        self._check_fitted()
        return self._predict_distribution(self.collate(X))

    def score(self, X: Any, y: npt.ArrayLike, *, minimize: bool | None = None) -> float:
        """Kendall's tau between predictions and measurements: 1 for the same order, -1 for the reverse.

        Args:
            X: B architectures, or what :meth:`collate` returned for them.
            y: What was measured: (B,).
            minimize: Whether lower is better; as in :meth:`fit` for None.

        Returns:
            The correlation; NaN where all targets or all predictions are equal.
        """
        predicted = self.predict(X)
        measured = as_targets(y, len(predicted))
        if minimize is not None:
            check_minimize(minimize)
        lower_is_better = self.minimize_ if minimize is None else minimize
        return kendall_tau(predicted, -measured if lower_is_better else measured)

    def explain(self, *, seed: int = 0) -> "Explanation":
        """Which groups of features and which choices of the space the scores rest on.

        Args:
            seed: Of the architectures in which they are changed.

        Raises:
            PredictorError: Not fitted yet.
        """
        from archrank.predictors.explanation import explained

        self._check_fitted()
        return explained(self, self._group_effects(np.random.default_rng(seed)), seed)

    def save(self, folder: Path | str) -> None:
        """Write the fitted predictor into a folder, as safetensors and JSON; ``load_predictor`` reads it.

        Raises:
            PredictorError: Not fitted yet, or a part that a file cannot name.
            FileError: The folder cannot be written.
        """
        self._check_fitted()
        saved.write(checked_path("folder", folder), self.space, self._whole_state())

    # What a subclass implements.

    @abstractmethod
    def _fit(self, rows: Rows, targets: Floats) -> None:
        """Learn; what earlier fits learned is gone already.

        Args:
            rows: Option indices of B architectures, B at least 2: (B, number of choices).
            targets: Finite numbers, not all equal, higher is better: (B,).
        """

    def _quick(self, n: int) -> bool:
        """Whether :meth:`_held_out` takes less time than fits to n architectures without each fold."""
        return False

    def _held_out(self, rows: Rows, targets: Floats, folds: npt.NDArray[np.intp]) -> Floats:
        """What the fitted predictor, without the fold of each architecture, predicts for it: (n,).

        Args:
            rows: The n architectures of the fit.
            targets: Their targets: (n,).
            folds: The number of the fold of each, from 0: (n,).
        """
        raise NotImplementedError

    @abstractmethod
    def _predict_members(self, candidates: Any) -> Floats:
        """The score by every member, once fitted: (members, B).

        Args:
            candidates: What :meth:`collate` returns for B architectures; B may be 0.
        """

    def _predict_distribution(self, candidates: Any) -> tuple[Floats, Floats]:
        """Mean and standard deviation, here those over the members' scores: (B,), (B,)."""
        scores = self._predict_members(candidates)
        if len(scores) < 2:
            raise PredictorError(
                f"{self!r} has a single member, so it has no standard deviation; give it 2 members or more"
            )
        return scores.mean(axis=0), scores.std(axis=0, ddof=1)

    @abstractmethod
    def _state(self) -> State:
        """The fitted predictor as plain data; the values of :meth:`_plain_settings` are among it."""

    @classmethod
    @abstractmethod
    def _restore(cls, space: SearchSpace, state: State) -> Self:
        """The predictor whose :meth:`_state` this was.

        Args:
            space: The space that it is about.
            state: What :meth:`_state` returned, as JSON keeps it: tuples have become lists.
        """

    def _group_effects(self, rng: np.random.Generator) -> dict[str, float]:
        """The effect of each group of features by name, here unknown; see :class:`Explanation`."""
        return {}

    def _check_settings(self) -> None:  # noqa: B027 (a predictor may have nothing to refuse)
        """Refuse settings that cannot be used; called by :meth:`fit`, for the constructor only stores them."""

    # What scikit-learn asks of an estimator.

    @classmethod
    def _parameters(cls) -> list[str]:
        """The names of the constructor's parameters, or an error for one that cannot be given by name."""
        _, *given = inspect.signature(cls.__init__).parameters.values()
        for each in given:
            if each.kind not in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY):
                raise PredictorError(
                    f"the constructor of {cls.__name__} takes {each}, which cannot be given by name; a copy of a "
                    "predictor needs a constructor that names each of its parameters"
                )
        return [each.name for each in given]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The constructor's arguments by name.

        Args:
            deep: Whether those of arguments that are estimators are added, as ``argument__name``.

        Raises:
            PredictorError: A subclass whose constructor does not name its parameters, or does not keep them.
        """
        names = self._parameters()
        if lost := [name for name in names if not hasattr(self, name)]:
            raise PredictorError(
                f"the constructor of {type(self).__name__} does not keep its parameter {lost[0]!r}; a copy of a "
                f"predictor needs it: self.{lost[0]} = {lost[0]}"
            )
        params = {name: getattr(self, name) for name in names}
        if deep:
            for name, value in list(params.items()):
                if hasattr(value, "get_params") and not isinstance(value, type):
                    params |= {f"{name}__{inner}": each for inner, each in value.get_params().items()}
        return params

    def set_params(self, **params: Any) -> Self:
        """Change settings; those that were fitted with the old ones stay fitted until the next :meth:`fit`.

        Raises:
            UnknownName: The constructor has no such parameter.
        """
        names = self._parameters()
        for name, value in params.items():
            outer, _, inner = name.partition("__")
            if outer not in names:
                raise UnknownName(f"parameter of {type(self).__name__}", name, names)
            if inner:
                getattr(self, outer).set_params(**{inner: value})
            else:
                setattr(self, name, value)
        return self

    def with_seed(self, seed: int) -> Self:
        """An unfitted copy whose randomness starts elsewhere; a predictor without randomness is merely copied."""
        params = self.get_params(deep=False)
        return type(self)(**(params | {"seed": seed} if "seed" in params else params))

    def __sklearn_clone__(self) -> Self:
        """An unfitted copy with the same settings, for ``sklearn.base.clone``.

        Fitted predictors among the settings, which are hints, stay fitted.
        """
        return type(self)(**{name: _copied(value) for name, value in self.get_params(deep=False).items()})

    def __sklearn_is_fitted__(self) -> bool:
        """Whether :meth:`fit` was called, for ``check_is_fitted``."""
        return hasattr(self, "minimize_")

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn 1.6 and later wants to know; only scikit-learn calls it."""
        from sklearn.utils import InputTags, RegressorTags, Tags, TargetTags

        return Tags(
            estimator_type="regressor",
            target_tags=TargetTags(required=True),
            regressor_tags=RegressorTags(),
            input_tags=InputTags(two_d_array=False, string=True, dict=True),
        )

    def _check_fitted(self) -> None:
        if not self.__sklearn_is_fitted__():
            raise PredictorError(f"this {type(self).__name__} was not fitted yet: call fit(X, y) first")

    def _forget(self) -> None:
        """Become unfitted; private attributes are left, for scikit-learn keeps some of its own here during a fit."""
        for name in [name for name in vars(self) if name.endswith("_") and not name.startswith("_")]:
            delattr(self, name)

    def _plain_settings(self, *without: str) -> dict[str, Any]:
        """The settings for a file: all but the space and those named."""
        params = self.get_params(deep=False)
        return {name: _plain(value) for name, value in params.items() if name not in ("space", *without)}

    def _whole_state(self) -> State:
        if not isinstance(self.title, str | None):
            raise PredictorError(f"the title of {self!r} is {self.title!r}; expected a text")
        state = self._state()
        parts: Mapping[str, State] = {name: part._whole_state() for name, part in state.parts.items()}
        kind = type(self).__name__
        return replace(state, kind=kind, minimize=self.minimize_, title=self.title, parts=parts)

    @property
    def settings(self) -> dict[str, Any]:
        """The class and its parameters, as JSON values: a run is resumed only with the same ones."""
        return parameters_of(self)

    def __repr__(self) -> str:
        """The class and its settings."""
        shown = {k: v for k, v in vars(self).items() if not k.endswith("_") and not k.startswith("_")}
        shown.pop("space", None)
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in shown.items())})"


def distribution(predictor: Predictor, X: Any) -> tuple[Floats, Floats]:
    """Mean and standard deviation of the scores, which is 0 for a predictor that has none: (B,), (B,)."""
    try:
        return predictor.predict_distribution(X)
    except PredictorError:
        scores = predictor.predict(X)
        return scores, np.zeros_like(scores)


def _copied(value: Any) -> Any:
    """A setting for a clone."""
    if isinstance(value, Predictor):
        return value if value.__sklearn_is_fitted__() else value.__sklearn_clone__()
    if type(value) in (list, tuple):
        return type(value)(_copied(each) for each in value)
    return copy.deepcopy(value)


def _plain(value: Any) -> Any:
    """A setting as JSON can hold it: NumPy's numbers become Python's."""
    if isinstance(value, np.generic):
        return value.item()
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value
