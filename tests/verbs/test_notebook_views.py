import sys
from types import SimpleNamespace

import pytest

import archrank as ar
from archrank.architecture import Architecture
from archrank.spaces import NASBench201
from archrank.verbs.notebook import register, show_in_notebooks

SPACE = NASBench201()


class Formatter:
    """As much of IPython's formatter of HTML as is used."""

    def __init__(self):
        self.functions = {}

    def for_type_by_name(self, module, name, function):
        self.functions[module, name] = function

    def __call__(self, value):
        return self.functions[type(value).__module__, type(value).__name__](value)


@pytest.fixture
def shown():
    formatter = Formatter()
    register(formatter)
    return formatter


def test_an_architecture_of_a_named_space_draws_itself(shown):
    cell = SPACE.architecture([3, 1, 2, 4, 0, 3])
    assert shown(cell) == ar.draw(SPACE, cell).svg


def test_an_architecture_of_an_unknown_space_is_shown_as_text(shown):
    assert shown(Architecture("mine", (0, 1))) is None


def test_a_result_shows_its_table_and_its_curve(shown):
    result = ar.search(SPACE, lambda a: float(sum(a.choices)), strategy="random", budget=4, progress=False)
    html = shown(result)
    assert html.startswith(result._repr_html_())
    assert "<svg" in html[len(result._repr_html_()) :]


def test_a_result_without_a_measured_value_shows_its_table(shown):
    def fails(_: Architecture) -> float:
        raise ValueError("no")

    with pytest.warns(UserWarning, match="all 2 evaluations failed"):
        result = ar.search(SPACE, fails, strategy="random", budget=2, progress=False)
    assert shown(result).startswith("<p>SearchResult")


def test_a_notebook_is_told(monkeypatch):
    formatter = Formatter()
    shell = SimpleNamespace(display_formatter=SimpleNamespace(formatters={"text/html": formatter}))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    show_in_notebooks()
    assert "<svg" in formatter(SPACE.architecture([0, 1, 2, 3, 4, 0]))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    show_in_notebooks()
