"""The caller's random numbers are not used."""

import subprocess
import sys

CODE = """
import random
import numpy as np
random.seed(1)
np.random.seed(1)
before = random.getstate(), np.random.get_state()[1].tolist()
import archrank as ar
table = ar.load_benchmark("nas-bench-201-cifar10")
ar.search(table, budget=3, strategy="random")
some = table.architectures[::1000]
ar.rank(table.space, {"architecture": some, "y": [table.value(a) for a in some]}, effort="fast", candidates=some[:3],
        include_measured=True)
assert before == (random.getstate(), np.random.get_state()[1].tolist())
"""


def test_the_first_calls_in_a_process_leave_the_random_state():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
