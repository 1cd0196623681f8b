import numpy as np
import pytest

from archrank.errors import ArchrankError
from archrank.spaces import NASBench201
from archrank.strategies import Evaluated, History, SimulatedAnnealing
from archrank.strategies.annealing import metropolis

SPACE = NASBench201()
WHOLE = SPACE.architectures(SPACE.rows())


def rng(seed=0):
    return np.random.default_rng(seed)


def parents_of(strategy, past, among):
    """Which of ``among`` are a step away from all that is proposed next."""
    children = [p.architecture for p in strategy.propose(past, 6, rng())]
    return [a for a in among if all(child in SPACE.neighbors(a) for child in children)]


def test_better_steps_are_always_taken_and_worse_ones_at_the_metropolis_rate():
    uniform = rng().random(20_000)
    assert metropolis(np.full(20_000, 0.5), 0.1, uniform).all()
    assert metropolis(np.zeros(20_000), 0.1, uniform).all()
    # Binomial(20000, exp(−1)): six standard deviations either side.
    taken = metropolis(np.full(20_000, -0.1), 0.1, uniform).mean()
    assert abs(taken - np.exp(-1)) < 6 * np.sqrt(0.368 * 0.632 / 20_000)


@pytest.mark.parametrize(("first", "share"), [(1e-9, 0.0), (1e9, 1.0), (1.0, np.exp(-1))])
def test_a_worse_child_is_accepted_as_the_temperature_says(first, share):
    """The starts' interquartile range is 1, and the child is worse by that."""
    strategy = SimulatedAnnealing(SPACE, starts=5, first=first, last=first)
    accepted = 0
    for seed in range(200):
        start, *others = [WHOLE[i] for i in rng(seed).permutation(len(WHOLE))[:5]]
        child = SPACE.mutate(start, rng(seed))
        scores = [2.0, 1.0, 0.0, 0.5, 1.5]
        entries = [Evaluated(a, s) for a, s in zip([start, *others], scores, strict=True)]
        (current,) = parents_of(strategy, History([*entries, Evaluated(child, 1.0)]), [start, child])
        accepted += current == child
    # Binomial(200, share): six standard deviations either side.
    assert abs(accepted - 200 * share) <= 6 * np.sqrt(200 * share * (1 - share))


def test_it_cools_over_its_steps_and_is_heated_again():
    strategy = SimulatedAnnealing(SPACE, starts=2, steps=10, first=1e9, last=1e-9)
    starts = [Evaluated(WHOLE[0], 0.0), Evaluated(WHOLE[-1], 1.0)]
    moved = []
    for step in (0, 9, 10, 19):
        idle = [Evaluated(a, None, pending=True) for a in WHOLE[100 : 100 + step]]
        child = SPACE.neighbors(WHOLE[-1])[0]
        past = History([*starts, *idle, Evaluated(child, 0.5)])
        moved.append(parents_of(strategy, past, [WHOLE[-1], child]) == [child])
    assert moved == [True, False, True, False]


def test_one_collapsed_start_does_not_set_the_scale():
    """A step down by four interquartile ranges is not taken, though it is little beside the collapse."""
    strategy = SimulatedAnnealing(SPACE, starts=5, first=0.3, last=0.3)
    top = WHOLE[-1]
    rest = [Evaluated(a, s) for a, s in zip(WHOLE[:4], (92.0, 91.9, 91.8, 10.0), strict=True)]
    child = SPACE.neighbors(top)[0]
    past = History([Evaluated(top, 92.1), *rest, Evaluated(child, 91.3)])
    assert parents_of(strategy, past, [top, child]) == [top]


def test_equal_starts_leave_it_a_scale():
    past = History(Evaluated(a, 0.5) for a in WHOLE[:3])
    strategy = SimulatedAnnealing(SPACE, starts=2)
    assert [p.reason for p in strategy.propose(past, 2, rng())] == ["evolved"] * 2


def test_a_pending_child_is_judged_when_it_is_measured():
    strategy = SimulatedAnnealing(SPACE, starts=2, first=1e-9, last=1e-9)
    top = WHOLE[-1]
    child = SPACE.neighbors(top)[0]
    past = History([Evaluated(WHOLE[0], 0.0), Evaluated(top, 1.0), Evaluated(child, None, pending=True)])
    assert parents_of(strategy, past, [top, child]) == [top]
    past.record(Evaluated(child, 2.0))
    assert parents_of(strategy, past, [top, child]) == [child]


def test_failed_ones_are_no_starts():
    failed = [Evaluated(a, None) for a in WHOLE[50:52]]
    past = History([*failed, Evaluated(WHOLE[0], 0.0), Evaluated(WHOLE[-1], 1.0)])
    assert parents_of(SimulatedAnnealing(SPACE, starts=2), past, WHOLE[:1] + WHOLE[-1:]) == [WHOLE[-1]]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"starts": 0}, "starts 0 and steps 150"),
        ({"steps": 0}, "starts 20 and steps 0"),
        ({"first": 0.1, "last": 0.2}, "temperatures from 0.1 to 0.2"),
        ({"last": 0.0}, "temperatures from 0.03 to 0.0"),
        ({"first": float("nan")}, "temperatures from nan"),
    ],
)
def test_impossible_settings_are_refused(settings, said):
    with pytest.raises(ArchrankError, match=said):
        SimulatedAnnealing(SPACE, **settings)
