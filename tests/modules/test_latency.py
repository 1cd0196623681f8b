"""Measuring how long a call of a network takes, and bounds on that in a search."""

import copy
import pickle
import random
from functools import partial

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from nets import Net, train  # noqa: E402
from torch import nn  # noqa: E402

import archrank as ar  # noqa: E402
from archrank.errors import EvaluationError  # noqa: E402
from archrank.modules import latency as module_of_latency  # noqa: E402


class Counted(nn.Module):
    """Notes how it was called, and changes what a careless module changes."""

    calls = 0
    seen = None

    def __init__(self):
        super().__init__()
        self.fc, self.drop = nn.Linear(4, 2), nn.Dropout(0.5)
        self.steps = 0

    def forward(self, x, scale=None):
        Counted.calls += 1
        Counted.seen = (self.training, torch.is_grad_enabled(), torch.get_num_threads(), x, scale)
        self.steps += 1
        self.fc.weight.add_(1)
        return self.drop(self.fc(x)) + torch.rand(2) + np.random.rand() + random.random()  # noqa: NPY002


def random_states():
    return random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # noqa: NPY002


@pytest.fixture
def counted():
    Counted.calls = 0
    return Counted()


@pytest.fixture
def clock(monkeypatch):
    """A clock by which the first call takes a second, the next one two, and so on."""
    ticks = iter([t for n in range(1, 50) for t in (0.0, float(n))])
    monkeypatch.setattr(module_of_latency, "perf_counter", lambda: next(ticks))


def test_the_median_and_the_spread_are_those_of_the_measured_calls(counted, clock):
    found = ar.measure_latency(counted, (1, 4), warmup=3, repeats=5)
    assert counted.calls == 8
    assert found.times == (1000.0, 2000.0, 3000.0, 4000.0, 5000.0)
    assert (found.median, found.spread, float(found)) == (3000.0, 2000.0, 3000.0)
    assert (found.device, found.threads) == ("cpu", torch.get_num_threads())
    assert "3e+03 ms" in repr(found)


def test_the_module_is_left_as_it_was(counted):
    counted.train()
    state = copy.deepcopy(counted.state_dict())
    states = random_states()
    ar.measure_latency(counted, (1, 4), warmup=1, repeats=2, threads=2)
    training, gradients, threads, x, _ = Counted.seen
    assert (training, gradients, threads) == (False, False, 2)
    assert x.shape == (1, 4)
    assert counted.training
    assert counted.drop.training
    assert counted.steps == 0
    assert all(torch.equal(value, state[name]) for name, value in counted.state_dict().items())
    assert states == random_states()


def test_an_example_is_used_as_it_is_given(counted):
    x, scale = torch.ones(3, 4), torch.tensor([7])
    ar.measure_latency(counted, (x, {"scale": scale}), warmup=0, repeats=1)
    assert torch.equal(Counted.seen[3], x)
    assert torch.equal(Counted.seen[4], scale)
    tokens = torch.empty(2, 5, dtype=torch.long, device="meta")
    ar.measure_latency(nn.Embedding(3, 2), tokens, warmup=0, repeats=1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"device": "tpu"}, "the device is 'tpu'; expected 'cpu', 'cuda'"),
        ({"device": "cuda:99"}, "'cuda:99' is not there: PyTorch finds"),
        ({"repeats": 0}, "repeats is 0; expected an integer of at least 1"),
        ({"warmup": -1}, "warmup is -1"),
        ({"threads": 1.5}, "threads is 1.5"),
    ],
)
def test_what_cannot_be_measured_there_is_refused(arguments, message):
    with pytest.raises(EvaluationError, match=message):
        ar.measure_latency(nn.Linear(4, 2), (1, 4), **arguments)


def test_what_cannot_be_measured_is_refused():
    with pytest.raises(EvaluationError, match=r"expected a torch\.nn\.Module"):
        ar.measure_latency(Counted, (1, 4))
    with pytest.raises(EvaluationError, match=r"Linear fails for the example: .*cannot be multiplied"):
        ar.measure_latency(nn.Linear(4, 2), (1, 5))
    with pytest.raises(EvaluationError, match="weights without numbers"):
        ar.measure_latency(nn.Linear(4, 2, device="meta"), (1, 4))


class Meter:
    """A latency of 10 ms a thousand parameters, and how often it was asked for."""

    def __init__(self):
        self.asked = []

    def __call__(self, module, example):
        self.asked.append(sum(p.numel() for p in module.parameters()))
        module(*(torch.zeros(t.shape) for t in example if isinstance(t, torch.Tensor)))
        return self.asked[-1] / 100


