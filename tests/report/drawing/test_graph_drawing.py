from itertools import combinations
from xml.etree import ElementTree

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import Circle, FancyBboxPatch, Polygon

from archrank.errors import ArchrankError, UnknownName
from archrank.graph import Cell, Graph, Site
from archrank.plot.style import operation_colors
from archrank.report.drawing.graph import draw, style_of
from archrank.spaces import NASBench201

SPACE = NASBench201()
LONG = Cell(
    1,
    8,
    (
        Site("conv3x3-bn-relu", (0,), 1),
        Site("maxpool3x3", (0, 1), 2),
        Site("conv1x1-bn-relu", (0, 2), 3),
        Site("conv3x3-bn-relu", (1, 2, 3), 4),
        Site("conv3x3-bn-relu", (3,), 5),
        Site("a quite long name of an operation", (2,), 6),
        Site("output", (0, 4, 5), 7),
    ),
    (7,),
)
DARTS = Cell(
    2,
    5,
    (
        Site("sep_conv_3x3", (0,), 2),
        Site("sep_conv_3x3", (0,), 2),
        Site("skip_connect", (1,), 3),
        Site("max_pool_3x3", (2,), 3),
        Site("dil_conv_5x5", (0,), 4),
        Site("skip_connect", (3,), 4),
    ),
    (2, 3, 4),
)


def graph201(*row):
    return SPACE.graph(SPACE.architecture(row))


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


PICTURES = {
    "all six edges": graph201(3, 2, 4, 3, 1, 3),
    "none": graph201(3, 0, 2, 0, 0, 3),
    "dead": graph201(0, 3, 3, 1, 0, 3),
    "cut off": graph201(3, 1, 4, 0, 0, 0),
    "empty": graph201(0, 0, 0, 0, 0, 0),
    "on node": Graph((LONG,)),
    "two cells": Graph((DARTS, DARTS)),
    "many cells": Graph((LONG, DARTS, LONG)),
    "function": SPACE.function(SPACE.architecture((3, 2, 4, 3, 1, 3))),
    "twice the same source": Graph((Cell(1, 3, (Site("a", (0,), 1), Site("b", (1, 1), 2)), (2,)),)),
    "input is output": Graph((Cell(1, 1, (), (0,)),)),
    "output read inside": Graph((Cell(1, 3, (Site("a", (0,), 1), Site("b", (1,), 2)), (1,)),)),
    "formula in a name": Graph((Cell(1, 2, (Site("$x_1$ & <b>", (0,), 1),), (1,)),)),
}


@pytest.mark.parametrize("style", ["edge", "node"])
@pytest.mark.parametrize("name", PICTURES)
def test_no_text_is_cut_or_overlaps_another(name, style):
    figure = draw(PICTURES[name], style=style)
    renderer = FigureCanvasAgg(figure).get_renderer()
    boxes = [text.get_window_extent(renderer) for text in figure.axes[0].texts]
    width, height = figure.canvas.get_width_height()
    for box in boxes:
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= width
        assert box.y1 <= height
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))


@pytest.mark.parametrize("style", ["edge", "node"])
@pytest.mark.parametrize("name", PICTURES)
def test_every_operation_is_named_once_a_site(name, style):
    graph = PICTURES[name]
    named = sorted(site.operation for cell in graph.cells for site in cell.sites)
    ends = {"in", "in 1", "in 2", "out", "+", *map(str, range(9))}
    shown = [t for t in texts(draw(graph, style=style)) if t not in ends and not t.startswith("Cell ")]
    assert sorted(shown) == named


def test_every_text_fits_its_box():
    figure = draw(PICTURES["on node"])
    renderer = FigureCanvasAgg(figure).get_renderer()
    axes = figure.axes[0]
    boxes = [p.get_window_extent(renderer) for p in axes.patches if isinstance(p, FancyBboxPatch)]
    for text in axes.texts:
        inside = text.get_window_extent(renderer)
        assert any(
            b.x0 < inside.x0 and inside.x1 < b.x1 and b.y0 < inside.y0 and inside.y1 < b.y1 for b in boxes
        )


