"""A search with rungs whose study is on a server, and its workers: a program and what it logged, for tests."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from archrank.errors import UnknownName
from archrank.study import Database
from waiting import wait_until

COMMAND = "from archrank.cli.main import main; main()"
LEVELS = (1, 3, 9)

PROGRAM = """
import os
import time
from pathlib import Path

import torch
from torch import nn

import archrank as ar

HERE = Path(__file__).parent


def net(choose):
    width = choose("width", [2, 3, 4, 5, 6, 7, 8, 9, 10, 12])
    act = choose("act", {"relu": nn.ReLU, "tanh": nn.Tanh, "gelu": nn.GELU})
    return nn.Sequential(nn.Linear(4, width), act(), nn.Dropout(0.2), nn.Linear(width, 1))


space = ar.ModuleSpace(net, (1, 4))


def note(report, what, epoch):
    with (HERE / "log").open("a") as file:
        file.write(f"{os.getppid()} {what} {epoch} {space.format(report.architecture)}\\n")


def train(module, report):
    optimizer = torch.optim.Adam(module.parameters(), lr=0.01)
    x = torch.linspace(-1, 1, 32).reshape(8, 4)
    for epoch in report.epochs(9, module, optimizer):
        note(report, "begin", epoch)
        time.sleep(float(os.environ.get("PER_EPOCH", "0")))
        loss = ((module(x) - x.sum(1, keepdim=True)) ** 2 + 0.1 * torch.rand(1)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        try:
            report(epoch, -loss)
        finally:
            note(report, "end", epoch)


train.continued = True
"""


class Elsewhere:
    """The commands of one search.

    Args:
        server: The address of the server.
        folder: Where everything is.
        study: The study's name.
        budget: How many whole trainings.
        per_epoch: Seconds that an epoch takes at least.
        patience: Seconds without a sign of life after which a worker is given up.
    """

    def __init__(self, server, folder, study, budget, per_epoch=0.0, patience=300):
        self.server, self.folder, self.study, self.budget = server, folder, study, budget
        self._patience = patience
        self._environment = {**os.environ, "ARCHRANK_STORAGE": server, "PER_EPOCH": str(per_epoch)}
        (folder / "mine.py").write_text(PROGRAM)

    def search(self):
        """Start the search, or go on with it; when this returns, workers find the study."""
        started = self._start(
            "search", "mine.py:space", "--strategy", "random", "--promotion", "halving", "--budget", self.budget,
            "--fidelities", ",".join(map(str, LEVELS)), "--continued", "--asynchronous", "--workers", 3,
            "--patience", self._patience, "--retries", 1000, "--study", self.study, "--out", "run", "--resume",
            "--json",
        )  # fmt: skip
        wait_until(
            lambda: started.poll() is not None or self._trials() is not None,
            "the search was to make its study",
        )
        return started

    def worker(self, *more):
        """Start a worker."""
        return self._start(
            "worker", "--study", self.study, "--evaluator", "mine.py:train", "--space", "mine.py:space",
            "--retries", 1000, *more,
        )  # fmt: skip

    def _start(self, *words):
        return subprocess.Popen(
            [sys.executable, "-c", COMMAND, *map(str, words)],
            cwd=self.folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def lines(self):
        """What the loops logged: process, word, epoch and architecture of each line."""
        log = self.folder / "log"
        return [line.split(" ", 3) for line in log.read_text().splitlines()] if log.exists() else []

    def epochs(self, word):
        """How often each epoch of each architecture was begun, or came to its end."""
        return Counter((text, int(epoch)) for _, what, epoch, text in self.lines if what == word)

    @property
    def training(self):
        """Process ids of the workers that are in an epoch."""
        last = {int(pid): what for pid, what, *_ in self.lines}
        return [pid for pid, what in last.items() if what == "begin" and Path(f"/proc/{pid}").exists()]

    @property
    def recorded(self):
        """The finished trainings in the database: value by architecture and rung."""
        found = [trial.user_attrs for trial in self._trials() or () if "result" in trial.user_attrs]
        return {(a["architecture"], a["fidelity"]): a["result"]["values"].get("value") for a in found}

    def _trials(self):
        """The trials; None where there is no study yet."""
        try:
            with Database(self.server, self.study) as database:
                return database.study().get_trials()
        except UnknownName:
            return None