def test_a_bound_on_the_latency_is_measured_before_training():
    meter, trained = Meter(), []
    space = ar.ModuleSpace(Net, (1, 4), latency=meter)

    def loop(module, report):
        trained.append(sum(p.numel() for p in module.parameters()))
        return train(module, report)

    result = ar.search(space, loop, budget=24, where=["parameters < 2500", "latency_ms < 8"])
    states = {e.state for e in result.evaluations}
    assert states == {"measured", "infeasible"}
    assert trained
    assert max(trained) < 800
    assert max(meter.asked) < 2500  # what breaks a free bound is never measured
    keys = {space.graph(e.architecture).key for e in result.evaluations}
    assert len(meter.asked) == len(keys)  # equal networks are measured once
    for each in result.evaluations:
        assert each.values["latency_ms"] == each.values["parameters"] / 100
        if each.state == "infeasible":
            assert each.value is None
            assert each.violation == pytest.approx(each.values["latency_ms"] / 8 - 1)
            assert "which breaks 'latency_ms < 8'" in each.error
    assert result.best.values["latency_ms"] < 8
    assert result.infeasible == len(result.evaluations) - len(trained)


def test_without_need_nothing_is_measured():
    meter = Meter()
    space = ar.ModuleSpace(Net, (1, 4), latency=meter)
    ar.search(space, train, budget=3, strategy="random", where=["parameters < 2500"])
    assert meter.asked == []

    def own(module, report):
        return {"value": 1.0, "latency_ms": 3.0}

    own.gives = ("value", "latency_ms")
    result = ar.search(space, own, budget=3, strategy="random", where=["latency_ms < 8"])
    assert [e.values["latency_ms"] for e in result.evaluations] == [3.0] * 3
    assert meter.asked == []


def test_a_search_may_go_by_the_latency():
    space = ar.ModuleSpace(Net, (1, 4), latency=Meter())
    result = ar.search(space, train, budget=4, strategy="random", objectives=["value", "latency_ms:min"])
    assert all(e.values["latency_ms"] > 0 for e in result.evaluations)


def test_a_run_with_bounds_on_the_latency_is_resumed(tmp_path):
    how = {"where": ["latency_ms < 8"], "strategy": "guided", "initial": 4}
    whole = ar.search(ar.ModuleSpace(Net, (1, 4), latency=Meter()), train, budget=15, **how)
    first, second = (ar.ModuleSpace(Net, (1, 4), latency=Meter()) for _ in range(2))
    ar.search(first, train, budget=10, folder=tmp_path / "run", **how)
    again = ar.search(second, train, budget=15, folder=tmp_path / "run", resume=True, **how)
    assert [e.architecture for e in again.evaluations] == [e.architecture for e in whole.evaluations]
    assert [e.state for e in again.evaluations] == [e.state for e in whole.evaluations]
    assert "infeasible" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")


def test_a_latency_that_is_none_fails_the_evaluation():
    space = ar.ModuleSpace(Net, (1, 4), latency=lambda module, example: "fast")
    with pytest.warns(UserWarning, match="the latency is 'fast'; expected milliseconds"):
        ar.search(space, train, budget=2, strategy="random", where=["latency_ms < 8"])


def test_the_default_measures_the_built_network(monkeypatch):
    monkeypatch.setattr(module_of_latency, "perf_counter", iter(range(10_000)).__next__)
    space = ar.ModuleSpace(Net, (1, 4))
    (architecture,) = space.sample(1, np.random.default_rng(0))
    assert space.measure(architecture) == {"latency_ms": 1000.0}
    assert pickle.loads(pickle.dumps(space)).measure(architecture) == {"latency_ms": 1000.0}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_is_measured_by_its_events():
    module = nn.Linear(4, 2).train()
    state = torch.cuda.get_rng_state()
    found = ar.measure_latency(module, (1, 4), device="cuda", repeats=5)
    assert found.device == "cuda:0"
    assert len(found.times) == 5
    assert min(found.times) > 0
    assert module.weight.device.type == "cpu"
    assert module.training
    assert torch.equal(state, torch.cuda.get_rng_state())


def _on_a_phone(network, example):
    return 3.0


def _on_another(network, example):
    return 4.0


def test_another_way_to_measure_is_another_space(tmp_path):
    def space(latency):
        return ar.ModuleSpace(net, (1, 4), latency=latency)

    ways = [
        ar.measure_latency,
        partial(ar.measure_latency, threads=1),
        partial(ar.measure_latency, threads=2),
        _on_a_phone,
        _on_another,
    ]
    assert len({space(way).digest for way in ways}) == len(ways)
    assert space(_on_a_phone).digest == space(_on_a_phone).digest
    assert space(ar.measure_latency).digest == ar.ModuleSpace(net, (1, 4)).digest
    where = {"where": ["latency_ms < 10"], "folder": tmp_path / "run"}
    ar.search(space(_on_a_phone), lambda module: 1.0, "random", budget=2, **where)
    with pytest.raises(ar.ArchrankError, match="space"):
        ar.search(space(_on_another), lambda module: 1.0, "random", budget=2, resume=True, **where)
    with pytest.raises(ar.ArchrankError, match="latency is 3"):
        space(3)


def net(choose):
    return torch.nn.Linear(4, choose("width", [2, 4, 8]))
