"""Your own loop around a strategy: ask, evaluate, tell, save.

Run it with ``python examples/ask_and_tell.py``. Stop it with Ctrl-C, and run it again to continue.
"""

import json
import sys
from pathlib import Path

import numpy as np

from archrank import Architecture
from archrank.spaces import NASBench201
from archrank.strategies import Evaluated, History, RegularizedEvolution, Strategy
from archrank.system.files import write_whole

SPACE = NASBench201()
SEED = 0


def objective(architecture: Architecture) -> float:
    """Stands for training: here convolutions increase the value, and pooling decreases it."""
    worth = {"nor_conv_3x3": 3.0, "nor_conv_1x1": 2.0, "skip_connect": 1.5, "none": 0.0, "avg_pool_3x3": -1.0}
    return 80 + sum(worth[option] for option in SPACE.options(architecture).values())


def load(path: Path) -> History:
    """Read the history of an earlier run; an empty history if there is none."""
    if not path.exists():
        return History()
    entries = json.loads(path.read_text(encoding="utf-8"))
    return History(Evaluated(SPACE.parse(e["architecture"]), e["score"], e["pending"]) for e in entries)


def save(path: Path, history: History) -> None:
    """Write the history atomically."""
    entries = [
        {"architecture": SPACE.format(e.architecture), "score": e.score, "pending": e.pending}
        for e in history
    ]
    write_whole(path, json.dumps(entries, indent=1))


def measured(architecture: Architecture) -> float | None:
    """The score, higher is better; None if the evaluation fails, so that it is not proposed again."""
    try:
        return objective(architecture)
    except RuntimeError:
        return None


def main(path: Path = Path("history.json"), budget: int = 60) -> History:
    """Search, and print the best architecture."""
    strategy: Strategy = RegularizedEvolution(SPACE, population=20, tournament=5)
    history = load(path)
    while True:
        # Pending entries come first: after Ctrl-C these are the interrupted evaluations.
        for entry in [entry for entry in history if entry.pending]:
            history.record(Evaluated(entry.architecture, measured(entry.architecture)))
            save(path, history)
        rng = np.random.default_rng([SEED, len(history)])
        wanted = min(strategy.batch, budget - len(history))
        asked = strategy.propose(history, wanted, rng) if wanted > 0 else []
        if not asked:
            break
        for proposal in asked:
            history.record(Evaluated(proposal.architecture, None, pending=True))
        save(path, history)
    best, score = max(history.measured, key=lambda entry: entry[1])
    print(f"the best of {len(history)}: {score:.2f}  {SPACE.format(best)}")
    return history


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("stopped; run it again to continue")
