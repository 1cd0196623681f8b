"""How many threads PyTorch works with."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["one_thread"]


@contextmanager
def one_thread() -> Iterator[int]:
    """Let every operation run on one thread for a while; gives how many threads there were.

    Threads within an operation wait for one another at its end. On small operations that costs more than it brings,
    and on a machine that has other work it costs many times the operation.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield before
    finally:
        torch.set_num_threads(before)
