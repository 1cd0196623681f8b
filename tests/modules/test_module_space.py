"""Modules with choices as search spaces."""

import copy
import importlib
import linecache
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from nets import Net, Placed, chain, train  # noqa: E402
from torch import nn  # noqa: E402

import archrank as ar  # noqa: E402
from archrank.errors import (  # noqa: E402
    ArchrankError,
    EvaluationError,
    InvalidArchitecture,
    ParseError,
    SpaceError,
    TraceError,
    UnknownName,
)


@pytest.fixture(scope="module")
def space():
    return ar.ModuleSpace(Net, (1, 4))


def samples(space, n=6, seed=0):
    return space.sample(n, np.random.default_rng(seed))


def test_both_faces_give_named_choices(space):
    architecture = space.parse('{"width": 8, "lr": 0.01, "blocks": 1, "blocks.0.act": "gelu"}')
    network = space.build(architecture)
    assert [type(m).__name__ for m in network.modules()] == [
        "Net", "Linear", "Sequential", "Block", "Linear", "GELU", "Linear",
    ]  # fmt: skip
    assert network(torch.zeros(2, 4)).shape == (2, 3)


def test_choices_in_a_class_without_arguments():
    space = ar.ModuleSpace(Placed, (1, 4))
    names = {name for a in samples(space, 40) for name in space.options(a)}
    assert names == {"mix", "act", "act.1"}


def test_equal_traces_are_one_architecture():
    space = ar.ModuleSpace(Placed, (1, 4))
    a = space.parse('{"mix": "none", "act": "tanh"}')
    result = ar.search(space, lambda module: 1.0, budget=8, strategy="random")
    keys = [space.graph(e.architecture).key for e in result.evaluations]
    assert len(set(keys)) == len(keys) == 8
    assert space.graph(a).key in set(keys)


def test_two_builds_have_equal_state_dicts(space):
    for architecture in samples(space):
        a, b = space.build(architecture), space.build(architecture)
        assert {k: v.shape for k, v in a.state_dict().items()} == {
            k: v.shape for k, v in b.state_dict().items()
        }
        b.load_state_dict(a.state_dict())


def test_a_seed_fixes_the_weights_and_leaves_the_random_state(space):
    (architecture,) = samples(space, 1)
    before = torch.random.get_rng_state()
    a, b = space.build(architecture, seed=5), space.build(architecture, seed=5)
    assert torch.equal(before, torch.random.get_rng_state())
    assert all(torch.equal(x, y) for x, y in zip(a.parameters(), b.parameters(), strict=True))


def test_drawing_and_tracing_leave_the_random_state(space):
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    for architecture in samples(space, 4, seed=9):
        space.graph(architecture)
    assert torch.equal(before, torch.random.get_rng_state())


def test_the_lowered_graph_is_the_trace_of_the_built_network(space):
    for architecture in samples(space, 10, seed=1):
        assert space.graph(architecture).key == ar.trace(space.build(architecture), (1, 4)).key


def test_shapes_that_do_not_fit_are_no_architectures():
    space = ar.ModuleSpace(chain, (1, 4))
    for architecture in samples(space, 20):
        space.build(architecture)(torch.zeros(1, 4))
    with pytest.raises(InvalidArchitecture, match="fails for the example"):
        space.parse('{"depth": 1, "layer 0/out": 4, "layer 0/in": 6, "layer 0/norm": false}')


def test_what_is_known_before_training(space):
    architecture = space.parse('{"width": 8, "lr": 0.01, "blocks": 0}')
    known = space.known_values(architecture)
    assert known["parameters"] == sum(p.numel() for p in space.build(architecture).parameters())
    assert known["multiply_adds"] == 4 * 8 + 8 * 3
    assert known["depth"] == 2
    assert known["activation_bytes"] == 4 * (8 + 3)


def test_a_search_trains_the_networks_that_it_builds(space, tmp_path):
    result = ar.search(space, train, budget=11, folder=tmp_path / "run")
    assert len(result.evaluations) == 11
    assert all(e.error is None for e in result.evaluations)
    assert (tmp_path / "run" / "report.html").exists()
    assert result.build_best()(torch.zeros(1, 4)).shape == (1, 3)
    again = ar.search(space, train, budget=11, folder=tmp_path / "run", resume=True)
    assert again.best_value == result.best_value


