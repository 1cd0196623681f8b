"""The site that ``make docs`` builds, in a browser as narrow as a phone: what is wide scrolls, and can be read."""

from pathlib import Path

import pytest
from browser import Browser, found

pytestmark = [pytest.mark.full, pytest.mark.timeout(1200)]

SITE = Path(__file__).parents[2] / "build" / "site"
PAGES = [page for page in sorted(SITE.rglob("*.html")) if page.name != "report.html"]

LOOK = """(() => {
  const wide = element => element.getBoundingClientRect().width;
  const drawn = [...document.querySelectorAll('.content img[src*=_images]')].filter(wide);
  const cells = [...document.querySelectorAll('table.docutils td')].filter(cell => wide(cell) && cell.innerText);
  return {
    sideways: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    shares: drawn.map(image => wide(image) / image.naturalWidth),
    framed: drawn.every(image => ['auto', 'scroll'].includes(getComputedStyle(image.closest('.picture')).overflowX)),
    thin: cells.filter(cell => cell.innerText.length > 60 && wide(cell) < 190).map(cell => cell.innerText),
  };
})()"""


@pytest.mark.skipif(not found(), reason="needs Chromium or Chrome")
@pytest.mark.skipif(not PAGES, reason="needs the site: make docs")
def test_pictures_and_tables_can_be_read_on_a_phone():
    browser, pictures = Browser(), 0
    try:
        for page in PAGES:
            browser.open(page, 390, 844)
            seen = browser.run(LOOK)
            assert seen["sideways"] <= 0, page
            assert seen["framed"], page
            assert all(share > 0.79 for share in seen["shares"]), page
            assert seen["thin"] == [], page
            pictures += len(seen["shares"])
    finally:
        browser.close()
    assert pictures > 10
