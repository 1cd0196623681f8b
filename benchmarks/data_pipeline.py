"""What the way of images to a network costs beside a training step of a small network.

    OMP_NUM_THREADS=1 python benchmarks/data_pipeline.py --cells 5 --channels 8 --batch 64 --steps 20

CIFAR-10 is looked for as always (see docs/how-to/images.md); it is decoded into a cache of its own, which is thrown
away. Steps and batches alternate, and the fastest of each is compared: other work on the machine hits both alike.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from archrank.images import Augmentation, Batches, ImageData, load_images
from archrank.networks import StackedCells, build
from archrank.spaces import Darts

WAYS = {
    "as it is": None,
    "crop, flip": Augmentation(crop=4, flip=True),
    "crop, flip, cutout": Augmentation(crop=4, flip=True, cutout=16),
    "crop, flip, cutout, jitter": Augmentation(crop=4, flip=True, cutout=16, jitter=(0.4, 0.4, 0.4, 0.2)),
    "resized crop, flip": Augmentation(resized_crop=(0.08, 1.0), flip=True),
}


def loaded(folder: Path | None) -> ImageData:
    for what in ("decoded once", "opened again"):
        start = time.perf_counter()
        data = load_images("cifar10", folder=folder)
        print(f"{what}: {time.perf_counter() - start:.2f} s")
    return data


def measure(data: ImageData, chosen: argparse.Namespace) -> None:
    generator = torch.Generator().manual_seed(0)
    space = Darts()
    (architecture,) = space.sample(1, np.random.default_rng(0))
    network = build(space.graph(architecture), StackedCells(chosen.channels, chosen.cells), generator)
    passes = {
        name: iter(Batches(data.train, data, chosen.batch, augmentation=way, generator=generator))
        for name, way in WAYS.items()
    }
    steps, batches = [], {name: [] for name in WAYS}
    for _ in range(chosen.steps):
        for name, batch in passes.items():
            start = time.process_time()
            images, labels = next(batch)
            batches[name].append(time.process_time() - start)
        start = time.process_time()
        network.zero_grad()
        F.cross_entropy(network(images), labels).backward()
        steps.append(time.process_time() - start)
    step = min(steps)
    print(f"a training step: {1e3 * step:.1f} ms (processor time)")
    for name, times in batches.items():
        print(f"a batch, {name}: {1e3 * min(times):.2f} ms, {min(times) / (step + min(times)):.1%} of both")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, value in (("cells", 5), ("channels", 8), ("batch", 64), ("steps", 20)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--folder", type=Path, help="where CIFAR-10 is")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as cache:
        os.environ["ARCHRANK_CACHE"] = cache
        measure(loaded(chosen.folder), chosen)


if __name__ == "__main__":
    main()
