"""Architectures are lowered from parts that were seen before, and their graphs are those of fresh traces."""

import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import odd_nets  # noqa: E402
from torch import nn  # noqa: E402

import archrank as ar  # noqa: E402
from archrank.modules.tracing import trace_call  # noqa: E402

EXAMPLES = Path(__file__).parents[2] / "examples" / "modules"
SHAPES = {
    "mobile.mobile": (1, 1, 8, 8),
    "residual_cnn.residual_cnn": (1, 1, 8, 8),
    "sequence.Sequence": (1, 1, 8, 8),
    "tabular_mlp.Perceptron": (2, 30),
    "vision_transformer.Transformer": (1, 1, 8, 8),
    "nasbench201.nasbench201": (1, 1, 8, 8),
}


def fresh(space, architecture):
    """The graph of the network that is built for training."""
    args, kwargs = space.example
    return trace_call(space.build(architecture, seed=0), args, kwargs, dropout=True)


def check(space, count, seed=0):
    before = space.rebuilt_because
    space._lowered = (
        2**40 + 1
    )  # far from the next that is compared with a fresh trace, which would hide mistakes
    for architecture in space.sample(count, np.random.default_rng(seed)):
        space._graphs.clear()  # one that came before is lowered again
        graph, expected = space.graph(architecture), fresh(space, architecture)
        # All that nodes say, also what is no part of their identity.
        assert repr(graph) == repr(expected), architecture
        known = space.known_values(architecture)
        assert known["parameters"] == sum(n.parameters for n in expected.cells[0].sites)
        assert known["multiply_adds"] == sum(n.multiply_adds for n in expected.cells[0].sites)
    assert space.rebuilt_because == before


@pytest.fixture
def examples_path(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    yield
    for name in {each.partition(".")[0] for each in SHAPES} | {"digits"}:
        sys.modules.pop(name, None)


@pytest.mark.parametrize("name", SHAPES)
def test_the_graphs_of_200_random_architectures_are_fresh_traces(name, examples_path):
    module, _, builder = name.partition(".")
    space = ar.ModuleSpace(getattr(__import__(module), builder), SHAPES[name])
    assert space.rebuilt_because is None
    check(space, 200)


@pytest.mark.parametrize("net", odd_nets.READABLE, ids=lambda net: net.__name__)
@pytest.mark.filterwarnings("ignore:no network that was built depends")
def test_graphs_of_odd_networks_are_fresh_traces(net):
    space = ar.ModuleSpace(net, odd_nets.EXAMPLES.get(net, (2, 4)))
    assert space.rebuilt_because is None
    check(space, 60)


@pytest.mark.parametrize("net", odd_nets.UNREADABLE, ids=lambda net: net.__name__)
@pytest.mark.filterwarnings("ignore:no network that was built depends")
def test_what_depends_on_more_than_its_arguments_is_built_every_time(net):
    space = ar.ModuleSpace(net, (2, 4))
    assert space.rebuilt_because
    check(space, 20)


def test_blocks_that_were_seen_are_not_built_again(monkeypatch):
    space = ar.ModuleSpace(odd_nets.plain, (2, 4))
    space.sample(60, np.random.default_rng(0))
    built = []
    made = nn.Linear.__init__
    monkeypatch.setattr(nn.Linear, "__init__", lambda self, *a, **k: built.append(1) or made(self, *a, **k))
    space._graphs.clear()
    space._lowered = 2**40 + 1
    assert [space.graph(a) for a in space.sample(20, np.random.default_rng(1))]
    assert not built


def test_a_global_that_changes_changes_the_networks(monkeypatch):
    space = ar.ModuleSpace(odd_nets.reads_a_global, (2, 4))
    check(space, 10)
    monkeypatch.setattr(odd_nets, "WIDTH", 16)
    space._graphs.clear()
    check(space, 10)
    odd_nets.WIDTHS[0] = 5
    try:
        space._graphs.clear()
        check(space, 10)
    finally:
        odd_nets.WIDTHS[0] = 8


def test_a_method_that_is_replaced_is_the_one_that_counts(monkeypatch):
    space = ar.ModuleSpace(odd_nets.plain, (2, 4))
    check(space, 10)
    monkeypatch.setattr(odd_nets.Block, "forward", lambda self, x: self.fc(x))
    space._graphs.clear()
    check(space, 10)


def test_hooks_of_all_modules_count():
    space = ar.ModuleSpace(odd_nets.plain, (2, 4))
    check(space, 10)
    space._graphs.clear()
    handle = nn.modules.module.register_module_forward_hook(
        lambda module, args, output: output.sigmoid() if isinstance(module, nn.Linear) else None
    )
    try:
        check(space, 10)
    finally:
        handle.remove()


def test_another_default_type_counts():
    space = ar.ModuleSpace(odd_nets.plain, (2, 4))
    check(space, 10)
    space._graphs.clear()
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float16)
    try:
        check(space, 10)
    finally:
        torch.set_default_dtype(before)


def test_the_code_itself_is_left_as_it_is():
    before = dict(vars(odd_nets.Block))
    made = odd_nets.Block.__init__.__globals__
    check(ar.ModuleSpace(odd_nets.plain, (2, 4)), 10)
    assert dict(vars(odd_nets.Block)) == before
    assert odd_nets.Block.__init__.__globals__ is made
    assert type(nn.Linear(2, 2)) is nn.Linear
    assert type(odd_nets.Block(4)) is odd_nets.Block


def test_what_is_remembered_is_bounded(monkeypatch):
    from archrank.modules import known_calls, splicing, unbuilt

    for module, name, most in ((known_calls, "_MOST", 3), (splicing, "_MOST", 1), (unbuilt, "_MOST", 3)):
        monkeypatch.setattr(module, name, most)
    space = ar.ModuleSpace(odd_nets.inherited, (2, 4))
    check(space, 30)
    assert len(space._code._blocks._known) <= 3
    assert len(space._code.calls._known) <= 3