def test_operations_on_edges_have_junctions_and_operations_on_nodes_have_none():
    def circles(graph):
        return sum(isinstance(patch, Circle) for patch in draw(graph).axes[0].patches)

    assert style_of([graph201(3, 2, 4, 3, 1, 3)]) == style_of([Graph((DARTS,))]) == "edge"
    assert style_of([Graph((LONG,))]) == "node"
    assert circles(graph201(3, 2, 4, 3, 1, 3)) == 2
    assert circles(Graph((LONG,))) == 0


def test_other_architectures_of_the_space_tell_the_style_of_a_chain():
    chain = graph201(3, 0, 2, 0, 0, 3)
    assert style_of([chain]) == "node"
    assert style_of([chain, graph201(3, 3, 3, 3, 3, 3)]) == "edge"


def test_what_takes_no_part_is_pale():
    # Junction 1 gets nothing, so its edge to junction 2 carries nothing.
    figure = draw(graph201(0, 3, 2, 0, 0, 3), style="edge")
    alpha = {text.get_text(): text.get_alpha() for text in figure.axes[0].texts}
    assert alpha["nor_conv_1x1"] < 1
    assert alpha["nor_conv_3x3"] == 1
    pale = [patch.get_alpha() for patch in draw(graph201(3, 2, 4, 0, 0, 0), style="edge").axes[0].patches]
    assert sum(alpha is not None and alpha < 1 for alpha in pale) >= 9


def test_every_line_that_enters_something_has_a_head():
    heads = [patch for patch in draw(Graph((LONG,))).axes[0].patches if isinstance(patch, Polygon)]
    assert len(heads) == sum(len(site.sources) for site in LONG.sites)


def test_an_operation_has_one_color_in_every_drawing_of_its_space():
    def fill(graph, operation):
        axes = draw(graph, operations=SPACE.operations, style="edge").axes[0]
        names = [text.get_text() for text in axes.texts]
        boxes = [patch for patch in axes.patches if isinstance(patch, FancyBboxPatch | Circle)]
        return boxes[names.index(operation)].get_edgecolor()

    assert fill(graph201(3, 2, 4, 3, 1, 3), "nor_conv_3x3") == fill(
        graph201(3, 0, 0, 0, 3, 0), "nor_conv_3x3"
    )


def test_twelve_operations_have_twelve_colors_and_skips_are_gray():
    colors = operation_colors(["skip_connect", *(f"operation {i}" for i in range(12))])
    assert len(set(colors.values())) == 13
    assert colors["skip_connect"] == operation_colors(["conv", "skip"])["skip"]


def test_cells_have_titles():
    assert {"Cell 1", "Cell 2"} <= set(texts(draw(Graph((DARTS, DARTS)))))
    assert {"Normal", "Reduction"} <= set(texts(draw(Graph((DARTS, DARTS)), titles=["Normal", "Reduction"])))


@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_same_graph_same_bytes_whatever_the_settings(tmp_path, suffix):
    import matplotlib as mpl

    first, second = tmp_path / f"first{suffix}", tmp_path / f"second{suffix}"
    draw(PICTURES["two cells"], first)
    with mpl.rc_context({"font.size": 30, "font.family": "serif", "svg.hashsalt": None, "axes.grid": False}):
        draw(PICTURES["two cells"], second)
        assert mpl.rcParams["font.size"] == 30
    assert first.read_bytes() == second.read_bytes()


def test_svg_is_xml_and_png_is_png(tmp_path):
    draw(PICTURES["formula in a name"], tmp_path / "a.svg")
    assert ElementTree.parse(tmp_path / "a.svg").getroot().tag.endswith("svg")
    draw(PICTURES["empty"], tmp_path / "a.PNG")
    assert (tmp_path / "a.PNG").read_bytes().startswith(b"\x89PNG")


def test_other_formats_are_refused_by_name(tmp_path):
    with pytest.raises(UnknownName, match=r"'\.gif'.*Allowed: \.svg, \.png"):
        draw(PICTURES["none"], tmp_path / "a.gif")
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(ArchrankError, match=r"cannot write .*a\.svg"):
        draw(PICTURES["none"], tmp_path / "file" / "a.svg")


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    target = tmp_path / "a.svg"
    target.write_text("old")

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", refuse)
    with pytest.raises(ArchrankError, match="No space left on device"):
        draw(PICTURES["none"], target)
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.svg"]
