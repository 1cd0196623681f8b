"""Evaluators that worker processes can import."""

import os
import time
from pathlib import Path

from archrank import Architecture


def total(architecture: Architecture) -> float:
    return float(sum(architecture.choices)) + architecture.choices[0] / 10


class Deadly:
    """Kills its process on chosen architectures, and writes down what it was called with."""

    def __init__(self, deadly, log: Path, times: int = 10**9, seconds: float = 0.0):
        self.deadly, self.log, self.times, self.seconds = frozenset(deadly), log, times, seconds

    def __call__(self, architecture: Architecture) -> float:
        with self.log.open("a", encoding="utf-8") as file:
            file.write(f"{os.getpid()} {architecture.choices}\n")
        time.sleep(self.seconds)
        if architecture in self.deadly and self.calls(architecture) <= self.times:
            os.kill(os.getpid(), 9)
        return total(architecture)

    def calls(self, architecture: Architecture) -> int:
        return self.log.read_text(encoding="utf-8").count(str(architecture.choices))


class Unloadable:
    """Is sent, but cannot be made again on the other side."""

    def __reduce__(self):
        return (int, ("not a number",))

    def __call__(self, architecture: Architecture) -> float:
        return 0.0
