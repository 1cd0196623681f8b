from functools import partial

import numpy as np

from archrank.predictors import Ensemble, GaussianProcess
from archrank.settings import differences, settings_of
from archrank.spaces import NASBench201
from archrank.strategies import GuidedSearch
from archrank.study import TimedRanker, Timer

SPACE = NASBench201()


def test_a_strategy_names_its_class_and_the_settings_of_its_predictor():
    predictor = Ensemble(SPACE, [GaussianProcess(SPACE, max_train=10)])
    settings = GuidedSearch(SPACE, predictor, batch=3).settings
    assert (settings["class"], settings["batch"]) == ("GuidedSearch", 3)
    assert settings["predictor"]["class"] == "Ensemble"
    assert settings["predictor"]["predictors"][0]["max_train"] == 10
    assert "space" not in settings
    assert "space" not in settings["predictor"]


def test_a_timer_and_a_fit_change_nothing():
    plain = GaussianProcess(SPACE)
    known = SPACE.sample(9, np.random.default_rng(0))
    fitted = GaussianProcess(SPACE).fit(known, range(9))
    timed = TimedRanker(plain, Timer())
    assert settings_of(plain) == settings_of(fitted) == settings_of(timed) == plain.settings


def test_values_become_json():
    values = {"a": np.float64(0.5), "b": np.arange(2), "c": {3, 1}, "d": float("nan"), "e": GaussianProcess}
    assert settings_of(values) == {"a": 0.5, "b": [0, 1], "c": [1, 3], "d": "nan", "e": "GaussianProcess"}
    large, other = settings_of(np.zeros(2000)), settings_of(np.ones(2000))
    assert len(large) < 100
    assert large != other
    assert settings_of(partial(max, 1))["class"] == "partial"


def test_differences_are_named_down_to_the_value():
    old = {"guided": {"batch": 5, "predictor": {"seed": 0}}}
    new = {"guided": {"batch": 5, "predictor": {"seed": 1, "max_train": 2}}}
    assert differences(old, new) == [
        ("guided.predictor.seed", "0", "1"),
        ("guided.predictor.max_train", "nothing", "2"),
    ]
    assert differences(old, old) == []
