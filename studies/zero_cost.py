"""How well do networks rank by zero-cost scores, and do the scores agree with published ones?

    python studies/zero_cost.py published choose report --out docs/results/zero-cost \\
        --published nas-bench-201-cifar10.parquet --nasbench101 nasbench101-20k.parquet \\
        --macro nas-bench-macro.parquet --scores docs/results/zero-cost/nas-bench-201.parquet

`published` scores NAS-Bench-201 cells with images of CIFAR-10, and compares each score with the published one by
Kendall's tau; some of them again with other weights and images, which tells how well a score agrees with itself.
`choose` ranks samples of NAS-Bench-101 (records 12,500 to 14,999), of NAS-Bench-Macro and of NAS-Bench-201 by every
score and by every set of up to five: the default set was chosen there. `report` ranks all cells of NAS-Bench-201 by
every score, by the default set, and by the best set of the first two samples. Both also rank by the four scores of
AZ-NAS. --scores is a file of zero_cost_scores.py. Scores are kept in --keep, so that the command can be stopped and
started again; each part writes a table to OUT.
"""

import argparse
import time
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from archrank.architecture import Architecture
from archrank.benchmarks import load_benchmark
from archrank.images import load_images
from archrank.proxies import (
    DEFAULTS,
    PROXIES,
    Builder,
    named_combination,
    score_all,
)
from archrank.ranking.metrics import kendall_tau
from archrank.space import Choice, SearchSpace
from archrank.spaces import NASBench101, NASBench201

PUBLISHED = {
    "parameters": "params",
    "multiply-adds": "flops",
    "naswot": "nwot",
    "jacov": "jacov",
    "synflow": "synflow",
    "snip": "snip",
    "grad-norm": "grad_norm",
    "zen": "zen",
}
"""The published score of each name."""

AZ_NAS = ("multiply-adds", "expressivity", "progressivity", "trainability")
"""The scores of AZ-NAS."""

OTHERS = (("swap", "progressivity", "trainability", "intrain"), ("naswot", "trainability", "intrain"))
"""The best set by the samples of NAS-Bench-101 and NAS-Bench-Macro, and the default before."""

MOST, SOME = 40, 1_500
"""The sets of `choose` that are written, beside the single scores; and its cells of NAS-Bench-201."""

SEED = 0


class NASBenchMacro(SearchSpace):
    """NAS-Bench-Macro: eight layers in a row, each the identity or a mobile block."""

    name = "nas-bench-macro"
    operations = ("e3 k3", "e6 k5")
    choices = tuple(Choice(f"layer {i}", ("identity", "e3 k3", "e6 k5")) for i in range(8))

    def graph(self, architecture: Architecture) -> Any:
        raise NotImplementedError("scores need the network only")


