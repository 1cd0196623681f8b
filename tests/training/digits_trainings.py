"""Small trainings that several tests share: a few images of 8×8 pixels, networks of a few hundred weights."""

import numpy as np

from archrank.images import ImageData, Images
from archrank.networks import build
from archrank.spaces import Enas, NASBench201
from archrank.training import Recipe, skeleton_for, weights_generator

SPACE = NASBench201()
CELLS = Enas()


def stripes(count=160, channels=1, classes=2):
    """Images whose class is where a bright row runs; anything learns it."""
    rng = np.random.default_rng(0)
    labels = np.arange(count) % classes
    pixels = rng.integers(0, 90, (count, channels, 8, 8), dtype=np.uint8)
    for image, label in zip(pixels, labels, strict=True):
        image[:, 1 + label * (6 // classes)] += 150
    every = Images(pixels, labels)
    parts = np.split(np.arange(count), [count // 2, 3 * count // 4])
    learnt, kept, tested = map(every.subset, parts)
    names = tuple(f"class {i}" for i in range(classes))
    return ImageData(
        "stripes", names, learnt, kept, tested, (0.2,) * channels, (0.2,) * channels, f"stripes-{count}"
    )


RECIPE = Recipe("small", epochs=3, batch=16, learning_rate=0.1, channels=4, cells=3)


def network_of(space, recipe, data, place=0, seed=0):
    architecture = space.sample(place + 1, np.random.default_rng(7))[place]
    graph = space.graph(architecture)
    return build(graph, skeleton_for(graph, recipe, data), weights_generator(seed))
