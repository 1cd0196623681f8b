"""Simple predictors on one-hot choices, which the default predictor must not lose to."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from archrank.features import depth_features
from archrank.network_features import network_features
from archrank.open_space import OpenSpace
from archrank.predictors.feature_map import named_features
from archrank.predictors.kernel import Points, tuned
from archrank.space import Rows, SearchSpace
from archrank.system.extras import installed
from archrank.system.threads import one_thread

__all__ = ["INPUTS", "XGBOOST", "inputs_of", "rivals"]

Floats = npt.NDArray[np.float64]
Rival = Callable[[Floats, Floats, Floats], Floats]
"""The scores of B architectures, by the inputs and targets of n: (n, F), (n,), (B, F) to (B,)."""

INPUTS = ("one-hot", "one-hot + paths + counts")
"""What simple predictors see."""

XGBOOST = "XGBoost"
"""The simple predictor that needs a package of its own, ``xgboost`` or ``xgboost-cpu``."""

_PENALTIES = np.logspace(-2, 4, 19)


def inputs_of(space: SearchSpace, rows: Rows) -> dict[str, Floats]:
    """The inputs of B architectures by name; the second adds the counts of operations and of paths: (B, F)."""
    is_open = isinstance(space, OpenSpace)
    one_hot = _active_options(space, rows) if is_open else _options(space, rows)
    more = _counts_of_networks(space, rows) if is_open else _counts(space, rows)
    width = more.std(axis=0)
    more = (more - more.mean(axis=0))[:, width > 0] / width[width > 0]
    return dict(zip(INPUTS, (one_hot, np.concatenate([one_hot, more], axis=1)), strict=True))


def _options(space: SearchSpace, rows: Rows) -> Floats:
    columns = [np.eye(len(c.options))[rows[:, at]] for at, c in enumerate(space.choices)]
    return np.concatenate(columns, axis=1)


def _active_options(space: SearchSpace, rows: Rows) -> Floats:
    """A column for each value of each choice that occurs; an architecture without a choice has zeros there."""
    active = [space.options(architecture).items() for architecture in space.architectures(rows)]
    place = {pair: at for at, pair in enumerate(dict.fromkeys(pair for pairs in active for pair in pairs))}
    one_hot = np.zeros((len(active), len(place)))
    for row, pairs in zip(one_hot, active, strict=True):
        row[[place[pair] for pair in pairs]] = 1
    return one_hot


def _counts(space: SearchSpace, rows: Rows) -> Floats:
    names, features = named_features(space, rows)
    counted = {"operations", "live operations", *space.operations, *(f"live {o}" for o in space.operations)}
    deep = depth_features(space.operations, len(space.function_arrays(rows[:1])))
    kept = [i for i, n in enumerate(names) if not deep[i] and (n in counted or "path" in n)]
    return features[:, kept].astype(np.float64)


def _counts_of_networks(space: SearchSpace, rows: Rows) -> Floats:
    found = [network_features(space.function(architecture)) for architecture in space.architectures(rows)]
    names = dict.fromkeys(name for each in found for name in each)
    kept = [n for n in names if n == "operations" or n.endswith(": count") or "path" in n]
    return np.array([[each.get(name, 0.0) for name in kept] for each in found])


def rivals() -> dict[str, Rival]:
    """The simple predictors by name; :data:`XGBOOST`, the last, where it is installed."""
    found: dict[str, Rival] = {"ridge": _ridge, "Gaussian process": _process, "LightGBM": _lightgbm}
    if installed("xgboost"):
        found[XGBOOST] = _xgboost
    return found


def _ridge(x: Floats, y: Floats, z: Floats) -> Floats:
    """Ridge regression; the penalty has the least squared leave-one-out error."""
    middle, mean = x.mean(axis=0), y.mean()
    left, values, right = np.linalg.svd(x - middle, full_matrices=False)
    turned = left.T @ (y - mean)
    best, errors = 0.0, np.inf
    for penalty in _PENALTIES.tolist():
        shares = values**2 / (values**2 + penalty)
        residuals = y - mean - left @ (shares * turned)
        influence = (left**2) @ shares + 1 / len(y)
        squared = float(np.mean((residuals / (1 - np.minimum(influence, 1 - 1e-9))) ** 2))
        if squared < errors:
            best, errors = penalty, squared
    slopes = right.T @ (values / (values**2 + best) * turned)
    scores: Floats = (z - middle) @ slopes + mean
    return scores


def _process(x: Floats, y: Floats, z: Floats) -> Floats:
    """A Gaussian process with a Matérn kernel (ν = 3/2), whose length and noise maximize the marginal likelihood."""
    known, asked = _points(x), _points(z)
    with one_thread():
        kernel = tuned(known, y)
        whitener = kernel.whitener(known)
        scores: Floats = kernel.covariance(asked, known) @ (whitener.T @ (whitener @ y))
    return scores


def _points(x: Floats) -> Points:
    none = np.zeros(x.shape[1], dtype=bool)
    return Points.of(x.astype(np.float32), none, none, np.empty((len(x), 0)))


def _lightgbm(x: Floats, y: Floats, z: Floats) -> Floats:
    import lightgbm

    parameters = {
        "num_leaves": 15,
        "learning_rate": 0.05,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "feature_fraction": 0.4,
        "min_data_in_leaf": min(5, max(1, len(y) // 8)),
        "num_threads": 1,
        "deterministic": True,
        "force_row_wise": True,
        "seed": 0,
        "verbosity": -1,
    }
    data = lightgbm.Dataset(x, y, params={"min_data_in_bin": 1, "verbosity": -1, "num_threads": 1})
    trees = lightgbm.train(parameters, data, 300)
    return np.asarray(trees.predict(z, num_threads=1), dtype=np.float64)


def _xgboost(x: Floats, y: Floats, z: Floats) -> Floats:
    import xgboost

    parameters = {
        "eta": 0.05,
        "max_depth": 5,
        "subsample": 0.7,
        "colsample_bytree": 0.4,
        "nthread": 1,
        "seed": 0,
    }
    trees = xgboost.train(parameters, xgboost.DMatrix(x, y), 300)
    scores: Floats = trees.predict(xgboost.DMatrix(z)).astype(np.float64)
    return scores
