"""The conformance suite of open spaces holds for those that there are, and notices each broken promise."""

import random

import pytest

from archrank import Architecture
from archrank.graph import Cell, Graph, Node
from archrank.network_pool import NetworkPool
from archrank.testing import check_open_space, check_space
from open_spaces import Chains


def pool():
    def chain(*kinds):
        nodes = tuple(Node(kind, (i,), i + 1) for i, kind in enumerate(kinds))
        return Graph((Cell(1, len(nodes) + 1, nodes, (len(nodes),)),))

    graphs = {"a": chain("conv"), "b": chain("conv", "pool"), "c": chain("pool")}
    return NetworkPool(graphs, {"epochs": [10, None, 20], "recipe": ["old", "new", "old"]})


def test_open_spaces_keep_their_promises():
    check_space(Chains("chains"))
    check_space(pool())


@pytest.mark.parametrize("name", ["Net", "Placed", "chain"])
def test_spaces_of_modules_keep_their_promises(name):
    pytest.importorskip("torch")
    import archrank as ar
    from modules import nets

    check_space(ar.ModuleSpace(getattr(nets, name), (1, 4)), samples=15)


class RandomBuilder(Chains):
    def construct(self, choose):
        if random.random() < 0.5:
            choose("mood", ["good", "bad"])
        return super().construct(choose)


class RandomGraph(Chains):
    def graph(self, architecture):
        (cell,) = super().graph(architecture).cells
        odd = Node(f"op {random.random()}", (0,), 1)
        return Graph((Cell(1, cell.junctions, (odd, *cell.sites), cell.outputs, ordered=True),))


class Counting(Chains):
    """What it draws depends on what it drew."""

    drawn = 0

    def sample(self, n, rng):
        self.drawn += 1
        return super().sample(n + self.drawn, rng)[self.drawn :]


class Lying(Chains):
    """A mutation that changes all."""

    def mutate(self, architecture, rng):
        return self.sample(1, rng)[0]


class Still(Chains):
    def mutate(self, architecture, rng):
        return architecture


class Jumping(Chains):
    def neighbors(self, architecture):
        return [m for n in super().neighbors(architecture) for m in super(Jumping, self).neighbors(n)][:5]


class Unsorted(Chains):
    def neighbors(self, architecture):
        found = super().neighbors(architecture)
        random.shuffle(found)
        return found


class Impossible(Chains):
    """Draws what cannot be chosen."""

    def sample(self, n, rng):
        return [Architecture(a.space, (("depth", 9), *a.choices[1:])) for a in super().sample(n, rng)]


class Unreadable(Chains):
    def format(self, architecture):
        return str(architecture.choices)


class Rounding(Chains):
    """Its text loses digits."""

    def format(self, architecture):
        import json

        return json.dumps({n: round(v, 3) if n == "learning rate" else v for n, v in architecture.choices})


class Credulous(Chains):
    def parse(self, text):
        return self.from_options({"depth": 1, "layer 0/kind": "pool", "learning rate": 0.01}) if text == "" else super().parse(text)  # fmt: skip  # noqa: E501


class Crashing(Chains):
    def parse(self, text):
        import json

        return self.from_options(json.loads(text))


class Restless(Chains):
    @property
    def digest(self):
        return f"{id(self):012x}"[-12:]


class Unpicklable(Chains):
    def __init__(self, name):
        super().__init__(name)
        self.code = lambda: None


class Unsuggested(Chains):
    def suggest(self, trial):
        return self.from_options({"depth": trial.suggest_categorical("depths", [1])})


class Keyless(Chains):
    def function_key(self, architecture):
        return random.random()


class Infinite(Chains):
    def features(self, architecture):
        return super().features(architecture) | {"worth": float("nan")}


class Forgetful(Chains):
    def known_values(self, architecture):
        return {f"size of {architecture.choices[0][1]}": 1.0}


@pytest.mark.parametrize(
    ("space", "message"),
    [
        (RandomBuilder, "must not be random"),
        (RandomGraph, r"graph\(.* the same graph every time"),
        (Counting, r"sample\(\) must depend on its generator only"),
        (Lying, r"mutate\(.* expected exactly one choice"),
        (Still, r"mutate\(.* changed nothing"),
        (Jumping, r"neighbors\(.* (exactly one choice|architecture itself|one twice)"),
        (Unsorted, r"neighbors\(.* fixed order"),
        (Impossible, "refuses what is valid|cannot be"),
        (Unreadable, r"parse\(.* refuses what is valid"),
        (Rounding, r"parse\(.*expected"),
        (Credulous, r"parse\(''\) must raise ParseError, but it read"),
        (Crashing, r"parse\(''\) must raise ParseError, not JSONDecodeError"),
        (Restless, "the digest .* by pickling"),
        (Unpicklable, "pickle cannot copy"),
        (Unsuggested, r"suggest\(.* fails with a trial"),
        (Keyless, r"function_key\(.* same every time"),
        (Infinite, r"features\(.* 'worth' as nan"),
        (Forgetful, r"known_values\(.* has the names"),
    ],
)
def test_a_broken_promise_is_noticed(space, message):
    random.seed(0)
    with pytest.raises(AssertionError, match=message):
        check_open_space(space("chains"))
