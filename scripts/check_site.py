"""Checks the built site: every link inside it leads somewhere, and no page needs a server.

Usage: ``python scripts/check_site.py build/site``. It also compares the reference with ``archrank.__all__``, and lists
the links that lead outside; those are not followed.
"""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

FETCHED = {"script": "src", "img": "src", "iframe": "src", "source": "srcset", "link": "href"}
"""Elements whose address a browser fetches without a click."""


class Page(HTMLParser):
    """The anchors of a page, the addresses that it links to, and those that a browser fetches."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collects what one element names."""
        values = {name: value for name, value in attrs if value}
        self.anchors.update(values[name] for name in ("id", "name") if name in values)
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        elif tag in FETCHED and FETCHED[tag] in values and values.get("rel") != "canonical":
            self.fetched.append(values[FETCHED[tag]])


def broken(site: Path) -> tuple[list[str], set[str]]:
    """What is wrong with the links of a site, one line each, and the addresses outside."""
    pages = {path.resolve(): Page(path) for path in sorted(site.rglob("*.html"))}
    wrong, outside = [], set()
    for path, page in pages.items():
        name = path.relative_to(site.resolve())
        for link in page.links + page.fetched:
            address = urlsplit(link)
            if address.scheme or address.netloc:
                if link in page.fetched and address.scheme != "data":
                    wrong.append(f"{name} fetches {link}")
                elif address.scheme in ("http", "https"):
                    outside.add(link)
                continue
            target = (path.parent / unquote(address.path)).resolve() if address.path else path
            if not target.is_file():
                wrong.append(f"{name} links to {link}, which is not there")
            elif (
                address.fragment
                and target in pages
                and unquote(address.fragment) not in pages[target].anchors
            ):
                wrong.append(f"{name} links to {link}, but the page has no such heading")
    for style in sorted(site.rglob("*.css")):
        urls = re.findall(r"url\(['\"]?(https?:[^)'\"]+)", style.read_text(encoding="utf-8"))
        wrong.extend(f"{style.relative_to(site)} fetches {url}" for url in urls)
    return wrong, outside


def undocumented(site: Path, names: list[str]) -> list[str]:
    """The names of the package root that no page of the reference describes."""
    anchors: set[str] = set()
    for path in sorted((site / "reference").glob("*.html")):
        anchors |= Page(path).anchors
    return [name for name in names if not anchors & {f"archrank.{name}", f"module-archrank.{name}"}]


def main(site: Path) -> int:
    """Prints what is wrong; 1 if anything is."""
    import archrank

    if not (site / "index.html").exists():
        print(f"{site} holds no site; build it with: make docs")
        return 1
    wrong, outside = broken(site)
    wrong += [
        f"no page of the reference describes archrank.{n}" for n in undocumented(site, archrank.__all__)
    ]
    for line in wrong:
        print(line)
    for link in sorted(outside):
        print(f"outside, not followed: {link}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
