import numpy as np
import pytest

from archrank import SearchSpace
from archrank.errors import UnknownName
from archrank.spaces import NASBench201
from archrank.strategies import Domain, Evaluated, History

SPACE = NASBench201()


def rng(seed=0):
    return np.random.default_rng(seed)


def test_with_functions_the_whole_space_gives_one_row_of_each():
    few = [a for a in SPACE.architectures(SPACE.rows()) if set(a.choices) <= {0, 1, 3}]
    functions = {SPACE.function_key(a) for a in few}
    drawn = Domain(SPACE, few, "function").remaining(History()).draw(len(few), rng())
    assert len(drawn) == len(functions) < len(few)
    assert {SPACE.function_key(a) for a in drawn} == functions


def test_a_function_counts_whatever_became_of_its_evaluation():
    conv, same = SPACE.architecture((0, 0, 0, 3, 0, 0)), SPACE.architecture((0, 0, 0, 3, 4, 1))
    for entry in (Evaluated(conv, 1.0), Evaluated(conv, None), Evaluated(conv, None, pending=True)):
        assert same not in Domain(SPACE, unique_by="function").remaining(History([entry]))
        assert same in Domain(SPACE).remaining(History([entry]))


def test_what_is_taken_or_no_candidate_does_not_remain():
    first, second, other = SPACE.architectures(SPACE.rows()[100:103])
    remaining = Domain(SPACE, [first, second]).remaining(History(), taken=[second])
    assert first in remaining
    assert second not in remaining
    assert other not in remaining
    remaining.take(first)
    assert remaining.draw(2, rng()) == []


def test_each_key_is_worked_out_once(monkeypatch):
    asked = []
    plain = SearchSpace.function_key
    monkeypatch.setattr(SearchSpace, "function_key", lambda s, a: asked.append(a) or plain(s, a))
    domain = Domain(SPACE, SPACE.sample(30, rng()), "function")
    for _ in range(3):
        domain.remaining(History()).draw(40, rng())
    assert len(asked) == len(set(asked))


def test_an_unknown_kind_of_uniqueness_is_refused():
    with pytest.raises(UnknownName, match="unknown unique_by 'functions'; did you mean 'function'"):
        Domain(SPACE, unique_by="functions")