class Block(nn.Module):
    """A mobile block, or a projection where an identity changes the shape."""

    def __init__(self, option: int, channels: int, out: int, stride: int) -> None:
        super().__init__()
        self.same = stride == 1 and channels == out
        if option == 0:
            self.layers = nn.Sequential() if self.same else unit(channels, out, 1, stride, relu=False)
            return
        expansion, kernel = ((3, 3), (6, 5))[option - 1]
        inner = expansion * channels
        self.layers = nn.Sequential(
            unit(channels, inner, 1),
            unit(inner, inner, kernel, stride, groups=inner),
            unit(inner, out, 1, relu=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.layers(x)
        return x + result if self.same and len(self.layers) else result


def unit(
    channels: int, out: int, kernel: int, stride: int = 1, groups: int = 1, relu: bool = True
) -> nn.Sequential:
    """Convolution, batch normalization and possibly ReLU6."""
    convolution = nn.Conv2d(channels, out, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(out), *([nn.ReLU6()] if relu else []))


def macro_network(architecture: Architecture, seed: int) -> nn.Module:
    """The network of NAS-Bench-Macro; its parameters are those of the table."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers: list[nn.Module] = [unit(3, 32, 3)]
        channels = 32
        for index, option in enumerate(architecture.choices):
            out = (64, 128, 256)[(index >= 2) + (index >= 5)]
            layers.append(Block(option, channels, out, 2 if index in (0, 2, 5) else 1))
            channels = out
        head = [unit(256, 1280, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1280, 10)]
        return nn.Sequential(*layers, *head)


def scored(
    args: argparse.Namespace,
    name: str,
    space: SearchSpace,
    cells: Sequence[Architecture],
    proxies: Sequence[str],
    seed: int = SEED,
    **how: Any,
) -> dict[str, Any]:
    """All scores, and the time that those took which were not kept."""
    began, processor = time.perf_counter(), time.process_time()
    tick = partial(progress, name)
    file = None if args.keep is None else args.keep / f"{name}.jsonl"
    found = score_all(space, cells, proxies=proxies, seed=seed, file=file, on_progress=tick, **how)
    passed = time.perf_counter() - began, time.process_time() - processor
    print(
        f"{name}: {len(cells)} networks, {passed[0]:.0f} s, {passed[1]:.0f} s of processor time", flush=True
    )
    return found


def progress(name: str, done: int, total: int) -> None:
    if done % 25 == 0:
        print(f"{name}: {done} of {total}", flush=True)


def published(args: argparse.Namespace) -> pd.DataFrame:
    """Kendall's tau of each score with the published one, and of the same score with itself under another seed."""
    space, cells, rows = published_cells(args)
    batch, labels = images(args, SEED)
    ours = scored(args, "published", space, cells, [*PROXIES], batch=batch, labels=labels)
    batch, labels = images(args, SEED + 1)
    some = cells[: args.again]
    again = scored(args, "published", space, some, [*PUBLISHED], SEED + 1, batch=batch, labels=labels)
    lines = []
    for name, column in PUBLISHED.items():
        theirs = rows[column].to_numpy()
        lines.append(
            {
                "score": name,
                "tau": kendall_tau(finite(ours[name]), theirs),
                "tau with itself": kendall_tau(finite(ours[name])[: args.again], finite(again[name])),
                "connected": int(np.isfinite(ours[name]).sum()),
                "cells": len(cells),
            }
        )
    return pd.DataFrame(lines)


def published_cells(args: argparse.Namespace) -> tuple[NASBench201, list[Architecture], pd.DataFrame]:
    """The space, a random sample of its cells with published scores, and these scores."""
    table = pd.read_parquet(args.published)
    rows = table.iloc[np.random.default_rng(SEED).permutation(len(table))[: args.cells]]
    space = NASBench201()
    return space, [space.parse(text) for text in rows["architecture"]], rows


def images(args: argparse.Namespace, seed: int) -> tuple[Tensor, Tensor]:
    """Normalized training images with their classes; random ones for tests."""
    generator = torch.Generator().manual_seed(seed)
    if args.images == "random":
        return torch.randn(args.batch, 3, 32, 32, generator=generator), torch.arange(args.batch) % 10
    data = load_images(args.images)
    index = torch.randperm(len(data.train), generator=generator)[: args.batch]
    pixels, labels = data.train.batch(index)
    mean, deviation = (torch.tensor(values)[:, None, None] for values in (data.mean, data.deviation))
    return (pixels.float() / 255 - mean) / deviation, labels


def finite(values: Any) -> Any:
    """Scores with the worst, -inf, below all others."""
    known = values[np.isfinite(values)]
    return np.where(np.isfinite(values), values, known.min() - 1 if len(known) else 0.0)


def choose(args: argparse.Namespace) -> pd.DataFrame:
    """Kendall's tau with the accuracy, by each score and each set of up to five."""
    macro = pd.read_parquet(args.macro)
    macro = macro.iloc[np.random.default_rng(SEED).permutation(len(macro))[: args.cells]]
    chain = NASBenchMacro()
    nets = [chain.architecture(row) for row in macro[[f"layer_{i}" for i in range(8)]].to_numpy().tolist()]
    builder = Builder(macro_network, (16, 3, 32, 32), "nas-bench-macro")
    for net, count in zip(nets[:5], macro["params"], strict=False):
        built = sum(p.numel() for p in macro_network(net, 0).parameters())
        assert built == count, f"{net}: {built} parameters, the table has {count}"
    found = scored(args, "nas-bench-macro", chain, nets, [*PROXIES], builder=builder)
    samples = {"nas-bench-macro": (macro["mean_acc"].to_numpy(), found)}
    space = NASBench101()
    records = pd.read_parquet(args.nasbench101)[12_500:15_000]
    records = records.iloc[np.random.default_rng(SEED).permutation(len(records))[: args.cells]]
    cells = [nasbench101_cell(space, record) for record in records.to_dict("records")]
    samples["nas-bench-101"] = (
        records["validation_accuracy_108"].to_numpy(),
        scored(args, "nas-bench-101", space, cells, [*PROXIES]),
    )
    accuracies, found = of_cells(args.scores, ("cifar10",))
    some = np.random.default_rng(SEED).permutation(len(accuracies["cifar10"]))[:SOME]
    samples["nas-bench-201-cifar10"] = (
        accuracies["cifar10"][some],
        {n: each[some] for n, each in found.items()},
    )
    table = taus(samples, [*(s for size in range(1, 6) for s in combinations(PROXIES, size))])
    two = table[["nas-bench-macro", "nas-bench-101"]].mean(axis=1)
    named = tuple(" + ".join(names) for names in (AZ_NAS, DEFAULTS, *OTHERS))
    few = table["scores"].map(lambda text: " + " not in text or text.removesuffix(", az-nas") in named)
    return table[few | table.index.isin([*table.index[:MOST], *two.nlargest(MOST).index])]


def of_cells(file: str, data_sets: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The accuracies of the cells of a file of scores by data set, and their scores by name."""
    frame = pd.read_parquet(file)
    accuracies = {}
    for data in data_sets:
        table = load_benchmark(f"nas-bench-201-{data}")
        accuracies[data] = np.array([table.value(table.space.parse(text)) for text in frame["architecture"]])
    return accuracies, {name: frame[name].to_numpy(dtype=np.float64) for name in PROXIES}


def nasbench101_cell(space: NASBench101, record: Mapping[str, Any]) -> Architecture:
    """The cell of a record with the official columns."""
    size = len(record["module_operations"])
    matrix = np.reshape(record["module_adjacency"], (size, size)).tolist()
    return space.from_matrix(matrix, list(record["module_operations"]))


def report(args: argparse.Namespace) -> pd.DataFrame:
    """Kendall's tau with the accuracy of all cells, and the best rank of the first ten, by each score and some sets."""
    accuracies, found = of_cells(args.scores, ("cifar10", "cifar100", "imagenet16-120"))
    samples = {data: (values, found) for data, values in accuracies.items()}
    return taus(samples, [*((name,) for name in PROXIES), DEFAULTS, *OTHERS, AZ_NAS], first=10)


def taus(
    samples: Mapping[str, tuple[Any, Mapping[str, Any]]], sets: Sequence[Sequence[str]], first: int = 0
) -> pd.DataFrame:
    """Kendall's tau of sets of scores with the accuracy, the best mean first; and the best rank of the ``first``."""
    lines = []
    for names in sets:
        for combine in ("mean", "az-nas") if names == AZ_NAS else ("mean",):
            line: dict[str, Any] = {"scores": " + ".join(names) + (", az-nas" if combine == "az-nas" else "")}
            ranks: dict[str, int] = {}
            for name, (accuracy, found) in samples.items():
                combined = named_combination(combine)({each: found[each] for each in names})
                line[name] = kendall_tau(combined, accuracy)
                if first:
                    best = accuracy[np.argsort(-combined, kind="stable")[:first]].max()
                    ranks[f"{name}, best rank of {first}"] = 1 + int((accuracy > best).sum())
            lines.append({**line, "mean": float(np.mean([*line.values()][1:])), **ranks})
    return pd.DataFrame(lines).sort_values("mean", ascending=False, kind="stable")


PARTS = {"published": published, "choose": choose, "report": report}


def main() -> None:
    """Run the parts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="+", choices=PARTS)
    parser.add_argument("--cells", type=int, default=200, help="architectures of each table")
    parser.add_argument("--batch", type=int, default=64, help="images for `published`")
    parser.add_argument(
        "--again", type=int, default=40, help="cells scored again with other weights and images"
    )
    parser.add_argument("--images", default="cifar10", help="images for `published`, or `random`")
    parser.add_argument("--published", help="the file of published scores")
    parser.add_argument("--nasbench101", help="the file of records of NAS-Bench-101, in the official order")
    parser.add_argument("--macro", help="the file of NAS-Bench-Macro")
    parser.add_argument("--scores", help="the file of the scores of all cells of NAS-Bench-201")
    parser.add_argument("--keep", type=Path, help="folder for the scores")
    parser.add_argument("--out", type=Path, required=True, help="folder of the tables")
    args = parser.parse_args()
    torch.set_num_threads(1)
    args.out.mkdir(parents=True, exist_ok=True)
    for part in args.parts:
        table = PARTS[part](args)
        table.round(4).to_csv(args.out / f"{part}.csv", index=False)
        print(table.head(30).round(3).to_string(index=False))


if __name__ == "__main__":
    main()
