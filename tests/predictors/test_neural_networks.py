"""Neural predictors of spaces whose operations are not known beforehand."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from archrank import Cell, Graph
from archrank.encoders import GATES, HierarchicalGATES, collate_networks
from archrank.errors import UnknownName
from archrank.graph import Node
from archrank.network_pool import NetworkPool
from archrank.predictors import Ensemble, NeuralPredictor, auto, load_predictor
from archrank.predictors.candidates import Candidates
from archrank.predictors.named import named_predictor
from archrank.predictors.network_map import NetworkMap
from archrank.predictors.neural import FOR_NETWORKS
from archrank.ranking import kendall_tau
from archrank.spaces.named import named_space
from archrank.testing import check_predictor
from open_spaces import Chains, worth

SMALL = HierarchicalGATES(width=16, operation_features=8)


class ManyChains(Chains):
    """Only what the graph shows."""

    def __init__(self):
        super().__init__("many chains")


def small(space, encoder=SMALL, **settings):
    own = {"hidden": (16,), "dropout": 0.0, "epochs": 30, "learning_rate": 1e-2, "schedule": "one-cycle"}
    return NeuralPredictor(space, encoder, **(own | settings))


def chains(n, seed=0):
    """A pool of chains of two kinds and three kernels, and what they are worth: the kernels after a pooling."""
    rng = np.random.default_rng(seed)
    graphs, values = {}, []
    for index in range(n):
        length = int(rng.integers(3, 9))
        kinds = rng.choice(["conv", "pool"], size=length).tolist()
        kernels = rng.choice([1.0, 3.0, 5.0], size=length).tolist()
        nodes = [
            Node(kind, (i,), i + 1, attributes=(("kernel", kernel),))
            for i, (kind, kernel) in enumerate(zip(kinds, kernels, strict=True))
        ]
        graphs[f"n{index}"] = Graph((Cell(1, length + 1, tuple(nodes), (length,)),))
        pairs = zip(pairwise(kinds), kernels[1:], strict=True)
        values.append(sum(kernel for pair, kernel in pairs if pair == ("pool", "conv")))
    return NetworkPool(graphs), np.array(values)


@pytest.mark.parametrize("settings", [{}, {"features": True, "members": 2}, {"simplify": True}], ids=str)
def test_conformance(settings):
    check_predictor(lambda s: small(s, **settings), ManyChains())


def test_conformance_on_a_hierarchy():
    check_predictor(lambda s: small(s, epochs=120), named_space("hierarchical-nas-bench-201"))


def test_it_learns_what_counts_of_operations_do_not_show():
    pool, values = chains(160)
    members = [pool.member(f"n{index}") for index in range(160)]
    predictor = NeuralPredictor(pool, **FOR_NETWORKS).fit(members[:100], values[:100])
    assert kendall_tau(predictor.predict(members[100:]), values[100:]) > 0.6


def test_gates_by_name_or_class_is_hierarchical_where_operations_are_not_known():
    space = ManyChains()
    known = space.sample(12, np.random.default_rng(0))
    for encoder in ("gates", GATES, "hierarchical-gates", HierarchicalGATES):
        fitted = small(space, encoder, epochs=1).fit(known, [worth(a) for a in known])
        assert fitted.encoder_.kinds == ("conv", "output", "pool")
    assert named_predictor(space, "neural").encoder is GATES


def test_what_was_not_trained_on_is_ranked(tmp_path):
    pool, values = chains(40)
    node = Node("attention", (0,), 1, attributes=(("heads", 8.0), ("kernel", 1e6)), parameters=10**12)
    graphs = {f"n{index}": pool.graph(pool.member(f"n{index}")) for index in range(40)}
    wide = NetworkPool({**graphs, "new": _one(node)})
    members = [wide.member(f"n{index}") for index in range(40)]
    fitted = small(wide, epochs=2).fit(members, values)
    assert np.isfinite(fitted.predict([wide.member("new")])).all()
    fitted.save(tmp_path)
    assert load_predictor(tmp_path, wide).encoder_ == fitted.encoder_


def _one(node):
    return Graph((Cell(1, 2, (node,), (1,)),))


def test_what_was_merged_before_does_not_count():
    space = named_space("hierarchical-nas-bench-201")
    rows = space.pack(space.sample(30, np.random.default_rng(0)))
    used = NetworkMap(space)
    used(rows[::-1])
    first, second = used(rows[:10]), NetworkMap(space)(rows[:10])
    for name in ("kind", "values", "operation", "inner", "gate", "start", "level", "outputs", "sizes"):
        assert np.array_equal(getattr(first, name), getattr(second, name), equal_nan=name == "values")
    assert np.array_equal(first.sources.columns, second.sources.columns)
    assert np.array_equal(first.incoming.columns, second.incoming.columns)


def test_calls_of_modules_are_folded():
    def network(times):
        nodes = [
            Node(kind, (2 * i + j,), 2 * i + j + 1, path=(f"block{i}", kind))
            for i in range(times)
            for j, kind in enumerate(("conv", "relu"))
        ]
        return Graph((Cell(1, 2 * times + 1, tuple(nodes), (2 * times,), ordered=True),))

    pool = NetworkPool({"small": network(2), "large": network(20)})
    batch = Candidates(pool, ["small", "large"]).networks()
    flat = collate_networks([network(2), network(20)])
    # The input, two within a block, a chain of 20 blocks, two outputs.
    assert len(batch.start) == 1 + 2 + 20 + 2
    assert len(flat.start) == 1 + 40 + 2


def test_a_step_is_on_fewer_networks_where_they_are_large(monkeypatch):
    pool, values = chains(60)
    members = [pool.member(f"n{index}") for index in range(60)]
    seen = []
    predictor = small(pool, epochs=1)
    monkeypatch.setattr("archrank.predictors.neural._STATES", 100)
    monkeypatch.setattr(torch.Tensor, "backward", lambda loss: seen.append(loss))
    predictor.fit(members, values)
    assert len(seen) == 4  # 60 in blocks of 16, the least


@pytest.mark.parametrize("effort", ["balanced", "best"])
def test_auto_weighs_networks_by_cross_validation(effort):
    pool, _ = chains(60)
    made = auto(pool, effort)
    assert isinstance(made, Ensemble)
    assert made.stack
    assert made.folds
    kinds = [type(member).__name__ for member in made.predictors]
    assert kinds.count("NeuralPredictor") == 1
    assert not auto(pool, "fast").folds
    with pytest.raises(UnknownName):
        auto(pool, "all")
