"""Training DARTS cells: archrank's loop on the built network beside a plain loop on the network written by hand.

    OMP_NUM_THREADS=1 python benchmarks/training_throughput.py --cells 5 --channels 8 --side 16 --batch 64 --steps 20

Both crop, flip, clip and take the same steps of momentum; the plain loop is the one that tutorials show, and once more
with images in channels-last order. Epochs of the three alternate, and the fastest of each is compared: other work
on the machine hits all alike. Images are random numbers. Last come the time to build a network, and the most memory
that the process held.
"""

import argparse
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "training"))

import numpy as np
import torch
import torch.nn.functional as F
from plain_darts import PlainDartsV2

from archrank.images import ImageData, Images
from archrank.networks import StackedCells, build
from archrank.spaces import Darts
from archrank.training import Recipe, train
from genotypes import DARTS_V2


def random_images(count: int, side: int) -> ImageData:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (count + 1, 3, side, side), dtype=np.uint8)
    images = Images(pixels, rng.integers(0, 10, count + 1))
    learnt, kept = images.subset(np.arange(count)), images.subset(np.arange(count, count + 1))
    return ImageData("random", tuple("0123456789"), learnt, kept, None, (0.5,) * 3, (0.3,) * 3, "random")


def plain_epoch(
    network: torch.nn.Module, data: ImageData, recipe: Recipe, order: torch.memory_format
) -> float:
    """An epoch as one would write it without a library; gives the seconds of processor time."""
    pixels = torch.from_numpy(data.train.pixels[: len(data.train)])
    labels = torch.from_numpy(data.train.labels)
    optimizer = torch.optim.SGD(network.parameters(), recipe.learning_rate, 0.9, weight_decay=3e-4)
    start = time.process_time()
    for places in torch.randperm(len(labels)).split(recipe.batch):
        images = pixels[places].float().div(255).sub(0.5).div(0.3)
        down, across = torch.randint(2 * recipe.crop + 1, (2,)).tolist()
        side = images.shape[-1]
        images = F.pad(images, [recipe.crop] * 4)[:, :, down : down + side, across : across + side]
        if torch.rand(()) < 0.5:
            images = images.flip(3)
        optimizer.zero_grad()
        logits = network(images.contiguous(memory_format=order))
        F.cross_entropy(logits, labels[places]).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), recipe.clip)
        optimizer.step()
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, value in (
        ("cells", 5),
        ("channels", 8),
        ("side", 16),
        ("batch", 64),
        ("steps", 20),
        ("epochs", 4),
    ):
        parser.add_argument(f"--{name}", type=int, default=value)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    data = random_images(chosen.batch * chosen.steps, chosen.side)
    recipe = Recipe("throughput", epochs=chosen.epochs, batch=chosen.batch, crop=4, flip=True)
    space = Darts()
    graph = space.graph(space.parse(DARTS_V2))
    skeleton = StackedCells(chosen.channels, chosen.cells)
    building = []
    for _ in range(10):
        start = time.process_time()
        network = build(graph, skeleton, torch.Generator().manual_seed(0))
        building.append(time.process_time() - start)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    orders = {"plain": torch.contiguous_format, "plain, channels last": torch.channels_last}
    plain = {
        name: PlainDartsV2(chosen.channels, chosen.cells).to(memory_format=order)
        for name, order in orders.items()
    }
    times: dict[str, list[float]] = {"archrank": [], **{name: [] for name in plain}}
    last = time.process_time()

    def on_epoch(_: object) -> None:
        nonlocal last
        times["archrank"].append(time.process_time() - last)
        for name, other in plain.items():
            times[name].append(plain_epoch(other, data, recipe, orders[name]))
        last = time.process_time()

    train(network, data, recipe, device="cpu", on_epoch=on_epoch)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    ours = min(times["archrank"])
    for name, seconds in times.items():
        rate = chosen.steps / min(seconds)
        print(f"{name}: {rate:.2f} steps a second, {ours / min(seconds):.2f} of archrank's")
    print(f"building: {1e3 * min(building):.0f} ms")
    print(f"most memory: {after / 1024:.0f} MiB, of which {before / 1024:.0f} MiB before any training")


if __name__ == "__main__":
    main()
