import numpy as np
import pandas as pd
import pytest
from scipy import stats

from archrank.errors import PredictorError
from archrank.predictors.targets import labels, normal_scores
from archrank.spaces import NASBench201

SPACE = NASBench201()
KNOWN = SPACE.sample(3, np.random.default_rng(0))


def test_targets_come_as_an_array():
    given = [
        [1, 2, 3],
        (1.0, 2.0, 3.0),
        np.array([1, 2, 3]),
        pd.Series([1, 2, 3], index=[5, 3, 4]),
        pd.Series([1, 2, 3], dtype="Float64"),
        pd.DataFrame({"accuracy": [1, 2, 3]}),
    ]
    for y in given:
        rows, targets = labels(SPACE, KNOWN, y)
        assert rows.tolist() == [list(a.choices) for a in KNOWN]
        assert targets.dtype == np.float64
        assert targets.tolist() == [1.0, 2.0, 3.0]


def test_lower_targets_may_be_the_better_ones():
    assert labels(SPACE, KNOWN, [1, 2, 3], minimize=True)[1].tolist() == [-1.0, -2.0, -3.0]
    with pytest.raises(
        PredictorError, match="minimize is 'loss'; it must be True, where lower is better, or False"
    ):
        labels(SPACE, KNOWN, [1, 2, 3], minimize="loss")


@pytest.mark.parametrize(
    ("count", "targets", "message"),
    [
        (3, [1, 2], r"shape \(2,\), expected \(3,\): one number for each architecture"),
        (3, [[1], [2], [3]], r"shape \(3, 1\), expected \(3,\)"),
        (3, 5.0, r"shape \(\), expected \(3,\)"),
        (3, ["good", "bad", "ugly"], "targets must be numbers: .*good"),
        (3, [[1], [2, 3], [4]], "targets must be numbers"),
        (3, [1, None, 3], "target 1 is nan|must be numbers"),
        (3, pd.Series([1, None, 3], dtype="Float64"), "target 1 is nan|must be numbers"),
        (3, pd.DataFrame({"a": [1, 2, 3], "b": [1, 2, 3]}), r"shape \(3, 2\), expected \(3,\)"),
        (3, [1, 2, float("nan")], "target 2 is nan; leave out architectures that were not measured"),
        (3, [float("-inf"), 2, 3], "target 0 is -inf"),
        (3, [0.25, 0.25, 0.25], "all 3 targets are 0.25: there is nothing to rank"),
        (1, [1.0], "1 architecture given: too few to learn a ranking from; give at least 2"),
        (0, [], "0 architectures given: too few"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(count, targets, message):
    with pytest.raises(PredictorError, match=message):
        labels(SPACE, KNOWN[:count], targets)


def test_normal_scores_are_the_quantiles_of_the_mid_ranks():
    values = np.array([3.0, -1.0, 3.0, 1e9, 0.0])
    expected = stats.norm.ppf((stats.rankdata(values) - 0.5) / 5)
    assert normal_scores(values) == pytest.approx(expected)
