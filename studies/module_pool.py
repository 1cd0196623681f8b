"""A module space of one's own, on CIFAR-10: a pool of networks trained once, on which searches are replayed.

    python studies/module_pool.py train --networks 300 --data-folder FOLDER --out docs/results/module-pool
    python studies/module_pool.py replay --seeds 20 --out docs/results/module-pool
    python studies/module_pool.py live --settings --budget 30 --data-folder FOLDER --out runs/live

``train`` draws mobile networks uniformly, choice by choice, in an order that the seed fixes; with ``--settings`` each
has its own learning rate, weight decay and augmentation. It trains each once and appends a row to ``pool.parquet``;
rows that are there already are kept. ``replay`` searches among the networks of the pool with each method, and writes
``searches.csv`` and ``table.md``. Optuna's samplers propose freely, so they get the nearest network of the pool that
was not evaluated, and are told of that one. ``live`` searches the whole space and trains what it proposes; it is
resumed where it was stopped, and prints its best.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import page
import pyarrow as pa
import replay
import torch
from parquet_rows import Rows
from torch import nn

import archrank as ar
from archrank import Architecture
from archrank.images.cifar import cifar
from archrank.strategies import GuidedSearch, RandomSearch, RegularizedEvolution

IMAGES, VALIDATION, EPOCHS, BATCH = 6_000, 5_000, 3, 64
KINDS = {
    "architecture": pa.string(),
    "validation_accuracy": pa.float64(),
    "curve": pa.list_(pa.float64()),
    "parameters": pa.int64(),
    "multiply_adds": pa.int64(),
    "seconds": pa.float32(),
    "seed": pa.int32(),
    "error": pa.string(),
}
BUDGETS = (20, 40, 80)


class SqueezeExcitation(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.down, self.up = nn.Conv2d(channels, channels // 4, 1), nn.Conv2d(channels // 4, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * torch.sigmoid(self.up(torch.relu(self.down(x.mean((2, 3), keepdim=True)))))


class Bottleneck(nn.Module):
    def __init__(
        self, channels: int, out: int, expansion: int, kernel: int, squeeze: bool, skip: bool, stride: int
    ) -> None:
        super().__init__()
        inner = channels * expansion
        layers: list[nn.Module] = []
        if expansion > 1:
            layers += [nn.Conv2d(channels, inner, 1, bias=False), nn.BatchNorm2d(inner), nn.ReLU()]
        layers += [
            nn.Conv2d(inner, inner, kernel, stride, kernel // 2, groups=inner, bias=False),
            nn.BatchNorm2d(inner),
            nn.ReLU(),
        ]
        if squeeze:
            layers.append(SqueezeExcitation(inner))
        self.body = nn.Sequential(*layers, nn.Conv2d(inner, out, 1, bias=False), nn.BatchNorm2d(out))
        self.skips = skip and stride == 1 and channels == out

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.body(x) if self.skips else self.body(x)


def mobile(choose: Any) -> nn.Module:
    channels = choose("stem", [8, 16])
    layers: list[nn.Module] = [
        nn.Conv2d(3, channels, 3, 2, 1, bias=False),
        nn.BatchNorm2d(channels),
        nn.ReLU(),
    ]
    for index, widths in enumerate(([12, 16, 24], [16, 24, 40], [24, 40, 64])):
        stage = choose.within(f"stage {index}")
        out = stage("width", widths)
        shape = (stage("expansion", [1, 2, 4]), stage("kernel", [3, 5]), stage("squeeze", [False, True]))
        depth = stage.integer("depth", 1, 4)
        skip = stage("skip", [False, True]) if depth > 1 else False
        for block in range(depth):
            layers.append(Bottleneck(channels, out, *shape, skip, stride=1 + (index > 0 and block == 0)))
            channels = out
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))


SPACE = ar.ModuleSpace(mobile, (1, 3, 32, 32), name="mobile-cifar10")
SETTINGS = {
    "lr": ar.log(0.003, 1.0),
    "weight_decay": ar.log(1e-5, 1e-2),
    "augmentation": ar.options("none", "flip", "flip and shift"),
}
"""Those of networks without ``--settings`` are .1, 5e-4 and flip."""


def images(folder: Path | None, training: int, validation: int) -> tuple[torch.Tensor, ...]:
    """The first images of the training part for training, its last ones for validation."""
    part = cifar("cifar10", folder).parts()["train"]
    last = len(part.labels)
    sets = range(min(training, last - 1)), range(max(last - validation, training), last)

    def pixels(indices: range) -> torch.Tensor:
        x = torch.from_numpy(np.stack([part.image(i) for i in indices])).float() / 255
        return ((x - 0.47) / 0.25).contiguous(memory_format=torch.channels_last)

    labels = torch.from_numpy(np.asarray(part.labels))
    return pixels(sets[0]), labels[list(sets[0])], pixels(sets[1]), labels[list(sets[1])]


def train(module: nn.Module, report: ar.Report, data: tuple[torch.Tensor, ...], epochs: int) -> None:
    x, y, x_valid, y_valid = data
    module.to(memory_format=torch.channels_last)  # depth-wise convolutions take half the time
    lr, augmentation = report.params.get("lr", 0.1), report.params.get("augmentation", "flip")
    decay = report.params.get("weight_decay", 5e-4)
    optimizer = torch.optim.SGD(module.parameters(), lr=lr, momentum=0.9, weight_decay=decay, nesterov=True)
    steps = epochs * -(-len(x) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps, pct_start=0.3)
    for epoch in range(epochs):
        module.train()
        for part in torch.randperm(len(x)).split(BATCH):
            batch = x[part]
            if augmentation != "none" and torch.rand(()) < 0.5:
                batch = batch.flip(3)
            if augmentation == "flip and shift":
                across, down = torch.randint(-4, 5, (2,)).tolist()
                batch = batch.roll((across, down), (2, 3))
            loss = nn.functional.cross_entropy(module(batch), y[part])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        module.eval()
        with torch.no_grad():
            hits = [
                (module(a).argmax(1) == b).sum()
                for a, b in zip(x_valid.split(500), y_valid.split(500), strict=True)
            ]
        report(epoch, float(sum(hits)) / len(y_valid))


def space_of(args: argparse.Namespace) -> Any:
    """The networks, with their settings where these are searched too."""
    return SPACE & SETTINGS if args.settings else SPACE


def drawn(space: Any, networks: int, seed: int) -> list[Architecture]:
    """Different networks, in the order in which they are trained."""
    rng, found = np.random.default_rng(seed), dict[bytes, Architecture]()
    while len(found) < networks:
        (architecture,) = space.sample(1, rng)
        found.setdefault(space.function_key(architecture), architecture)
    return list(found.values())


def rows_of(args: argparse.Namespace) -> Rows:
    """The trainings of the pool."""
    return Rows(args.out / "pool.parquet", KINDS, ("architecture",))


def train_pool(args: argparse.Namespace) -> None:
    rows, space = rows_of(args), space_of(args)
    data: tuple[torch.Tensor, ...] | None = None
    curves: dict[str, dict[int, float]] = {}

    def loop(module: nn.Module, report: ar.Report) -> None:
        assert data is not None
        curves["last"] = report.values
        train(module, report, data, args.epochs)

    evaluate = space.evaluator(loop)
    for number, architecture in enumerate(drawn(space, args.networks, args.seed)):
        text = space.format(architecture)
        if rows.has(architecture=text):
            continue
        data = data or images(args.data_folder, args.images, args.validation)
        began, error = time.process_time(), None
        try:
            evaluate(architecture)
        except Exception as raised:  # a failed training is a row too
            error = f"{type(raised).__name__}: {raised}"
        known = space.known_values(architecture)
        curve = list(curves["last"].values())
        row = {
            "architecture": text,
            "validation_accuracy": None if error else curve[-1],
            "curve": curve,
            "parameters": int(known["parameters"]),
            "multiply_adds": int(known["multiply_adds"]),
            "seconds": round(time.process_time() - began, 1),
            "seed": args.seed,
            "error": error,
        }
        rows.add(row)
        print(f"{number + 1}/{args.networks}: {row['validation_accuracy']} in {row['seconds']} s", flush=True)


def replay_pool(args: argparse.Namespace) -> None:
    rows = [row for row in rows_of(args).rows if not row["error"]]
    space = space_of(args)
    pool = {space.parse(row["architecture"]): row["validation_accuracy"] for row in rows}
    methods = {name: METHODS[name] for name in args.methods}
    found = replay.run(args.out / "searches.csv", methods, space, pool, args.seeds, args.budgets)
    body = replay.table(found, max(pool.values()), args.methods, args.budgets)
    page.write(args.out, HEAD.format(seeds=replay.seeds_of(found)), body)


def live(args: argparse.Namespace) -> None:
    """Search the whole space by training."""
    data = images(args.data_folder, args.images, args.validation)

    def loop(module: nn.Module, report: ar.Report) -> None:
        train(module, report, data, args.epochs)

    result = ar.search(
        space_of(args), loop, budget=args.budget, seed=args.seed, folder=args.out, resume=args.out.exists()
    )
    print(result)


METHODS: dict[str, replay.Method] = {
    "guided": replay.candidates(GuidedSearch),
    "evolution": replay.candidates(RegularizedEvolution),
    "TPE": replay.sampler(lambda seed: optuna.samplers.TPESampler(seed=seed), SETTINGS),
    "GPSampler": replay.sampler(replay.gaussian_process, SETTINGS),
    "random": replay.candidates(RandomSearch),
}


HEAD = """# Searches in a pool of mobile networks

Regret in percentage points of CIFAR-10 validation accuracy below the best network of the pool, by the number of
evaluations: mean ± standard error over {seeds} seeds. In parentheses is how much larger it is than that of guided
search, paired by seed. The pool is replayed whole; each network was trained once, and validated on images that it was
not trained on.
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="+", choices=("train", "replay", "live"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--networks", type=int, default=300)
    parser.add_argument("--settings", action="store_true", help="draw settings of the training too")
    parser.add_argument("--seed", type=int, default=0, help="of the order of the networks")
    parser.add_argument("--images", type=int, default=IMAGES, help="training images")
    parser.add_argument("--validation", type=int, default=VALIDATION, help="validation images")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--data-folder", type=Path, help="the folder of the CIFAR-10 files")
    parser.add_argument("--seeds", type=int, default=20, help="searches of each method")
    parser.add_argument("--budget", type=int, default=30, help="of the live search")
    parser.add_argument("--budgets", type=int, nargs="+", default=list(BUDGETS))
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    args = parser.parse_args()
    torch.set_num_threads(1)
    for part in args.what:
        {"train": train_pool, "replay": replay_pool, "live": live}[part](args)


if __name__ == "__main__":
    main()
