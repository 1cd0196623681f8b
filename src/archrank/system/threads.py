"""The number of threads of linear algebra in NumPy, SciPy and, where it is loaded, PyTorch."""

import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache

import scipy.linalg  # noqa: F401 (its BLAS is not NumPy's, and is found only if loaded)
from threadpoolctl import ThreadpoolController

__all__ = ["one_thread", "one_thread_for_all", "threads", "use_one_thread"]


@contextmanager
def threads(count: int) -> Iterator[int]:
    """Run every operation within on ``count`` threads; yields the number before."""
    torch = sys.modules.get("torch")
    before = max((library.num_threads for library in _blas().lib_controllers), default=1)
    with _blas().limit(limits=count):
        if torch is None:
            yield before
            return
        of_torch: int = torch.get_num_threads()
        torch.set_num_threads(count)
        try:
            yield min(before, of_torch)
        finally:
            torch.set_num_threads(of_torch)


def one_thread() -> AbstractContextManager[int]:
    """Run every operation within on one thread; yields the number of threads before.

    Threads within an operation wait for one another at its end. On small operations that costs more than it brings,
    and on a machine that has other work it costs many times the operation.
    """
    return threads(1)


def use_one_thread() -> None:
    """Run every operation of this process on one thread from now on."""
    os.environ["OMP_NUM_THREADS"] = "1"  # for PyTorch, should it be loaded later
    _blas().limit(limits=1)
    if (torch := sys.modules.get("torch")) is not None:
        torch.set_num_threads(1)


@contextmanager
def one_thread_for_all() -> Iterator[None]:
    """Run every operation within as in a process of :func:`use_one_thread`: on one thread, whatever is loaded within.

    PyTorch that is loaded within has as many threads afterwards as linear algebra. Not for several threads at once,
    for it changes the environment of the process.
    """
    before, was_loaded = os.environ.get("OMP_NUM_THREADS"), "torch" in sys.modules
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        with one_thread() as count:
            yield
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before
        if not was_loaded and (torch := sys.modules.get("torch")) is not None:
            torch.set_num_threads(count)


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController().select(user_api="blas")
