"""Every page: its links lead somewhere, and docs/results holds what pages show and the commands for the rest."""

import json
import re
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "results"
PAGES = sorted(
    page
    for pattern in ("*.md", "docs/**/*.md", "benchmarks/*.md", "studies/*.md", "examples/**/*.md")
    for page in ROOT.glob(pattern)
)
MOST = 7_700_000
"""Bytes that all tracked files may have together."""

# A source distribution lacks the results.
needs_results = pytest.mark.skipif(
    not RESULTS.exists(), reason="needs docs/results, which only the repository has"
)


def prose(page):
    """A page without its code, which may hold what looks like a link."""
    return re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)


def links(page):
    """The file and the heading that each link or image of ours names."""
    text = prose(page)
    found = re.findall(r"\]\(<?([^)\s>]+)", text) + re.findall(r'(?:src|href|srcset)="([^"]+)"', text)
    for link in found:
        if not re.match(r"[a-z]+:", link):
            name, _, heading = link.partition("#")
            yield (page.parent / name).resolve() if name else page, heading


def outline(page):
    """The level and the words of each heading of a page."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return [(len(level), words) for level, words in re.findall(r"^(#+) +(.+?) *$", text, flags=re.MULTILINE)]


def headings(page):
    """The names that GitHub gives to the headings of a page."""
    plain = [re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", words) for _, words in outline(page)]
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in plain}


@needs_results
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    for file, heading in links(page):
        assert file.exists(), f"{page.name} links to {file}, which is not there"
        if heading and file.suffix == ".md":
            assert heading in headings(file), (
                f"{page.name} links to {file.name}#{heading}, which is not there"
            )


@pytest.mark.parametrize(
    "page", sorted((ROOT / "docs").rglob("*.md")), ids=lambda page: str(page.relative_to(ROOT))
)
def test_a_page_of_the_site_begins_with_its_only_title(page):
    assert page.read_text(encoding="utf-8").startswith("# ")
    levels = [level for level, _ in outline(page)]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels)), "a heading skips a level"


@needs_results
def test_results_hold_what_pages_show_and_no_raw_data():
    shown = {file for page in PAGES for file, _ in links(page)}
    left = [path for path in tracked("docs/results") if path.suffix in (".svg", ".png", ".parquet")]
    assert [path for path in left if path not in shown] == []


@needs_results
def test_every_comparison_says_its_commands():
    configs = sorted(RESULTS.rglob("config.json"))
    assert configs
    for path in configs:
        commands = json.loads(path.read_text(encoding="utf-8"))["environment"]["commands"]
        assert all(command.startswith("archrank compare ") for command in commands), path
        assert commands, path


def test_the_repository_stays_small():
    assert sum(path.stat().st_size for path in tracked(".")) < MOST


def tracked(folder):
    """The files that git keeps."""
    if not (ROOT / ".git").exists():
        pytest.skip("needs the repository")
    listed = subprocess.run(
        ["git", "ls-files", "-z", folder], cwd=ROOT, capture_output=True, text=True, check=True
    )
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    return [path for path in paths if path.is_file()]
