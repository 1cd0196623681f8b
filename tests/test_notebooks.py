"""The notebooks are the tutorials, without outputs."""

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))
scripts = pytest.importorskip("notebooks", reason="needs the repository")
NOTEBOOKS = sorted((ROOT / "examples" / "notebooks").glob("*.ipynb"))


def code_of(path):
    """The code cells, in their order."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def test_there_is_one_of_each():
    assert sorted(path.stem for path in NOTEBOOKS) == sorted(scripts.NAMES)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_the_tutorials_without_outputs(path):
    page = scripts.TUTORIALS / f"{path.stem}.md"
    assert path.read_text(encoding="utf-8") == scripts.notebook(page), "run python scripts/notebooks.py"
    assert all(cell["outputs"] == [] for cell in code_of(path))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_links_lead_somewhere(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    links = [link for link in scripts._LINK.findall(text) if ":" not in link]
    assert links
    for link in links:
        assert (path.parent / link.partition("#")[0]).exists(), link
