import math

import numpy as np
import pytest

from archrank.simulation.measures import (
    Labels,
    Line,
    lines_of,
    quantiles,
    ratio,
    ratio_to_random,
)

INF = math.inf
NAN = math.nan
LABELS = Labels(np.array([10.0, NAN, 30.0, 40.0, 20.0, 40.0]), np.array([5.0, 1.0, NAN, 2.0, 8.0, 4.0]))


def row(index, seed=0, strategy="s", parallel=1, ended=None, error=None):
    return {
        "strategy": strategy,
        "parallel": parallel,
        "asynchronous": False,
        "seed": seed,
        "index": index,
        "seconds_proposing": [0.5] * len(index),
        "ended": ended,
        "error": error,
    }


def line(*searches, budget=5, labels=LABELS, **more):
    (found,) = lines_of([row(index, seed, **more) for seed, index in enumerate(searches)], labels, budget)
    return found


def line_of(*regrets):
    regret = np.array(regrets, dtype=float)
    return Line(
        "l", tuple(range(len(regrets))), False, regret, None, np.zeros_like(regret), np.full_like(regret, INF)
    )


def test_regret_is_that_of_the_best_so_far_and_a_failure_gives_nothing():
    assert line([1, 4, 0, 2, 3]).regret.tolist() == [[INF, 20, 20, 10, 0]]


def test_a_search_that_ended_early_stays_where_it_was():
    found = line([4, 2])
    assert found.regret.tolist() == [[20, 10, 10, 10, 10]]
    assert np.isnan(found.proposing[0, 2:]).all()


def test_the_incumbent_is_the_first_with_the_best_label_so_far():
    # 4 is worth 8 on test, the best there; 2 has no test label; then 5, and 3 with an equal label later.
    assert line([1, 4, 2, 5, 3]).test_regret.tolist() == [[INF, 0, INF, 4, 4]]
    assert line([0], labels=Labels(LABELS.valid, None)).test_regret is None


def test_evaluations_to_a_target_are_counted_from_one_and_censored():
    found = line([1, 4, 2], [3, 1, 1])
    assert found.queries(20).tolist() == [2, 1]
    assert found.queries(0).tolist() == [INF, 1]


def test_targets_are_the_top_shares_of_what_was_measured_and_the_optimum():
    valid = np.concatenate([np.arange(1000.0), [NAN] * 500])
    labels = Labels(valid, None)
    assert [(t.name, t.regret, t.hits) for t in labels.targets] == [("top 1%", 9, 10), ("optimum", 0, 1)]
    tied = Labels(np.concatenate([valid, [990.0] * 5]), None)  # ties of the last of the top share count too
    assert tied.targets[0].hits == 15
    assert labels.random_queries(labels.targets[-1]) == [375, 750, 1125]


def test_random_search_is_measured_like_the_searches():
    low, middle, high = LABELS.random_regret(2)
    # One of six fails; two are best; the worst is 30 away.
    assert (low[0], middle[0], high[0]) == (0, 20, 30)
    test = LABELS.random_test_regret(6)
    # All six drawn: the incumbent is one of the two best, and each is equally often the first.
    assert test[:, -1].tolist() == [4, 6, 6]


def test_medians_of_what_was_not_reached_are_infinite_and_nothing_is_undefined():
    values = np.array([[1.0, 5.0], [2.0, INF], [3.0, INF], [INF, INF]])
    assert quantiles(values).tolist() == [[1.75, INF], [2.5, INF], [INF, INF]]
    third = 1 / 3
    assert quantiles(np.array([third, third, third, 1.0]), [0.5])[0] == third


def test_sample_efficiency_is_the_others_median_number_of_evaluations_to_the_same_over_ours():
    ours = line_of([4, 1, 1, 1], [4, 2, 1, 0], [9, 1, 0, 0])  # after two: 1 in the median
    theirs = line_of([8, 5, 1, 0], [8, 8, 8, 1], [8, 8, 1, 1])  # 1 after 3, 4, 3
    assert ratio(ours, theirs, 2) == (1.5, False)
    assert ratio(ours, line_of([8, 5, 5, 0], [8, 8, 8, 2], [8, 8, 8, 8]), 2) == (2.0, True)
    assert math.isnan(ratio(line_of([INF, 0]), theirs, 1)[0])


def test_sample_efficiency_against_random_search_is_exact():
    labels = Labels(np.arange(100.0), None)
    assert ratio_to_random(line_of([50, 0]), labels, 2) == 25  # the median of one among a hundred is 50


def test_hours_follow_the_clock_and_not_the_order_of_proposing():
    found = line([4, 3, 2], ended=[7200, 36000, 3600], parallel=3, budget=4)
    assert found.name == "s, 3 workers"
    assert found.hours(10).tolist() == [1]
    assert found.hours(0).tolist() == [10]
    assert found.all_hours.tolist() == [10]
    assert found.regret_at(np.array([0.5, 1.0, 2.0, 10.0])).tolist() == [[INF, 10, 10, 0]]
    assert not line([4]).timed


def test_lines_hold_what_differs_in_the_seed_only():
    rows = [row([0]), row([0], 1), row([0], parallel=2), row([], 2, error="boom"), row([0], strategy="t")]
    assert [(each.name, len(each.regret)) for each in lines_of(rows, LABELS, 1)] == [
        ("s", 2),
        ("s, 2 workers", 1),
        ("t", 1),
    ]


@pytest.mark.parametrize("level", [0.25, 0.5, 0.75])
def test_quantiles_agree_with_numpy_where_all_was_reached(level):
    values = np.random.default_rng(0).normal(size=(7, 3))
    assert quantiles(values, [level])[0] == pytest.approx(np.quantile(values, level, axis=0))
