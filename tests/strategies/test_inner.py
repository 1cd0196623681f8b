import numpy as np
import pytest

from archrank.spaces import NASBench201
from archrank.strategies import Domain, History
from archrank.strategies.inner import anneal, best_remaining

SPACE = NASBench201()


def convs(architectures):
    return np.array([float(sum(option == 3 for option in a.choices)) for a in architectures])


def test_annealing_climbs_and_returns_all_that_it_met_with_its_utility():
    asked = []

    def utility(architectures):
        asked.extend(architectures)
        return convs(architectures)

    starts = SPACE.sample(10, np.random.default_rng(0))
    met = anneal(SPACE, utility, starts, 60, np.random.default_rng(0))
    assert set(met) == set(asked)
    assert len(asked) == len(met) < 700  # nothing is asked for twice
    assert [met[a] for a in met] == convs(met).tolist()
    assert max(met.values()) == 6.0


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_the_scale_and_origin_of_the_utility_do_not_matter(scale):
    starts = SPACE.sample(10, np.random.default_rng(0))
    plain = anneal(SPACE, convs, starts, 20, np.random.default_rng(1))
    other = anneal(SPACE, lambda a: scale * (convs(a) + 4), starts, 20, np.random.default_rng(1))
    assert list(plain) == list(other)


def test_annealing_on_a_level_utility_walks():
    starts = SPACE.sample(3, np.random.default_rng(0))
    met = anneal(SPACE, lambda a: np.zeros(len(a)), starts, 5, np.random.default_rng(0))
    assert len(met) > 10


def test_of_equal_functions_one_is_taken():
    pool = SPACE.architectures([(0, 0, 0, 3, 0, 0), (0, 0, 0, 3, 0, 1), (0, 0, 0, 2, 0, 0)])
    for utilities in ([3.0, 2.0, 1.0], [3.0, 3.0, 1.0]):
        remaining = Domain(SPACE, unique_by="function").remaining(History())
        chosen = best_remaining(pool, np.array(utilities), remaining, 3, np.random.default_rng(0))
        assert {SPACE.function_key(pool[i]) for i in chosen} == {SPACE.function_key(a) for a in pool}
        assert len(chosen) == 2
