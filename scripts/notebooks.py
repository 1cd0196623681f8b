"""Writes the notebooks in ``examples/notebooks`` from the tutorials, without outputs.

Usage: ``python scripts/notebooks.py``.
"""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
TUTORIALS = ROOT / "docs" / "tutorials"
NOTEBOOKS = ROOT / "examples" / "notebooks"
NAMES = ("first-search", "your-model", "your-table")

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```\n", re.DOTALL | re.MULTILINE)
_OUTPUT = re.compile(r"<!-- output -->\n```text\n.*?^```\n", re.DOTALL | re.MULTILINE)
_FILE = re.compile(r"# (\w+\.py)\n")
_LINK = re.compile(r"\]\((?!\w+:|#)([^)\s]+)\)")


def cells_of(page: Path) -> list[tuple[str, str]]:
    """The cells of a page in their order: ``"markdown"`` or ``"code"``, and the text."""
    text = _OUTPUT.sub("", page.read_text(encoding="utf-8"))
    found, end = [], 0
    for block in _BLOCK.finditer(text):
        if block[1] not in ("python", "sh"):
            continue
        found += [("markdown", text[end : block.start()]), ("code", _code(block[1], block[2]))]
        end = block.end()
    found.append(("markdown", text[end:]))
    return [(kind, _moved(content.strip())) for kind, content in found if content.strip()]


def _code(language: str, text: str) -> str:
    """What a cell has to say to do the same: a file is written, and a command run."""
    if language == "sh":
        return "\n".join(f"!{line}" for line in text.splitlines() if line)
    name = _FILE.match(text)
    return f"%%writefile {name[1]}\n{text[name.end() :]}" if name else text


def _moved(text: str) -> str:
    """Links as they are seen from the folder of the notebooks."""

    def moved(link: re.Match[str]) -> str:
        path, mark, heading = link[1].partition("#")
        there = (TUTORIALS / path).resolve().relative_to(ROOT) if path else Path("docs/tutorials")
        return f"](../../{there.as_posix()}{mark}{heading})"

    return _LINK.sub(moved, text)


def notebook(page: Path) -> str:
    """A page as the text of a notebook."""
    cells = []
    for number, (kind, text) in enumerate(cells_of(page)):
        cell = {
            "cell_type": kind,
            "id": f"cell-{number}",
            "metadata": {},
            "source": text.splitlines(keepends=True),
        }
        cells.append(cell | ({"execution_count": None, "outputs": []} if kind == "code" else {}))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    held = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(held, indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Writes them all."""
    NOTEBOOKS.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        (NOTEBOOKS / f"{name}.ipynb").write_text(notebook(TUTORIALS / f"{name}.md"), encoding="utf-8")


if __name__ == "__main__":
    main()
