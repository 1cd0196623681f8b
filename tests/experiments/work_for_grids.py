"""What the tests of grids do in worker processes."""

import os
import time
from pathlib import Path

from threadpoolctl import threadpool_info


class Square:
    """Squares a number; notes what it was asked, and does what some numbers stand for."""

    def __init__(self, log):
        self.log = Path(log)

    def __call__(self, task):
        threads = {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}
        with self.log.open("a") as file:
            file.write(f"{task['x']}\n")
        if task["x"] == 13:
            raise ValueError("thirteen")
        if task["x"] == 99:
            os._exit(9)
        return {
            "square": task["x"] ** 2,
            "list": [1.5, task["x"]],
            "process": os.getpid(),
            "threads": max(threads),
        }


class Sleeps:
    """Sleeps, and tells its process by a file's name; a task ends when all of that run have begun."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def __call__(self, task):
        (self.folder / str(os.getpid())).touch()
        while len(list(self.folder.iterdir())) < 2 or task["x"] == 600:
            time.sleep(0.01)
        return {}
