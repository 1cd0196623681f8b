"""Writes the public address of the repository into the files that name it, before the first release.

Usage: ``python scripts/set_address.py https://forge.example/owner/archrank``. Until then links in README.md are
relative, and the package has no project URLs. Afterwards

- ``[project.urls]`` in pyproject.toml and ``repository-code`` in CITATION.cff name the repository;
- links and pictures of README.md are absolute, because package indexes show the page without the repository;
- docs/install.md gets the sources from there.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
LINK = re.compile(r"(?P<image>!?)(?P<text>\[[^]]*\])\((?P<path>[\w./-]+)(?P<heading>#[\w-]+)?\)")
SOURCES = re.compile(r"(?<=<!-- sources -->\n).*?(?=<!-- end of sources -->)", re.DOTALL)
GET = """\
Get the sources from [the repository]({address}): `git clone {address}` makes the folder `{folder}`.
Or download a source archive or a wheel. Install one of them in an environment of its own:
"""
URLS = """
[project.urls]
Homepage = "{address}"
Documentation = "{address}/tree/main/docs"
Issues = "{address}/issues"
Changelog = "{address}/blob/main/CHANGELOG.md"
"""


def absolute(readme: str, address: str) -> str:
    """README with links that need no repository around them."""

    def link(found: re.Match[str]) -> str:
        kind = "raw" if found["image"] else "blob"
        target = f"{address}/{kind}/main/{found['path']}{found['heading'] or ''}"
        return f"{found['image']}{found['text']}({target})"

    return LINK.sub(link, readme)


def main(address: str) -> None:
    """Changes the files; refuses an address that is none, and a second time."""
    if not re.fullmatch(r"https://[\w.-]+/[\w./-]*[\w-]", address):
        sys.exit(f"{address!r} is no address of a repository; expected https://HOST/OWNER/NAME")
    project = ROOT / "pyproject.toml"
    text = project.read_text(encoding="utf-8")
    if "[project.urls]" in text:
        sys.exit("pyproject.toml has project URLs already; change them there")
    marker = "\n[project.optional-dependencies]"
    project.write_text(text.replace(marker, URLS.format(address=address) + marker, 1), encoding="utf-8")
    install = ROOT / "docs" / "install.md"
    text = GET.format(address=address, folder=address.rpartition("/")[2])
    install.write_text(SOURCES.sub(text, install.read_text(encoding="utf-8"), count=1), encoding="utf-8")
    citation = ROOT / "CITATION.cff"
    text = citation.read_text(encoding="utf-8")
    line = f"license: Apache-2.0\nrepository-code: {address}\n"
    citation.write_text(text.replace("license: Apache-2.0\n", line), encoding="utf-8")
    readme = ROOT / "README.md"
    readme.write_text(absolute(readme.read_text(encoding="utf-8"), address), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
