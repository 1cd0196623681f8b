"""How many threads PyTorch works with."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import torch

__all__ = ["one_thread", "threads"]


@contextmanager
def threads(count: int) -> Iterator[int]:
    """Let every operation run on so many threads for a while; gives how many there were."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield before
    finally:
        torch.set_num_threads(before)


def one_thread() -> AbstractContextManager[int]:
    """Let every operation run on one thread for a while; gives how many threads there were.

    Threads within an operation wait for one another at its end. On small operations that costs more than it brings,
    and on a machine that has other work it costs many times the operation.
    """
    return threads(1)
