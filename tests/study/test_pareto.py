import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from archrank.study import dominated_volume, pareto_front
from archrank.study.pareto import hypervolume

POINTS = st.integers(1, 4).flatmap(
    lambda k: arrays(
        np.float64,
        st.tuples(st.integers(0, 15), st.just(k)),
        elements=st.one_of(st.integers(-3, 3).map(float), st.just(np.nan)),
    )
)


@given(POINTS)
def test_the_front_against_its_definition(points):
    def dominates(a, b):
        return bool((a >= b).all() and (a > b).any())

    expected = [
        not np.isnan(p).any() and not any(dominates(q, p) for q in points if not np.isnan(q).any())
        for p in points
    ]
    assert pareto_front(points).tolist() == expected


def test_the_volume_of_a_hand_case():
    # The front is (4, 1), (2, 3): it is 2 wide in both, so the corner is at (1.8, 0.8).
    scores = np.array([[np.nan, np.nan], [4.0, 1.0], [1.9, 0.9], [2.0, 3.0], [0.0, 9.0e-9], [2.0, 3.0]])
    volume = dominated_volume(scores, np.array([1.0, -1.0]))
    assert volume.reference.tolist() == pytest.approx([1.8, -0.8])
    one, both = 2.2 * 0.2, 2.2 * 0.2 + 0.2 * 2.0
    assert volume.curve.tolist() == pytest.approx([0, one, one, both, both, both])
    assert volume.of_everything is None
    record = volume.record(["accuracy", "latency"])
    assert record["reference"] == pytest.approx({"accuracy": 1.8, "latency": -0.8})
    assert record["value"] == pytest.approx(both)
    assert record["share"] is None


def test_three_objectives_of_one_cube():
    volume = dominated_volume(
        np.array([[1.0, 2.0, 3.0]]), np.ones(3), np.array([[0.0, 2, 3], [1, 1, 3], [1, 2, 2]])
    )
    # The three members of the table's front leave out the cube of side 1 next to what is better than all of them.
    assert volume.curve[-1] == pytest.approx(1.1**3)
    assert volume.of_everything == pytest.approx(1.1**3 - 1.0)


@given(arrays(np.float64, (12, 2), elements=st.floats(-10, 10)))
def test_the_curve_rises_to_the_volume_of_the_front_alone(scores):
    volume = dominated_volume(scores, np.ones(2))
    assert (np.diff(volume.curve) >= -1e-9).all()
    alone = dominated_volume(scores[pareto_front(scores)], np.ones(2))
    assert volume.curve[-1] == pytest.approx(alone.curve[-1])
    assert (volume.reference == alone.reference).all()


def test_no_volume_where_nothing_was_measured():
    assert dominated_volume(np.full((3, 2), np.nan), np.ones(2)) is None
    assert dominated_volume(np.empty((0, 2)), np.ones(2)) is None


CORNERED = st.integers(1, 4).flatmap(
    lambda k: arrays(
        np.float64, st.tuples(st.integers(0, 10), st.just(k)), elements=st.integers(0, 6).map(lambda n: n / 2)
    )
)


@given(CORNERED)
def test_the_hypervolume_is_the_one_of_optuna(points):
    of_optuna = pytest.importorskip("optuna._hypervolume").compute_hypervolume
    corner = np.full(points.shape[1], -0.5)
    expected = of_optuna(-points, -corner) if len(points) else 0.0
    assert hypervolume(points, corner) == pytest.approx(expected)


def test_with_more_than_four_objectives_there_is_no_volume():
    scores = np.random.default_rng(0).random((6, 5))
    assert dominated_volume(scores, np.ones(5)) is None
    assert dominated_volume(scores[:, :4], np.ones(4)) is not None
