"""The drawing of the front door."""

from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

import archrank as ar
from archrank.errors import ArchrankError, ParseError, UnknownName
from archrank.spaces import Darts, NASBench201

SPACE = NASBench201()
CELL = "|nor_conv_3x3~0|+|nor_conv_3x3~0|none~1|+|skip_connect~0|none~1|nor_conv_1x1~2|"


def words(drawing):
    return {element.text for element in ElementTree.fromstring(drawing._repr_svg_()).iter() if element.text}


def test_every_form_of_an_architecture_gives_the_same_drawing():
    architecture = SPACE.parse(CELL)
    expected = ar.draw(SPACE, CELL)._repr_svg_()
    assert ElementTree.fromstring(expected).tag.endswith("svg")
    for given in (
        (SPACE, architecture),
        (architecture, SPACE),
        (CELL, SPACE),
        (SPACE, SPACE.options(architecture)),
    ):
        assert ar.draw(*given)._repr_svg_() == expected


def test_a_graph_and_a_style():
    graph = SPACE.graph(SPACE.parse(CELL))
    assert "a graph of 1 cell" in repr(ar.draw(graph))
    assert ar.draw(graph).svg == ar.draw(graph, style="edge").svg != ar.draw(graph, style="node").svg


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_it_is_saved_as_the_command_does(tmp_path, suffix):
    from typer.testing import CliRunner

    from archrank.cli.main import app

    ar.draw(SPACE, CELL).save(tmp_path / f"python.{suffix}")
    command = ["draw", "nas-bench-201", CELL, "--out", str(tmp_path / f"command.{suffix}")]
    assert CliRunner().invoke(app, command).exit_code == 0
    assert (tmp_path / f"python.{suffix}").read_bytes() == (tmp_path / f"command.{suffix}").read_bytes()


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ((SPACE,), ArchrankError, r"expected draw\(space, architecture\)"),
        ((CELL,), ArchrankError, r"expected draw\(space, architecture\)"),
        ((CELL, CELL), ArchrankError, r"expected draw\(space, architecture\)"),
        ((SPACE, [CELL, CELL]), ArchrankError, "2 architectures were given; draw them one by one"),
        ((SPACE, "nonsense"), ParseError, "'nonsense' is not a nas-bench-201 cell"),
        ((SPACE, Darts().sample(1, np.random.default_rng(0))[0]), ArchrankError, "where the space is 'nas-bench-201'"),
    ],
)  # fmt: skip
def test_mistakes_are_explained(given, error, message):
    with pytest.raises(error, match=message):
        ar.draw(*given)


def test_another_suffix_is_refused(tmp_path):
    with pytest.raises(UnknownName, match=r"Allowed: \.svg, \.png"):
        ar.draw(SPACE, CELL).save(tmp_path / "cell.gif")


def test_features_as_records_for_a_frame():
    frame = pd.DataFrame(ar.feature_table(SPACE, CELL)).set_index("feature")
    assert frame.loc["live nor_conv_3x3", "value"] == 1
    assert (frame["min"] <= frame["max"]).all()
    assert "value" not in ar.feature_table(SPACE)[0]
