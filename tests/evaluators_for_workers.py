"""Evaluators that worker processes can import."""

import os
import subprocess
import threading
import time
import warnings
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


class Slow:
    """Takes for ever on chosen architectures, or until so many were begun, and starts a program that does, too."""

    def __init__(self, slow, folder: Path, until: int = 10**9):
        self.slow, self.folder, self.until = frozenset(slow), folder, until

    def __call__(self, architecture: Architecture) -> float:
        (self.folder / f"{architecture.choices}.begun").touch()
        if architecture in self.slow:
            program = subprocess.Popen(["sleep", "600"])
            for pid in (os.getpid(), program.pid):
                (self.folder / f"{pid}.pid").touch()
            while len(list(self.folder.glob("*.begun"))) < self.until:
                time.sleep(0.01)
            program.kill()
            program.wait()
        return total(architecture)


def several(architecture: Architecture) -> dict[str, float]:
    """Two objectives that pull apart, and what a constraint looks at."""
    choices = architecture.choices
    return {
        "good": float(sum(choices)) + choices[0] / 10,
        "costly": float(sum(c * c for c in choices)),
        "size": float(sum(choices[:4])),
    }


def leaves_a_thread(architecture: Architecture) -> float:
    """Leaves a thread behind that Python waits for when it ends."""
    threading.Thread(target=time.sleep, args=(600,)).start()
    return total(architecture)


class Forks:
    """Forks a copy of its process that comes back too, and one that stays and writes down its number."""

    def __init__(self, folder: Path):
        self.folder = folder

    def __call__(self, architecture: Architecture) -> float:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # a process with threads is forked
            os.fork()
            if os.fork() == 0:
                (self.folder / f"{os.getpid()}.pid").touch()
                time.sleep(600)
        return total(architecture)


class DiesBesideACopy(Forks):
    """Forks a copy that stays and holds all that its process holds, and kills itself."""

    def __call__(self, architecture: Architecture) -> float:
        if os.fork() == 0:
            (self.folder / f"{os.getpid()}.pid").touch()
            time.sleep(600)
        while not list(self.folder.glob("*.pid")):
            time.sleep(0.01)
        os.kill(os.getpid(), 9)
        return 0.0


def closes_all_files(architecture: Architecture) -> float:
    print(f"evaluating {architecture.choices}", flush=True)
    os.closerange(3, 64)
    return 1.0


def raises_generator_exit(architecture: Architecture) -> float:
    raise GeneratorExit


def interrupts_itself(architecture: Architecture) -> float:
    raise KeyboardInterrupt


def leaves(architecture: Architecture) -> float:
    raise SystemExit(3)


def no_such_file(architecture: Architecture) -> float:
    raise FileNotFoundError(os.fsdecode(b"caf\xe9.jpg"))
