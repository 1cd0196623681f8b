"""Images: data sets as arrays, their batches and augmentation."""

from archrank.system.extras import extra_named

with extra_named("archrank.images", "training"):
    from archrank.images.augmentation import Augmentation
    from archrank.images.batches import Batches
    from archrank.images.images import ImageData, Images
    from archrank.images.sources import SOURCES, load_images

__all__ = [
    "SOURCES",
    "Augmentation",
    "Batches",
    "ImageData",
    "Images",
    "load_images",
]
