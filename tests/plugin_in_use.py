"""What the plugin of examples/plugin is good for, once it is installed; the quick and the full tests share it."""

import json
import subprocess
import sys

EVALUATOR = """
def evaluate(architecture):
    return float(sum(architecture.choices))
"""

IN_PYTHON = """
import numpy as np
from archrank.predictors import NeuralPredictor, load_predictor
from archrank.spaces import named_space

space = named_space("conv-chain")
known = space.architectures(space.rows())[:12]
"""

SAVE = """
predictor = NeuralPredictor(space, "bag", epochs=2, hidden=(8,)).fit(known, range(12))
predictor.save("saved")
np.save("scores.npy", predictor.predict(known))
with open("measured.csv", "w") as file:
    print("architecture,accuracy", file=file)
    for number, architecture in enumerate(known):
        quoted = space.format(architecture).replace('"', '""')
        print(f'"{quoted}",{number}', file=file)
"""

LOAD = """
loaded = load_predictor("saved", space)
assert type(loaded.encoder_).__name__ == "BagOfOperations"
assert np.allclose(loaded.predict(known), np.load("scores.npy"))
"""


def use(environment, folder):
    """Every name of the plugin, each in a process of its own.

    Args:
        environment: The environment variables of the processes, in which the plugin is installed.
        folder: An empty folder.
    """

    def run(*words):
        done = subprocess.run(
            [sys.executable, *map(str, words)], cwd=folder, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def archrank(*words):
        return run("-m", "archrank.cli.main", *words)

    assert "conv-chain" in archrank("spaces")
    shown = " ".join(archrank("search", "--help").split())
    assert all(name in shown for name in ("greedy", "bag", "ridge"))
    (folder / "worth.py").write_text(EVALUATOR)
    search = ("search", "conv-chain", "--evaluator", "worth.py:evaluate", "--budget", 12)
    archrank(*search, "--strategy", "greedy", "--workers", 2, "--out", "run")
    record = json.loads((folder / "run" / "result.json").read_text(encoding="utf-8"))
    assert (record["strategy"], len(record["evaluations"])) == ("greedy", 12)
    run("-c", IN_PYTHON + SAVE)
    run("-c", IN_PYTHON + LOAD)
    for words in (("--encoder", "bag", "--members", 1), ("--predictor", "ridge")):
        ranked = json.loads(archrank("rank", "conv-chain", "--train", "measured.csv", *words, "--json"))
        assert len(ranked["ranking"]) == 16
    strategies = "greedy,guided:encoder=bag:members=2:initial=8,random"
    compare = ("compare", "strategies", "nas-bench-201-cifar10", "--strategies", strategies, "--budget", 10)
    archrank(*compare, "--seeds", 1, "--workers", 2, "--out", "compared")
    compared = (folder / "compared" / "config.json").read_text(encoding="utf-8")
    assert all(f'"{name}"' in compared for name in ("Greedy", "BagOfOperations"))