def test_worker_processes_find_what_one_process_finds(space):
    alone = ar.search(space, train, budget=6, initial=3, round=3)
    shared = ar.search(space, train, budget=6, initial=3, round=3, workers=2)
    assert [e.value for e in alone.evaluations] == [e.value for e in shared.evaluations]


def test_a_loop_may_take_the_module_alone(space):
    result = ar.search(space, lambda module: -len(list(module.parameters())), budget=4, strategy="random")
    assert result.best_value is not None


def test_a_loop_knows_its_choices(space):
    seen = []

    def loop(module, report):
        seen.append((report.params, report.architecture, report.seed))
        return {"value": 1.0, "seed": report.seed}

    ar.search(space, loop, budget=3, strategy="random")
    for params, architecture, seed in seen:
        assert params == space.options(architecture)
        assert seed >= 0
    assert len({seed for _, _, seed in seen}) == 3


@pytest.mark.parametrize(
    ("loop", "message"),
    [
        (lambda module, report: report(0, float("nan")), "reported after epoch 0 is no finite number"),
        (lambda module: module.nothing, "has no attribute 'nothing'"),
    ],
)
def test_a_loop_that_fails_is_a_failed_evaluation(space, loop, message):
    with pytest.warns(UserWarning, match="all 2 evaluations failed"):
        result = ar.search(space, loop, budget=2, strategy="random")
    assert all(message in e.error for e in result.evaluations)


def test_a_loop_without_a_value_ends_the_search(space):
    with pytest.raises(EvaluationError, match="returned nothing and reported nothing"):
        ar.search(space, lambda module, report: None, budget=2, strategy="random")


def test_a_loop_that_takes_something_else_is_refused(space):
    with pytest.raises(EvaluationError, match=r"train\(module\) or train\(module, report\)"):
        ar.search(space, lambda: 1.0, budget=2, strategy="random")


def test_metric_and_direction_are_those_of_the_loop(space):
    def loop(module):
        return {"loss": 2.0, "size": 1.0}

    loop.metric, loop.directions = "loss", {"loss": "minimize"}
    assert ar.search(space, loop, budget=2, strategy="random").objectives.directions == {"loss": "minimize"}


class Shuffled(nn.Module):
    def __init__(self, choose):
        super().__init__()
        import random

        self.fc = nn.Linear(4, choose("width", [8, 16]) + random.randrange(1000))

    def forward(self, x):
        return self.fc(x)


class InForward(nn.Module):
    def __init__(self, choose):
        super().__init__()
        self.choose = choose
        self.fc = nn.Linear(4, choose("width", [8, 16]))

    def forward(self, x):
        return self.fc(x) if self.choose("again", [True, False]) else x


class Branching(nn.Module):
    def __init__(self, choose):
        super().__init__()
        self.fc = nn.Linear(4, choose("width", [8, 16]))

    def forward(self, x):
        y = self.fc(x)
        return y if y.sum() > 0 else -y


def misspelled(choose):
    choose("width", [8, 16])
    return nn.Linaer(4, 2)


def nothing(choose):
    choose("width", [8, 16])


def never(choose):
    return nn.Linear(choose("width", [8, 16]), 2)


class Clashing(nn.Module):
    def __init__(self, choose):
        super().__init__()
        self.act = ar.choice({"relu": nn.ReLU, "tanh": nn.Tanh})
        self.fc = nn.Linear(4, 8 if choose("act", ["relu", "tanh"]) == "relu" else 4)

    def forward(self, x):
        return self.act(self.fc(x))


def missing(choose):
    import a_package_that_is_missing

    return a_package_that_is_missing.Net(choose("width", [8, 16]))


def by_keyword(*, choose):
    return nn.Linear(4, choose("width", [8, 16]))


def with_width(choose, width):
    return nn.Linear(4, width)


class OfWords(nn.Module):
    def __init__(self, choose):
        super().__init__()
        self.words = nn.Embedding(9, choose("width", [8, 16]))

    def forward(self, batch):
        return self.words(batch["words"][0])


class Filtered(InForward):
    def forward(self, x):
        y = self.fc(x)
        return y[y > 0]


def drawn(choose):
    """As wide as PyTorch's generator says."""
    return nn.Linear(4, choose("width", [8, 16]) + int(torch.randint(50, ())))


def named_at_random(choose):
    return nn.Linear(4, choose(f"width {float(torch.rand(()))}", [8, 16]))


