"""Handwritten digits of 8×8 gray pixels, which come with scikit-learn: no download, and training takes seconds."""

import numpy as np

from archrank.errors import DataError
from archrank.images.source import ImageSource, Part

__all__ = ["digits"]


def digits() -> ImageSource:
    """1,797 digits; a fifth of them is the test part, and a quarter of the others is the validation part.

    Raises:
        DataError: scikit-learn is not installed.

    Reference:
        Alpaydin & Kaynak, Optical Recognition of Handwritten Digits (UCI Machine Learning Repository, 1998).
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise DataError(
            "the digits come with scikit-learn, which is not installed: pip install 'archrank[training]'"
        ) from None
    given = load_digits()
    # Its pixels go from 0 to 16.
    pixels = np.rint(given.images[:, None] * (255 / 16)).astype(np.uint8)
    labels = given.target.astype(np.int64)
    return ImageSource(
        "digits",
        tuple(map(str, range(10))),
        lambda: {"train": Part(labels, pixels.__getitem__)},
        fingerprint=len(labels),
        size=8,
        validation=0.25,
        test=0.2,
    )
