"""Runs the pages of the documentation that show their output, and writes the output and the figures into them.

Usage: ``python scripts/refresh_docs.py`` for all of them, or with the pages to run. ``--check`` changes nothing, and
fails where a page shows more or fewer lines than its code prints.

In such a page a block of Python that begins with a comment such as ``# model.py`` is written to that file. Other blocks
of Python, and of ``sh``, run one after the other in an empty folder, unless ``<!-- not run -->`` is above them. What a
block prints belongs into the block of text below ``<!-- output -->``. A figure that is saved under the name of a
picture of the page becomes that picture.
"""

import argparse
import contextlib
import io
import linecache
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
BLOCK = re.compile(
    r"(?P<skipped><!-- not run -->\n)?```(?P<kind>python|sh)\n(?P<code>.*?)```\n"
    r"(?P<shown>\n<!-- output -->\n```text\n.*?```\n)?",
    re.DOTALL,
)
FILE = re.compile(r"# (\w+\.(?:py|toml|yaml))\n")
PICTURE = re.compile(r"!\[[^]]*\]\(([^)]*images/([\w-]+\.svg))\)")
SETTINGS = {"MPLBACKEND": "Agg", "SOURCE_DATE_EPOCH": "0", "COLUMNS": "100", "NO_COLOR": "1"}


def pages() -> list[Path]:
    """The pages that show their output, or figures that they save."""
    return [page for page in sorted(DOCS.rglob("*.md")) if shows(page.read_text(encoding="utf-8"))]


def shows(text: str) -> bool:
    """Whether a page shows output, or a figure that its code saves."""
    return "<!-- output -->" in text or any(f'"{name}"' in text for _, name in PICTURE.findall(text))


def ran(page: Path, folder: Path) -> str:
    """The text of a page with the output of its blocks, run in a folder."""
    scope = {"__name__": "page"}

    def with_output(block: re.Match[str]) -> str:
        before, output = block[0], ""
        if block["skipped"]:
            return before
        if block["kind"] == "sh":
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", block["code"]],
                cwd=folder,
                check=True,
                stdout=subprocess.PIPE,
                text=True,
            )
            output = done.stdout
        elif named := FILE.match(block["code"]):
            (folder / named[1]).write_text(block["code"], encoding="utf-8")
        else:
            output = executed(block["code"], scope, page, before)
        if not block["shown"]:
            return before
        lines = "\n".join(line.rstrip() for line in output.strip("\n").splitlines())
        return f"{before.removesuffix(block['shown'])}\n<!-- output -->\n```text\n{lines}\n```\n"

    return BLOCK.sub(with_output, page.read_text(encoding="utf-8"))


def executed(code: str, scope: dict[str, object], page: Path, block: str) -> str:
    """What a block prints. Its lines can be found, because spaces of modules read the code of a network."""
    name = f"<{page.name} {abs(hash(block))}>"
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, name, "exec"), scope)  # noqa: S102 - the page is ours
    return printed.getvalue()


def refresh(page: Path, check: bool) -> bool:
    """Runs a page in this process; whether it shows as many lines as its code prints."""
    import matplotlib

    # The same picture has the same bytes; letters as text, not as outlines, make it much smaller.
    matplotlib.rcParams |= {"svg.hashsalt": "archrank", "svg.fonttype": "none"}
    before = page.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with contextlib.chdir(folder):
            sys.path.insert(0, str(folder))
            after = ran(page, folder)
        pictures = {page.parent / address: folder / name for address, name in PICTURE.findall(before)}
        drawn = {picture: made for picture, made in pictures.items() if made.exists()}
        if not check:
            page.write_text(after, encoding="utf-8")
            for picture, made in drawn.items():
                picture.write_text(slimmed(made.read_text(encoding="utf-8")), encoding="utf-8")
    missing = [picture.name for picture in drawn if not picture.exists()]
    if missing:
        print(f"{page.name} lacks its pictures: {', '.join(missing)}")
    return len(after.splitlines()) == len(before.splitlines()) and not missing


def slimmed(svg: str) -> str:
    """The same picture in fewer bytes: coordinates to a hundredth of a point, no metadata, no indentation."""
    svg = re.sub(r"\s*<metadata>.*?</metadata>|\s*<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(?<= [dxy]=")[^"]+(?=")', lambda found: _shorter(found[0]), svg)
    return re.sub(r">\s+<", ">\n<", svg)


def _shorter(coordinates: str) -> str:
    return " ".join(re.sub(r"(\.\d\d)\d+", r"\1", coordinates).split())


def main() -> int:
    """Runs every page in a process of its own; 1 where one fails or is stale."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pages", nargs="*", type=Path)
    parser.add_argument("--check", action="store_true", help="change nothing; fail where a page is stale")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.here:
        (page,) = given.pages
        if refresh(page.resolve(), given.check):
            return 0
        print(f"{page} does not show what its code prints; run: python scripts/refresh_docs.py {page}")
        return 1 if given.check else 0
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    failed = 0
    for page in given.pages or pages():
        print(page, flush=True)
        words = [sys.executable, __file__, "--here", *(["--check"] if given.check else []), str(page)]
        failed |= subprocess.run(words, env=os.environ | SETTINGS | {"PATH": path}, check=False).returncode
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
