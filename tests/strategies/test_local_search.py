import numpy as np
import pytest

from archrank.errors import ArchrankError
from archrank.spaces import NASBench201
from archrank.strategies import Evaluated, History, LocalSearch

SPACE = NASBench201()


def rng(seed=0):
    return np.random.default_rng(seed)


def convs(architecture):
    return float(sum(option == 3 for option in architecture.choices))


def architecture(*choices):
    return SPACE.architecture(choices)


def history(*architectures, score=convs):
    return History(Evaluated(a, score(a)) for a in architectures)


def proposed(strategy, past, n=1, seed=0):
    return [p.architecture for p in strategy.propose(past, n, rng(seed))]


LOW, HIGH = architecture(0, 0, 0, 0, 0, 0), architecture(3, 3, 0, 0, 0, 0)


def test_it_climbs_from_the_best_of_its_starts():
    strategy = LocalSearch(SPACE, starts=3)
    one = [LOW, HIGH]
    assert strategy.propose(history(*one), 1, rng())[0].reason == "random"
    three = history(*one, architecture(1, 1, 1, 1, 1, 1))
    assert set(proposed(strategy, three, 24)) == set(SPACE.neighbors(HIGH))


def test_it_moves_at_the_first_improvement():
    near = [a for a in SPACE.neighbors(HIGH) if convs(a) <= 2][:5]
    better = architecture(3, 3, 3, 0, 0, 0)
    past = history(HIGH, *near, better)
    assert set(proposed(LocalSearch(SPACE, starts=1), past, 10)) <= set(SPACE.neighbors(better)) - {HIGH}


def test_neighbors_come_in_random_order():
    first = {proposed(LocalSearch(SPACE, starts=1), history(HIGH), seed=seed)[0] for seed in range(30)}
    assert len(first) > 12


def test_a_local_optimum_is_left_for_a_new_climb():
    near = SPACE.neighbors(HIGH)
    past = history(HIGH, *near, score=lambda a: float(a == HIGH))
    strategy = LocalSearch(SPACE, starts=2)
    past = History([Evaluated(LOW, -1.0), *past])
    assert [p.reason for p in strategy.propose(past, 3, rng())] == ["random"] * 3
    # The new climb starts below the optimum that was left.
    starts = [architecture(4, 4, 4, 4, 4, 4), architecture(4, 4, 4, 4, 2, 2)]
    past = History([*past, Evaluated(starts[0], 0.1), Evaluated(starts[1], 0.2)])
    assert set(proposed(strategy, past, 5)) <= set(SPACE.neighbors(starts[1]))


def test_while_the_neighborhood_is_pending_a_new_climb_starts_and_a_late_improvement_is_taken_up():
    near = SPACE.neighbors(HIGH)
    entries = [Evaluated(HIGH, 2.0), *(Evaluated(a, 0.0) for a in near[:-1])]
    strategy = LocalSearch(SPACE, starts=1)
    waiting = History([*entries, Evaluated(near[-1], None, pending=True)])
    (start,) = strategy.propose(waiting, 1, rng())
    assert start.reason == "random"
    waiting.record(Evaluated(start.architecture, 0.5))
    assert set(proposed(strategy, waiting, 3)) <= set(SPACE.neighbors(start.architecture))
    waiting.record(Evaluated(near[-1], 3.0))
    assert set(proposed(strategy, waiting, 3)) <= set(SPACE.neighbors(near[-1]))


def test_failed_ones_are_neither_starts_nor_steps():
    past = History(
        [
            Evaluated(LOW, None),
            Evaluated(HIGH, 1.0),
            *(Evaluated(a, None) for a in SPACE.neighbors(HIGH)[:9]),
        ]
    )
    assert LocalSearch(SPACE, starts=2).propose(past, 1, rng())[0].reason == "random"
    assert set(proposed(LocalSearch(SPACE, starts=1), past, 15)) == set(SPACE.neighbors(HIGH)[9:])


def test_only_candidates_are_neighbors():
    near = SPACE.neighbors(HIGH)[3:6]
    strategy = LocalSearch(SPACE, starts=1, candidates=[HIGH, LOW, *near])
    assert set(proposed(strategy, history(HIGH), 3)) == set(near)


def test_with_functions_only_new_ones_are_evaluated():
    conv = architecture(0, 0, 0, 3, 0, 0)
    near = SPACE.neighbors(conv)
    strategy = LocalSearch(SPACE, starts=1, unique_by="function")
    steps = [p.architecture for p in strategy.propose(history(conv), 24, rng()) if p.reason == "evolved"]
    keys = {SPACE.function_key(a) for a in near} - {SPACE.function_key(conv)}
    assert len(steps) == len(keys) < len(near)
    assert {SPACE.function_key(a) for a in steps} == keys


def test_it_needs_a_start():
    with pytest.raises(ArchrankError, match="starts is 0"):
        LocalSearch(SPACE, starts=0)
