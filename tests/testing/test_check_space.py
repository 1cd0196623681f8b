"""A conformance suite is worth what it notices: each of these spaces breaks one promise."""

import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from archrank import Architecture, Choice
from archrank.cli import names
from archrank.spaces import NASBench201
from archrank.testing import check_space

DOCS = Path(__file__).parents[2] / "docs" / "how-to"


class Unstable(NASBench201):
    def graph(self, architecture):
        self.calls = getattr(self, "calls", 0) + 1
        return super().graph(Architecture(self.name, (self.calls % 5, *architecture.choices[1:])))


class Undeclared(NASBench201):
    operations = ("skip_connect", "nor_conv_1x1")


class Unreadable(NASBench201):
    def parse(self, text):
        return Architecture(self.name, super().parse(text).choices[::-1])


class Credulous(NASBench201):
    def parse(self, text):
        return super().parse(text) if "~" in text else self.architecture([0] * 6)


class Crashing(NASBench201):
    def parse(self, text):
        return super().parse(text) if text.count("+") == 2 else self.architecture([int(c) for c in text])


class Lopsided(NASBench201):
    def sample(self, n, rng):
        return [Architecture(self.name, (0, *a.choices[1:])) for a in super().sample(n, rng)]


class Still(NASBench201):
    def mutate(self, architecture, rng):
        return architecture


class Jumping(NASBench201):
    def mutate(self, architecture, rng):
        return super().mutate(super().mutate(architecture, rng), rng)


class Itself(NASBench201):
    def neighbors(self, architecture):
        return [architecture, *super().neighbors(architecture)]


class WrongCanonical(NASBench201):
    def canonical(self, choices):
        return (*choices[:5], min(choices[5], 3))


class Global(NASBench201):
    generator = np.random.default_rng(0)

    def sample(self, n, rng):
        return super().sample(n, self.generator)


class WrongFunction(NASBench201):
    name = "wrong-function"
    choices = (*(Choice(c.name, c.options[:2]) for c in NASBench201.choices),)
    operations = ("skip_connect", "a", "b")

    def function(self, architecture):
        # Depends on how the cell is written, not on what it is.
        if architecture.choices[0]:
            return super().function(architecture)
        return NASBench201().graph(Architecture("nas-bench-201", architecture.choices))


class NoName(NASBench201):
    name = ""


class Misnamed(NASBench201):
    cell_names = ("Normal cell", "Reduction cell")


class WrongSize(NASBench201):
    size = 15_626


class Repeated(NASBench201):
    choices = (*NASBench201.choices[:5], Choice("0→1", NASBench201.choices[0].options))


class Forgetful(NASBench201):
    def known_values(self, architecture):
        return {"size": 1.0} if architecture.choices[0] == 0 else {}


class Unknown(NASBench201):
    def known_values(self, architecture):
        return {"size": float("nan")}


@pytest.mark.parametrize(
    ("space", "message"),
    [
        (Forgetful, "has the names"),
        (Unknown, "expected a finite number"),
        (Unstable, "same graph every time"),
        (Undeclared, "not among the operations"),
        (Unreadable, "parse read that as"),
        (Credulous, "must raise ParseError, but it read"),
        (Crashing, "must raise ParseError, not"),
        (Lopsided, "not uniform"),
        (Still, "changed nothing"),
        (Jumping, "no neighbor|changed nothing"),
        (Itself, "the architecture itself"),
        (WrongCanonical, "computes another function"),
        (Global, "generator only"),
        (WrongFunction, "another function key"),
        (NoName, "has no name"),
        (Repeated, "more than once"),
        (Misnamed, "has 1 cells, but cell_names are"),
        (WrongSize, "size is 15626, but rows.. lists 15625"),
    ],
)
def test_a_broken_promise_is_noticed(space, message):
    with pytest.raises(AssertionError, match=message):
        check_space(space())


@pytest.fixture
def documented(tmp_path, monkeypatch):
    """The file that the how-to page tells its reader to write."""
    example, counted, check = re.findall(
        r"```python\n(.*?)```", (DOCS / "add-a-space.md").read_text(encoding="utf-8"), re.S
    )
    (tmp_path / "my_space.py").write_text(f"{example}\n\n{counted}", encoding="utf-8")
    (tmp_path / "check.py").write_text(check, encoding="utf-8")
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path / "my_space.py"
    sys.modules.pop("my_space", None)


def test_the_documented_space_works(documented):
    space = names.space(f"{documented}:ConvChain")
    runpy.run_path(str(documented.with_name("check.py")))
    assert len(space) == 28
    gap = space.architecture((1, 0, 2, 1))
    assert gap == space.architecture((1, 2, 0, 1))
    assert (
        space.format(gap)
        == '{"layer 1": "conv3x3", "layer 2": "conv5x5", "layer 3": "none", "shortcut": "yes"}'
    )
    assert [site.operation for site in space.graph(gap).cells[0].sites] == ["conv3x3", "conv5x5", "skip"]
    assert len({space.function_key(a) for a in space.architectures(space.rows())}) == 28
    counted = names.space(f"{documented}:CountedChain")
    check_space(counted)
    assert counted.known_values(counted.architecture((1, 2, 0, 1))) == {"parameters": (9 + 25) * 256.0}
