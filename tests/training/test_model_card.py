"""The Markdown page of a trained network."""

from types import SimpleNamespace

from archrank.training.curve import Epoch
from archrank.training.model_card import model_card
from archrank.training.recipes import RECIPES
from hostile import EVERYTHING, HOSTILE


def card(name):
    metadata = {
        "space": name,
        "architecture": name,
        "command": name,
        "data": {"name": name},
        "final": False,
        "parameters": 1,
        "multiply_adds": 2,
        "seconds": 3.0,
    }
    return model_card(
        SimpleNamespace(
            metadata=metadata,
            curve=(Epoch(1, 1.0, 0.5, 1.0, 0.5, 0.1, 1.0),),
            classes=HOSTILE,
            image=(3, 32, 32),
            mean=(0.5,),
            deviation=(0.5,),
            recipe=RECIPES["proxy"],
            skeleton=None,
        ),
        onnx=False,
    )


def shape(page):
    """The lines that make the page's structure: headings, fences and rows of tables."""
    return [line.split(" ")[0] for line in page.splitlines() if line.startswith(("#", "|", "![", "```"))]


def test_no_name_changes_the_structure_of_the_page():
    expected = shape(card("plain"))
    for name in HOSTILE:
        page = card(name)
        page.encode("utf-8")
        block = [line for line in page.splitlines() if line.startswith("````")]
        assert len(block) in (0, 4)
        assert shape(page.replace("````", "```").replace(name, "") if block else page) == expected


def test_names_outside_code_are_escaped():
    page = card(EVERYTHING)
    outside = page[: page.index("## The architecture")]
    assert "\\<img" in outside
    assert "<img" not in outside.replace("\\<img", "").split("of the space")[0]
