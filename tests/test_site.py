"""The site that ``make docs`` builds: pages can be reached, the reference is complete, its checks find mistakes."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import archrank

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = {
    path.relative_to(DOCS).with_suffix("").as_posix()
    for path in DOCS.rglob("*.md")
    if (path.parent == DOCS / "results" or DOCS / "results" not in path.parents)
    and path != DOCS / "README.md"
}
check_site = runpy.run_path(str(ROOT / "scripts" / "check_site.py"))
refresh_docs = runpy.run_path(str(ROOT / "scripts" / "refresh_docs.py"))


def listed(page):
    """The pages in the tables of contents of a page, by their paths in docs."""
    for block in re.findall(r"```\{toctree\}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        for line in block.splitlines():
            if line and not line.startswith(":"):
                for found in page.parent.glob(f"{line}.md"):
                    yield found.relative_to(DOCS).with_suffix("").as_posix()


def test_every_page_is_in_a_table_of_contents():
    reached = {name for page in DOCS.rglob("*.md") for name in listed(page)}
    assert reached == PAGES - {"index"}


def test_the_reference_describes_every_public_name_once():
    pages = [page.read_text(encoding="utf-8") for page in (DOCS / "reference").glob("*.md")]
    named = [name for page in pages for name in re.findall(r"auto\w+:: archrank\.(\w+)$", page, re.MULTILINE)]
    packages = ["errors", *re.findall(r"^## archrank\.(\w+)$", "\n".join(pages), re.MULTILINE)]
    assert sorted(named) == sorted([*archrank.__all__, *packages])


PAGE = '<html><body id="top"><a href="{link}">here</a>{more}</body></html>'


@pytest.mark.parametrize(
    ("link", "more", "said"),
    [
        ("other.html#below", "", None),
        ("https://example.org/", "", None),
        ("missing.html", "", "links to missing.html, which is not there"),
        ("other.html#above", "", "the page has no such heading"),
        ("#top", '<script src="https://example.org/a.js"></script>', "fetches https://example.org/a.js"),
    ],
)
def test_broken_links_and_requests_are_found(tmp_path, link, more, said):
    (tmp_path / "index.html").write_text(PAGE.format(link=link, more=more), encoding="utf-8")
    (tmp_path / "other.html").write_text('<h2 id="below">Below</h2>', encoding="utf-8")
    wrong, outside = check_site["broken"](tmp_path)
    assert [said in line for line in wrong] == ([True] if said else [])
    assert outside == ({link} if link.startswith("https") else set())


SHOWN = """
```python
# model.py
WIDTH = 3
```

```python
from model import WIDTH

print(WIDTH)
```

<!-- output -->
```text
```

```sh
ls model.py
```

<!-- output -->
```text
```
"""


def test_a_page_gets_the_output_of_its_blocks(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(SHOWN, encoding="utf-8")
    words = [sys.executable, ROOT / "scripts" / "refresh_docs.py", page]
    checked = subprocess.run([*words, "--check"], capture_output=True, text=True, check=False)
    assert checked.returncode == 1
    assert "does not show what its code prints" in checked.stdout
    subprocess.run(words, check=True, capture_output=True)
    assert "```text\n3\n```" in page.read_text(encoding="utf-8")
    assert "```text\nmodel.py\n```" in page.read_text(encoding="utf-8")
    subprocess.run([*words, "--check"], check=True, capture_output=True)


def test_no_output_on_a_page_is_empty():
    for page in refresh_docs["pages"]():
        assert "<!-- output -->\n```text\n```" not in page.read_text(encoding="utf-8"), page.name


def test_a_picture_is_drawn_at_a_size_that_can_be_read(tmp_path, monkeypatch):
    pytest.importorskip("docutils", reason="needs the extra docs")
    monkeypatch.syspath_prepend(DOCS)
    import frames

    flat = tmp_path / "flat.svg"
    flat.write_text(
        '<?xml version="1.0"?>\n<svg width="900pt" height="90pt" viewBox="0 0 900 90"/>', encoding="utf-8"
    )
    assert frames.size(flat) == (1200, 120)
    assert frames.size(DOCS / "images" / "report-narrow.png")[0] == 390
    assert frames.widths(1200, 120) == (960, 1200)
    assert frames.widths(1000, 890)[1] == pytest.approx(1000 * frames.TALL / 890, abs=1)
    assert frames.widths(200, 4000) == (160, 160)


def test_columns_of_sentences_and_words_are_told_apart(monkeypatch):
    nodes = pytest.importorskip("docutils.nodes", reason="needs the extra docs")
    monkeypatch.syspath_prepend(DOCS)
    import frames

    texts = [
        ["n", "metric", "meaning"],
        ["1", "accuracy of it", "the share of images that the network names"],
    ]
    rows = [nodes.row("", *(nodes.entry("", nodes.paragraph(text=text)) for text in row)) for row in texts]
    group = nodes.tgroup("", nodes.thead("", rows[0]), nodes.tbody("", rows[1]))
    frames.column_widths(None, nodes.table("", group))
    assert [entry["classes"] for entry in rows[1]] == [[], ["words"], ["sentences"]]
    assert [entry["classes"] for entry in rows[0]] == [[], ["words"], ["sentences"]]


@pytest.mark.parametrize("page", sorted((DOCS / "tutorials").glob("*.md")), ids=lambda page: page.stem)
def test_a_tutorial_says_first_how_long_it_takes_and_what_it_needs(page):
    head = page.read_text(encoding="utf-8").split("\n## ")[0]
    if page.stem != "index":
        assert "- **Time**: " in head
        assert "core" in head  # what the code takes, measured
        assert "- **You need**: " in head
        assert "](../install.md)" in head


def test_a_slim_picture_has_no_more_digits_than_can_be_seen():
    path = '<path d="M 1.23456 2 \nL 10.5 0.125 "/>'
    svg = f'<svg>\n  <metadata>\n <a/></metadata>\n  {path}\n <g transform="scale(0.015625)" x="3.14159"/>\n</svg>'
    slim = '<svg>\n<path d="M 1.23 2 L 10.5 0.12"/>\n<g transform="scale(0.015625)" x="3.14"/>\n</svg>'
    assert refresh_docs["slimmed"](svg) == slim
    for picture in (DOCS / "images").glob("*.svg"):
        assert "<metadata>" not in picture.read_text(encoding="utf-8"), picture.name
