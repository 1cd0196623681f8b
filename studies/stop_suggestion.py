"""How far the gain that ``archrank status`` expects is from the real one, and when it suggests to stop.

python studies/stop_suggestion.py --seeds 4
"""

import argparse

import archrank as ar
from archrank.verbs.outlook import NEXT, outlook


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--table", default="nas-bench-201-cifar10")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--after", type=int, nargs="+", default=[20, 30, 50])
    args = parser.parse_args()
    table = ar.load_benchmark(args.table)
    optimum = table.optimum()[1]
    for seed in range(args.seeds):
        result = ar.search(table, budget=max(args.after) + NEXT, seed=seed)
        architectures = [e.architecture for e in result.evaluations]
        values = [float(e.value) for e in result.evaluations if e.value is not None]
        for n in args.after:
            ahead = outlook(table.space, architectures[:n], values[:n], 0)
            if ahead is not None:
                best = max(values[:n])
                print(
                    f"seed {seed}, after {n}: expected {ahead.gains[NEXT]:.3f}, real "
                    f"{max(values[: n + NEXT]) - best:.3f}, left {optimum - best:.3f}, "
                    f"{'stop' if ahead.stop else 'go on'}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
