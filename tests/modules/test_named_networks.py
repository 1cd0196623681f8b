"""Networks by name."""

import importlib.util
import sys

import pytest
from typer.testing import CliRunner

import archrank as ar
from archrank.cli import names
from archrank.cli.main import app
from archrank.errors import ArchrankError, SpaceError, TraceError, UnknownName
from archrank.modules import named_module

MODEL = """
from torch import nn

class Net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(3, 4, 3), nn.ReLU())

def make():
    return nn.Linear(4, 2)

made = nn.Linear(4, 3)
number = 3

def fails():
    raise ValueError("no")

def none():
    return 5

def chosen(choose):
    return nn.Linear(4, choose("width", [8, 16]))
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "users_networks.py").write_text(MODEL)
    (tmp_path / "users_missing.py").write_text("import no_such_package\n")
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for name in ("users_networks", "users_missing"):
        sys.modules.pop(name, None)
    sys.path[:] = [entry for entry in sys.path if entry != str(tmp_path)]


def test_a_class_a_function_and_an_object(folder):
    assert ar.trace("users_networks.py:Net", (1, 3, 8, 8)).cells[0].sites[0].operation == "conv"
    assert ar.trace("users_networks.py:make", (1, 4)).cells[0].sites[0].shape == (2,)
    assert named_module("users_networks.py:made").out_features == 3


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("users_networks.py:Nett", UnknownName, "did you mean 'Net'"),
        ("users_networks.py:number", TraceError, "is 3; expected a torch"),
        ("users_networks.py:fails", TraceError, "without arguments: ValueError: no"),
        ("users_networks.py:none", TraceError, "makes 5; expected"),
        ("users_missing.py:Net", SpaceError, "no_such_package"),
        ("resnet50", UnknownName, "timm:NAME"),
        ("os:getcwd", UnknownName, "path/to/file.py:NAME"),
    ],
)
def test_what_makes_no_network_says_why(folder, name, error, message):
    with pytest.raises(error, match=message):
        named_module(name)


def test_without_timm_its_networks_say_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(TraceError, match="pip install timm"):
        ar.trace("timm:resnet50")


def test_files_in_different_folders_find_their_own_neighbors(tmp_path):
    text = "from torch import nn\nfrom a_helper import WIDTH\ndef net():\n    return nn.Linear(4, WIDTH)\n"
    for folder, width in (("one", 3), ("two", 7)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a_helper.py").write_text(f"WIDTH = {width}\n")
        (tmp_path / folder / "a_model.py").write_text(text)
    before = [*sys.path]
    try:
        for folder, width in (("one", 3), ("two", 7), ("one", 3)):
            assert named_module(f"{tmp_path}/{folder}/a_model.py:net").out_features == width
    finally:
        sys.path[:] = before
        for name in ("a_helper", "a_model"):
            sys.modules.pop(name, None)


@pytest.mark.skipif(importlib.util.find_spec("timm") is None, reason="needs timm")
def test_a_network_of_timm():
    graph = ar.trace("timm:resnet18")
    assert sum(node.parameters for node in graph.cells[0].sites) == 11_689_512
    assert ar.trace("timm:resnet18", (1, 3, 64, 64)).key == graph.key
    with pytest.raises(UnknownName, match="resnet18"):
        ar.trace("timm:resnet18x")


def test_the_command_draws_networks(folder):
    run = CliRunner().invoke(app, ["draw", "users_networks.py:Net", "--example", "1,3,8,8", "-o", "net.svg"])
    assert run.exit_code == 0, run.output
    assert (folder / "net.svg").read_text() == ar.draw("users_networks.py:Net", (1, 3, 8, 8)).svg


def test_the_command_draws_an_architecture_of_a_network_with_choices(folder):
    words = ["draw", "users_networks.py:chosen", '{"width": 8}', "--example", "1,4", "-o", "net.svg"]
    run = CliRunner().invoke(app, words)
    assert run.exit_code == 0, run.output
    space = names.space("users_networks.py:chosen", example=(1, 4))
    assert (folder / "net.svg").read_text() == ar.draw(space, '{"width": 8}').svg


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nas-bench-201"], "alone cannot be drawn"),
        (["users_networks.py:Net"], "alone cannot be drawn"),
        (["users_networks.py:Net", "--example", "1,x"], "is no shape"),
        (["users_networks.py:Net", "--example", "1,4,8,8"], "Net fails for the example of shape"),
        (["users_networks.py:Net", "--example", "1,3,8,8", "--level", "0"], "the level is 0"),
        (["users_networks.py:chosen", "--example", "1,8"], "needs an architecture too"),
        (["users_networks.py:chosen", '{"width": 8}'], "such as example = (1, 3, 32, 32)"),
        (["nas-bench-201", "|a~0|", "--example", "1,3"], "--example is for a network"),
    ],
)
def test_what_the_command_refuses(folder, words, message):
    error = CliRunner().invoke(app, ["draw", *words]).exception
    assert isinstance(error, ArchrankError)
    assert message in str(error)