class SometimesInForward(nn.Module):
    def __init__(self, choose):
        super().__init__()
        self.choose, self.deep = choose, choose("deep", [False, True])
        self.fc = nn.Linear(4, choose("width", [8, 16]))

    def forward(self, x):
        return self.fc(x) * (self.choose("factor", [1, 2]) if self.deep else 1)


def twice(choose):
    choose("width", [8, 16])
    return nn.Linear(4, choose("width", [8, 32]))


class OtherName(nn.Module):
    """Whose argument for the chooser is optional, and not named like one."""

    def __init__(self, c=None):
        super().__init__()
        self.fc = nn.Linear(4, c("width", [8, 16]))


@pytest.mark.parametrize(
    ("net", "example", "error", "message"),
    [
        (twice, (1, 4), SpaceError, r"test_module_space.py:\d+: the choice 'width' is asked twice"),
        (OtherName, (1, 4), SpaceError, r"test_module_space.py:\d+: .*'c' is the chooser, name it choose"),
        (OfWords, {"words": [(1, 4)]}, TraceError, r"give \(mapping, \{\}\)"),
        (chain, np.zeros((1, 4)), SpaceError, "torch.from_numpy"),
        (drawn, (1, 4), SpaceError, "two different networks from the same choices"),
        (named_at_random, (1, 4), SpaceError, "two different networks from the same choices"),
        (SometimesInForward, (1, 4), SpaceError, "'factor' is asked after .* not into forward"),
        (Clashing, (1, 4), SpaceError, "'act' that stands in the network has the name of a choice"),
        (missing, (1, 4), SpaceError, "No module named 'a_package_that_is_missing'"),
        (by_keyword, (1, 4), SpaceError, "needs the arguments choose; expected one"),
        (with_width, (1, 4), SpaceError, "needs the arguments choose, width; expected one, the chooser"),
        (OfWords, {"batch": {"words": [(1, 4)]}}, SpaceError, "torch.float32"),
        (
            Filtered,
            (1, 4),
            TraceError,
            r"test_module_space.py:\d+: the shape of what getitem returns depends",
        ),
        (chain, (-1, 4), TraceError, "sizes of at least 1"),
        (chain, (None, 4), SpaceError, "expected a tensor, or a shape"),
        (chain, {1: (1, 4)}, SpaceError, "names an input 1"),
        (chain, {"y": (1, 4)}, TraceError, "unexpected keyword argument 'y'"),
        (Shuffled, (1, 4), SpaceError, "two different networks from the same choices"),
        (InForward, (1, 4), SpaceError, "not into forward"),
        (Branching, (1, 4), TraceError, "test_module_space.py"),
        (misspelled, (1, 4), SpaceError, r"test_module_space.py:\d+: .*Linaer"),
        (nothing, (1, 4), SpaceError, "does the function return it"),
        (never, (1, 4), SpaceError, "none of 5,000 architectures"),
        (lambda: nn.Linear(4, 2), (1, 4), SpaceError, "asks for no choice"),
        (nn.Linear(4, 2), (1, 4), SpaceError, "give the class"),
        ("net", (1, 4), SpaceError, "expected a function or a class"),
        (lambda a, b: None, (1, 4), SpaceError, "expected one, the chooser"),
        (chain, "image", SpaceError, "expected a tensor, or a shape"),
        (chain, (0, 4), TraceError, "at least 1"),
    ],
)
def test_what_cannot_be_a_space_is_refused_at_once(net, example, error, message):
    with pytest.raises(error, match=message):
        ar.ModuleSpace(net, example)


SHARED = {"prelu": nn.PReLU(), "relu": nn.ReLU()}
FROZEN = nn.Linear(4, 4).requires_grad_(False)


def test_networks_that_share_weights_are_refused():
    def sharing(choose):
        return nn.Sequential(nn.Linear(4, choose("width", [4, 8])), choose("act", SHARED))

    def with_frozen(choose):
        return nn.Sequential(FROZEN, nn.Linear(4, choose("width", [4, 8])))

    def build_two():
        space = ar.ModuleSpace(sharing, (1, 4))
        # If no network that was checked has the shared one.
        return [space.build({"width": width, "act": "prelu"}) for width in (4, 8)]

    with pytest.raises(SpaceError, match=r"have the weight '1.weight' in common"):
        build_two()
    frozen = ar.ModuleSpace(with_frozen, (1, 4))
    assert frozen.build('{"width": 4}')[0] is frozen.build('{"width": 8}')[0] is FROZEN


