"""Takes the pictures of a report that the documentation shows, with a headless browser.

Usage: ``python scripts/picture_report.py build/report/report.html``, the report that `make docs` makes.
``docs/images/report.png`` shows it as a wide page does, ``report-narrow.png`` as a phone does; both end below the first
figure.
"""

import base64
import io
import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
WIDTHS = {"report.png": 900, "report-narrow.png": 390}
COLORS = 48
"""A report has few colors; with so many the file is half as large, and looks the same."""


def main(report: Path) -> None:
    """Writes both pictures."""
    sys.path.insert(0, str(ROOT / "tests" / "full"))
    from browser import Browser

    browser = Browser()
    try:
        for name, width in WIDTHS.items():
            browser.open(report.resolve(), width)
            # Buttons would promise what a picture does not do.
            browser.run("document.querySelectorAll('.zoom, .reader').forEach(each => each.remove())")
            height = browser.run("document.querySelector('figcaption').getBoundingClientRect().top - 2")
            clip = {"x": 0, "y": 0, "width": width, "height": round(height), "scale": 1}
            taken = browser.send(
                "Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip
            )["data"]
            picture = Image.open(io.BytesIO(base64.b64decode(taken))).convert("RGB")
            few = picture.quantize(COLORS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
            few.save(IMAGES / name, optimize=True)
            print(f"{IMAGES / name}: {picture.width} x {picture.height}")
    finally:
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
