"""How long the zero-cost scores of a NAS-Bench-201 cell take, from its graph to the numbers.

    OMP_NUM_THREADS=1 python benchmarks/zero_cost_speed.py --cells 12 --before ../archrank-before/src

Prints the processor time of all scores and of the default set, the median over random cells, and beside them that of
one forward and backward pass of the same network with the same batch. With --before the folder src of another checkout
is measured too, in the same process and in turn, and the scores of both are compared. Next to them stands a reference
workload of the same run: multiplying two matrices of 1,500 × 1,500, 20 times.
"""

import argparse
import importlib
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from search_speed import reference

SRC = Path(__file__).parents[1] / "src"


def ours() -> dict[str, ModuleType]:
    """The modules of archrank that are imported."""
    return {name: module for name, module in sys.modules.items() if name.split(".")[0] == "archrank"}


class Checkout:
    """One version of archrank; several can be used in turn.

    Args:
        src: The folder that holds it.
    """

    def __init__(self, src: Path) -> None:
        self._modules: dict[str, ModuleType] = {}
        sys.path.insert(0, str(src.resolve()))
        self.use()
        self.proxies: Any = importlib.import_module("archrank.proxies")
        self.space = importlib.import_module("archrank.spaces").NASBench201()
        self.builder = self.proxies.builder_for(self.space)
        for name in self.proxies.PROXIES:
            self.proxies.PROXIES[name]  # imported here, where its folder is the first
        self._modules = ours()
        sys.path.pop(0)

    def use(self) -> None:
        """Make it the one that imports find."""
        for name in ours():
            del sys.modules[name]
        sys.modules.update(self._modules)

    def scores(self, cell: str, names: Any) -> dict[str, Any]:
        """Zero-cost scores of a cell."""
        self.use()
        found: dict[str, Any] = self.proxies.score_all(
            self.space, [self.space.parse(cell)], proxies=[*names], builder=self.builder
        )
        self._modules = ours()
        return found


def fastest(work: Callable[[], Any], repeats: int) -> float:
    """The seconds of processor time of the fastest repeat."""
    spent = []
    for _ in range(repeats):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return min(spent)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cells", type=int, default=12)
    parser.add_argument("--repeats", type=int, default=2, help="the fastest of them counts")
    parser.add_argument("--before", type=Path, help="the folder src of another checkout")
    args = parser.parse_args()
    torch.set_num_threads(1)
    now = Checkout(SRC)
    versions = {"": now} if args.before is None else {"": now, ", before": Checkout(args.before)}
    sets = {"all scores": [*now.proxies.PROXIES], "default set": [*now.proxies.DEFAULTS]}
    batch = torch.randn(now.builder.shape, generator=torch.Generator().manual_seed(0))
    cells = [now.space.format(cell) for cell in now.space.sample(args.cells, np.random.default_rng(0))]
    spent: dict[str, list[float]] = {}
    change = dict.fromkeys(now.proxies.PROXIES, 0.0)
    for cell in cells:
        found = [each.scores(cell, change) for each in versions.values()]  # and nothing is loaded later
        network = now.builder.build(now.space.parse(cell), 0)
        step = lambda: network(batch).sum().backward()  # noqa: B023, E731
        spent.setdefault("forward and backward pass", []).append(fastest(step, args.repeats + 1))
        for what, names in sets.items():
            for version, each in versions.items():
                seconds = fastest(lambda: each.scores(cell, names), args.repeats)  # noqa: B023
                spent.setdefault(what + version, []).append(seconds)
        for name in change:
            one, other = float(found[0][name][0]), float(found[-1][name][0])
            if one != other:
                change[name] = max(change[name], abs(one - other) / max(abs(one), abs(other)))
    for what, each in spent.items():
        print(f"{what}: {np.median(each):.3f} s, from {min(each):.3f} to {max(each):.3f} s")
    if args.before is not None:
        for what in sets:
            ratios = np.divide(spent[what], spent[f"{what}, before"])
            print(f"{what}: {np.median(ratios):.2f} of the time before")
        changed = ", ".join(f"{name} {largest:.1e}" for name, largest in change.items() if largest)
        print(f"largest relative change: {changed or 'none'}")
    print(f"reference {reference():.1f} s")


if __name__ == "__main__":
    main()
