"""Predictors are scikit-learn's estimators: what its users do with theirs works with these."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, clone, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.utils.validation import check_is_fitted

from archrank.encoders import GATES
from archrank.errors import ParseError, PredictorError, SpaceError, UnknownName
from archrank.predictors import BoostedTrees, Ensemble, GaussianProcess, NeuralPredictor, auto
from archrank.ranking import MSE, kendall_tau
from archrank.spaces import NASBench201, NASBenchGraph

SPACE = NASBench201()
DRAWN = list(dict.fromkeys(SPACE.sample(120, np.random.default_rng(0))))
KNOWN, OTHERS = DRAWN[:40], DRAWN[40:70]
TEXTS = [SPACE.format(a) for a in KNOWN]
WORTH = {"nor_conv_3x3": 1.0, "nor_conv_1x1": 0.3}
TARGETS = [
    sum(WORTH.get(option, 0.0) for option in SPACE.options(a).values()) + 0.01 * len(a.choices) for a in KNOWN
]


def neural(space=SPACE, **settings):
    return NeuralPredictor(
        space, **({"encoder": GATES(layers=2, width=8), "hidden": (8,), "epochs": 5} | settings)
    )


MAKE = {
    "gaussian process": lambda: GaussianProcess(SPACE, seed=3),
    "hinted": lambda: GaussianProcess(
        SPACE, hints=[GaussianProcess(SPACE).fit(DRAWN, np.arange(len(DRAWN)))]
    ),
    "trees": lambda: BoostedTrees(SPACE, n_estimators=20, members=2),
    "neural": neural,
    "neural by names": lambda: neural(encoder="gcn", loss="mse"),
    "ensemble": lambda: Ensemble(SPACE, [GaussianProcess(SPACE), neural()]),
    "auto": lambda: auto(SPACE, "fast"),
}


@pytest.fixture(params=MAKE)
def predictor(request):
    return MAKE[request.param]()


def test_a_clone_is_unfitted_and_fits_the_same(predictor):
    fitted = predictor.fit(KNOWN, TARGETS)
    other = clone(fitted)
    assert type(other) is type(fitted)
    assert other.space is SPACE
    check_is_fitted(fitted)
    with pytest.raises(NotFittedError):
        check_is_fitted(other)
    assert repr(other) == repr(fitted)
    assert np.array_equal(other.fit(KNOWN, TARGETS).predict(OTHERS), fitted.predict(OTHERS))


def test_cross_validation_takes_texts_and_columns(predictor):
    scores = cross_val_score(predictor, pd.Series(TEXTS), pd.Series(TARGETS), cv=2)
    assert np.array_equal(scores, cross_val_score(predictor, KNOWN, TARGETS, cv=2))
    first, second = (np.arange(0, 20), np.arange(20, 40)), (np.arange(20, 40), np.arange(0, 20))
    for score, (tested, trained) in zip(scores, (first, second), strict=True):
        fitted = clone(predictor).fit([KNOWN[i] for i in trained], [TARGETS[i] for i in trained])
        predicted = fitted.predict([KNOWN[i] for i in tested])
        assert score == pytest.approx(kendall_tau(predicted, [TARGETS[i] for i in tested]))


def test_pickled_ones_predict_the_same(predictor):
    fitted = predictor.fit(KNOWN, TARGETS)
    restored = pickle.loads(pickle.dumps(fitted))
    assert np.array_equal(restored.predict(OTHERS), fitted.predict(OTHERS))
    assert repr(restored) == repr(fitted)


def test_parameters_are_those_of_the_constructor(predictor):
    params = predictor.get_params(deep=False)
    again = type(predictor)(**params)
    assert all(again.get_params(deep=False)[name] is value for name, value in params.items())
    assert predictor.set_params(seed=7) is predictor
    assert predictor.get_params()["seed"] == predictor.seed == 7
    with pytest.raises(
        UnknownName, match=f"unknown parameter of {type(predictor).__name__} 'sed'; did you mean 'seed'"
    ):
        predictor.set_params(sed=7)


def test_a_grid_search_tunes_and_refits():
    grid = {"encoder": ["mlp", GATES(layers=2, width=8)], "epochs": np.array([2, 3])}
    search = GridSearchCV(neural(), grid, cv=2).fit(TEXTS, TARGETS)
    assert len(search.cv_results_["params"]) == 4
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.predict(OTHERS).shape == (30,)
    assert is_regressor(search.best_estimator_)


def test_lower_may_be_better_in_cross_validation():
    losses = [-target for target in TARGETS]
    expected = cross_val_score(GaussianProcess(SPACE), TEXTS, TARGETS, cv=3)
    found = cross_val_score(GaussianProcess(SPACE), TEXTS, losses, cv=3, params={"minimize": True})
    assert found == pytest.approx(expected)
    fitted = GaussianProcess(SPACE).fit(KNOWN, losses, minimize=True)
    assert fitted.score(KNOWN, losses) == pytest.approx(fitted.score(KNOWN, TARGETS, minimize=False))


def test_predictions_of_held_out_architectures():
    held_out = cross_val_predict(GaussianProcess(SPACE), TEXTS, TARGETS, cv=4)
    assert kendall_tau(held_out, TARGETS) > 0.5


def test_any_form_of_architectures_is_scored(predictor):
    fitted = predictor.fit(TEXTS, TARGETS)
    scores = fitted.predict(OTHERS)
    assert fitted.predict(SPACE.format(OTHERS[0])) == pytest.approx(scores[:1], abs=1e-4)
    assert fitted.predict(OTHERS[0]) == pytest.approx(scores[:1], abs=1e-4)
    assert fitted.predict(pd.DataFrame([SPACE.options(a) for a in OTHERS])) == pytest.approx(scores, abs=1e-4)
    assert fitted.predict(a for a in OTHERS) == pytest.approx(scores, abs=1e-4)
    assert fitted.predict([]).shape == (0,)
    assert fitted.score(TEXTS, pd.Series(TARGETS)) == pytest.approx(
        kendall_tau(fitted.predict(KNOWN), TARGETS)
    )


def test_what_is_no_architecture_is_refused_by_fit_and_predict(predictor):
    with pytest.raises(
        PredictorError, match="'nas-bench-graph' was given where the space is 'nas-bench-201'"
    ):
        predictor.fit(NASBenchGraph().sample(40, np.random.default_rng(0)), TARGETS)
    with pytest.raises(ParseError, match=r"architecture 39: .*\|conv~0\|"):
        predictor.fit([*TEXTS[:39], "|conv~0|"], TARGETS)
    fitted = predictor.fit(KNOWN, TARGETS)
    with pytest.raises(ParseError, match=r"\|conv~0\|"):
        fitted.predict("|conv~0|")
    with pytest.raises(PredictorError, match="3 is of the type int; expected an Architecture"):
        fitted.predict(3)


def test_a_fit_that_fails_leaves_nothing_behind():
    predictor = BoostedTrees(SPACE, n_estimators=5).fit(KNOWN, TARGETS)
    predictor.set_params(hints=[GaussianProcess(SPACE)])
    with pytest.raises(PredictorError, match="not fitted yet"):
        predictor.fit(KNOWN, TARGETS)
    with pytest.raises(PredictorError, match="not fitted yet"):
        predictor.predict(OTHERS)


WRONG = {
    "the space's name": (
        lambda: GaussianProcess("nas-bench-201"),
        "'nas-bench-201' is no search space; expected a SearchSpace",
    ),
    "the space's class": (lambda: neural(space=NASBench201), "NASBench201 is a class, expected a space"),
    "no ensemble": (lambda: Ensemble(SPACE, GaussianProcess(SPACE)), "expected a list of predictors"),
    "a member's class": (lambda: Ensemble(SPACE, [GaussianProcess]), "expected a Predictor"),
    "an ensemble of no space": (lambda: Ensemble("x", [GaussianProcess(SPACE)]), "'x' is no search space"),
    "a number for an encoder": (
        lambda: neural(encoder=3.5),
        "encoder is 3.5; expected a name .gates, ",
    ),
    "another class": (lambda: neural(encoder=MSE), "encoder is <class .*expected a name"),
    "a loss's class": (lambda: neural(loss=MSE), "loss is <class .*; expected a name .hinge, bce"),
    "a width": (lambda: neural(hidden=300), "hidden is 300; expected widths of layers"),
    "text for epochs": (
        lambda: neural(epochs="200"),
        "epochs is '200'; it must be a whole number, 1 or more",
    ),
    "half an epoch": (lambda: neural(epochs=0.5), "epochs is 0.5; it must be a whole number"),
    "no learning rate": (lambda: neural(learning_rate=None), "learning_rate is None; it must be a number"),
    "no seed": (
        lambda: GaussianProcess(SPACE, seed=None),
        "seed is None; it must be a whole number, 0 or more",
    ),
    "a single hint": (
        lambda: GaussianProcess(SPACE, hints=GaussianProcess(SPACE)),
        "expected a list of fitted predictors",
    ),
    "a hint that is a name": (lambda: BoostedTrees(SPACE, hints=["cheap"]), "the hint 'cheap' is a str"),
    "text for a flag": (
        lambda: Ensemble(SPACE, [GaussianProcess(SPACE)], bootstrap="yes"),
        "bootstrap is 'yes'; it must be True or False",
    ),
    "text for a share": (
        lambda: BoostedTrees(SPACE, subsample="all"),
        "subsample is 'all'; it must be above 0 and at most 1",
    ),
}


@pytest.mark.parametrize(("make", "message"), WRONG.values(), ids=WRONG)
def test_wrong_settings_are_refused_when_fitted(make, message):
    predictor = make()
    with pytest.raises((PredictorError, SpaceError), match=message):
        predictor.fit(KNOWN, TARGETS)


@pytest.mark.parametrize(("settings", "close"), [({"encoder": "gate"}, "gates"), ({"loss": "hing"}, "hinge")])
def test_unknown_names_are_refused_with_the_closest(settings, close):
    with pytest.raises(UnknownName, match=f"did you mean '{close}'"):
        neural(**settings).fit(KNOWN, TARGETS)


def test_names_are_the_same_as_what_they_name():
    named = neural(encoder="gates", loss="hinge").fit(KNOWN, TARGETS)
    assert np.array_equal(named.predict(OTHERS), neural(encoder=GATES).fit(KNOWN, TARGETS).predict(OTHERS))


class Scaled(BaseEstimator):
    """An estimator that holds another, as scikit-learn's own do."""

    def __init__(self, inner):
        self.inner = inner


def test_parameters_inside_others_are_reached():
    outer = Scaled(GaussianProcess(SPACE))
    assert outer.get_params()["inner__seed"] == 0
    assert clone(outer).set_params(inner__seed=5).inner.seed == 5
    assert outer.inner.seed == 0
