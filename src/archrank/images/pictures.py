"""Encoded pictures, such as JPEG and PNG, as pixels."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from archrank.errors import DataError
from archrank.system.foreign import message

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["FORMATS", "RESIZED", "cropped", "need_pillow", "picture"]

FORMATS = ("JPEG", "PNG", "BMP", "GIF", "PPM", "TIFF", "WEBP")
"""What is decoded; other formats Pillow would hand to other programs."""

MOST_PIXELS = 50_000_000
"""Of a picture, before and after it is resized: 200 MB for each core."""

RESIZED = 256 / 224
"""The shorter side of a picture, in sides of the square that is cut out of its middle."""


def need_pillow() -> None:
    """Raise DataError where pillow is not installed."""
    try:
        import PIL.Image  # noqa: F401
    except ImportError:
        raise DataError(
            "pictures are decoded by pillow, which is not installed: pip install 'archrank[training]'"
        ) from None


def picture(content: bytes | Path, called: str, size: int | None = None) -> npt.NDArray[np.uint8]:
    """Decode a picture to three channels.

    Args:
        content: The encoded picture, or its file.
        called: Its name in messages.
        size: Side of the square to cut out of its middle (see :func:`cropped`); None to keep the picture's size.

    Returns:
        (3, H, W).

    Raises:
        DataError: It cannot be decoded.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        opened = io.BytesIO(content) if isinstance(content, bytes) else content
        with Image.open(opened, formats=FORMATS) as image:
            # A JPEG can be decoded at a half, a quarter or an eighth of its size, which is much faster.
            if size is not None:
                image.draft("RGB", (round(RESIZED * size),) * 2)
            _check_pixels(*image.size)
            channels = image.convert("RGB")
            if size is not None:
                channels = cropped(channels, size)
    except Exception as error:  # each of Pillow's readers has errors of its own
        # Pillow's messages name the object in memory, which does not help a reader.
        unknown = isinstance(error, UnidentifiedImageError)
        what = f"it is none of {', '.join(FORMATS)}" if unknown else message(error, 200)
        raise DataError(f"{called} cannot be decoded: {what}; get the file again, or remove it") from None
    return np.ascontiguousarray(np.asarray(channels).transpose(2, 0, 1))


def cropped(image: "Image", size: int) -> "Image":
    """Bring the shorter side to 256/224 of ``size``, and cut a square of that side out of the middle.

    Raises:
        DataError: The picture is so long that the whole would take too much memory.
    """
    from PIL import Image

    scale = round(RESIZED * size) / min(image.size)
    width, height = (max(size, round(scale * side)) for side in image.size)
    _check_pixels(width, height)
    resized = image.resize((width, height), Image.Resampling.BILINEAR)
    left, top = (width - size) // 2, (height - size) // 2
    return resized.crop((left, top, left + size, top + size))


def _check_pixels(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise DataError(f"{width:,} × {height:,} pixels are more than {MOST_PIXELS:,}")
