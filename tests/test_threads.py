import os
import subprocess
import sys

import pytest

from archrank.system.threads import one_thread_for_all

LOADED_WITHIN = """
import os, sys
from archrank.system.threads import one_thread_for_all, threads
assert "torch" not in sys.modules
with threads(3):
    with one_thread_for_all():
        import torch
        within = torch.get_num_threads()
    print(within, torch.get_num_threads())
"""


def test_torch_that_is_loaded_within_keeps_to_one_thread_and_only_within():
    pytest.importorskip("torch")
    done = subprocess.run([sys.executable, "-c", LOADED_WITHIN], capture_output=True, text=True, check=True)
    assert done.stdout == "1 3\n"


@pytest.mark.parametrize("before", [None, "5"])
def test_the_environment_is_as_before(monkeypatch, before):
    if before is None:
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    else:
        monkeypatch.setenv("OMP_NUM_THREADS", before)
    with one_thread_for_all():
        assert os.environ["OMP_NUM_THREADS"] == "1"
    assert os.environ.get("OMP_NUM_THREADS") == before