def test_one_choice_may_stand_at_two_places():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            act = ar.choice({"relu": nn.ReLU, "tanh": nn.Tanh})
            self.layers = nn.Sequential(nn.Linear(4, 4), act, nn.Linear(4, 4), act)

        def forward(self, x):
            return self.layers(x)

    space = ar.ModuleSpace(Twice, (1, 4))
    network = space.build('{"layers.1": "tanh"}')
    assert network.layers[1] is network.layers[3]
    assert isinstance(network.layers[1], nn.Tanh)


def test_a_search_ends_where_numbers_make_no_further_networks():
    def net(choose):
        choose.number("lr", 1e-3, 1e-1)
        return nn.Linear(4, choose("width", [8, 16]))

    with pytest.warns(UserWarning, match="'lr'"):
        space = ar.ModuleSpace(net, (1, 4))
    for strategy in ("random", "evolution", "guided"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = ar.search(space, lambda module: float(module.out_features), strategy, budget=6)
        assert sorted(e.value for e in result.evaluations) == [8, 16]


def test_a_start_that_breaks_a_known_bound_is_refused(space):
    large = {"width": 32, "blocks": 0, "lr": 0.01}
    with pytest.raises(ArchrankError, match=r"breaks 'parameters < 200', its parameters is 259"):
        ar.search(space, train, budget=12, where=["parameters < 200"], start=[large])


def test_a_choice_that_changes_no_network_is_named():
    def net(choose):
        choose.number("lr", 1e-3, 1e-1)
        return nn.Linear(4, choose("width", [8, 16]))

    with pytest.warns(UserWarning, match=r"'lr' .*build the same network.*training=True"):
        ar.ModuleSpace(net, (1, 4))


def test_other_spellings_of_an_example():
    def net(choose):
        class Two(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(4, choose("width", [8, 16]))

            def forward(self, x, mask=None):
                return self.fc(x) * (1 if mask is None else mask)

        return Two()

    one = ar.ModuleSpace(net, torch.zeros(2, 4))
    two = ar.ModuleSpace(net, ((2, 4), {"mask": torch.ones(2, 1)}))
    three = ar.ModuleSpace(net, {"x": (2, 4), "mask": (2, 1)})
    (a,) = one.sample(1, np.random.default_rng(0))
    assert len(one.graph(a).cells[0].sites) < len(two.graph(a).cells[0].sites)
    assert two.graph(a).key == three.graph(a).key
    assert len({one.digest, two.digest}) == 2


def test_inputs_may_be_nested():
    words = torch.zeros(1, 4, dtype=torch.long)
    space = ar.ModuleSpace(OfWords, {"batch": {"words": [words]}})
    assert space.build('{"width": 8}')({"words": [words]}).shape == (1, 4, 8)
    one = ar.ModuleSpace(OfWords, ({"words": [words]}, {}))
    (a,) = one.sample(1, np.random.default_rng(0))
    assert one.graph(a).key == space.graph(a).key


def test_a_misspelled_bound_is_refused_before_anything_is_trained(space):
    trained = []
    with pytest.raises(UnknownName, match="did you mean 'parameters'"):
        ar.search(space, trained.append, budget=12, where=["paramters < 5e6"])
    assert not trained


def test_a_text_of_another_space_is_refused(space):
    with pytest.raises(ParseError, match="no value for the choice 'width'"):
        space.build("{}")
    with pytest.raises(InvalidArchitecture, match="of the space 'other'"):
        space.build(ar.Architecture("other", ()))


def test_spaces_travel(space):
    again = pickle.loads(pickle.dumps(space))
    assert again.digest == space.digest
    assert samples(again) == samples(space)
    assert copy.deepcopy(space) is space


def test_an_edited_file_is_another_space(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    code = "from torch import nn\n\n\ndef net(choose):\n    return nn.Linear(4, choose('width', {options}))\n"

    def digest(name, text):
        (tmp_path / f"{name}.py").write_text(text)
        module = __import__(name)
        return ar.ModuleSpace(module.net, (1, 4), name="net").digest

    plain = digest("edited_a", code.format(options="[8, 16]"))
    assert digest("edited_b", "# a comment\n" + code.format(options="[8,   16]")) == plain
    assert digest("edited_c", code.format(options="[8, 32]")) != plain


SCRIPT = """
import sys, torch
from torch import nn
sys.modules["archrank"] = None
network = nn.Sequential(nn.Linear(4, 6), nn.LayerNorm(6), nn.Linear(6, 2))
network.load_state_dict(torch.load(sys.argv[1], weights_only=True))
print(network(torch.zeros(1, 4)).shape)
"""


def test_weights_are_loaded_without_archrank(tmp_path):
    space = ar.ModuleSpace(chain, (1, 4))
    network = space.build('{"depth": 1, "layer 0/out": 6, "layer 0/in": 4, "layer 0/norm": true}')
    torch.save(network.state_dict(), tmp_path / "weights.pt")
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "weights.pt")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "torch.Size([1, 2])" in ran.stdout


def test_a_built_network_is_pickled_and_exported(space):
    architecture = space.parse('{"width": 8, "lr": 0.01, "blocks": 1, "blocks.0.act": "relu"}')
    network = space.build(architecture).eval()
    again = pickle.loads(pickle.dumps(network))
    x = torch.randn(2, 4)
    assert torch.equal(again(x), network(x))
    assert torch.allclose(torch.export.export(network, (x,)).module()(x), network(x))


def test_what_the_code_reaches_identifies_a_space(tmp_path, monkeypatch):
    blocks = "from torch import nn\nWIDTH = 4\ndef head(width):\n    return nn.Linear(width, WIDTH)\n"
    model = (
        "from functools import partial\nfrom torch import nn\nfrom the_blocks import head\n"
        "def net(choose, factor=1):\n"
        "    width = choose('width', [4, 8]) * factor\n"
        "    return nn.Sequential(nn.Linear(4, width), head(width))\n"
        "def make(factor):\n    return lambda choose: net(choose, factor)\n"
        "class Builder:\n"
        "    def __init__(self, factor):\n        self.factor = factor\n"
        "    def __call__(self, choose):\n        return net(choose, self.factor)\n"
        "twice, thrice = partial(net, factor=2), partial(net, factor=3)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "the_model.py").write_text(model)

    def digests(text):
        (tmp_path / "the_blocks.py").write_text(text)
        for name in ("the_model", "the_blocks"):
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        linecache.clearcache()
        made = importlib.import_module("the_model")
        builders = {
            "net": made.net,
            "partial 2": made.twice,
            "partial 3": made.thrice,
            "closure 2": made.make(2),
            "closure 3": made.make(3),
            "object 2": made.Builder(2),
            "object 3": made.Builder(3),
        }
        spaces = {name: ar.ModuleSpace(builder, (1, 4)) for name, builder in builders.items()}
        assert spaces["partial 2"].name == "net"
        return {name: space.digest for name, space in spaces.items()}

    first = digests(blocks)
    assert len(set(first.values())) == len(first)
    assert digests(blocks + "# a comment\n") == first
    edited = digests(blocks.replace("WIDTH = 4", "WIDTH = 40"))
    assert not set(edited.values()) & set(first.values())
    for name in ("the_model", "the_blocks"):
        sys.modules.pop(name, None)


def test_code_that_was_typed_in_identifies_a_space_too():
    def digest(width):
        scope = {"nn": nn}
        exec(f"def net(choose):\n    return nn.Linear(4, choose('width', [8, {width}]))", scope)  # noqa: S102
        return ar.ModuleSpace(scope["net"], (1, 4)).digest

    assert digest(16) == digest(16) != digest(32)


def test_code_of_a_page_is_not_identified_by_other_lines_of_the_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "page.md").write_text("def other(\n\nA page.\n", encoding="utf-8")

    def digest(width):
        scope = {"nn": nn}
        code = f"def net(choose):\n    return nn.Linear(4, choose('width', [8, {width}]))"
        exec(compile(code, "page.md", "exec"), scope)  # noqa: S102
        return ar.ModuleSpace(scope["net"], (1, 4)).digest

    assert digest(16) == digest(16) != digest(32)


def test_architectures_are_drawn_as_networks(space):
    (architecture,) = samples(space, 1, seed=4)
    drawing = ar.draw(space, architecture, level=1)
    assert drawing.title == space.format(architecture)
    assert "parameters" in drawing.svg
    with pytest.raises(ar.ArchrankError, match="only networks have levels"):
        ar.draw("nas-bench-201", "|none~0|+|none~0|none~1|+|none~0|none~1|skip_connect~2|", level=1)
