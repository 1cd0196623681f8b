"""How long one call of a network takes."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch import nn

from archrank.errors import EvaluationError
from archrank.modules.code_lines import line_of
from archrank.modules.example import arguments_of, filled
from archrank.modules.untouched import untouched
from archrank.system.foreign import in_one_line, shown

__all__ = ["Latency", "measure_latency"]


@dataclass(frozen=True, slots=True)
class Latency:
    """How long one call of a network takes, in milliseconds; ``float`` gives the median.

    Attributes:
        median: The median of the times.
        spread: Their interquartile range, from the first quartile to the third.
        times: The time of each call.
        device: Where it ran.
        threads: How many threads PyTorch used for one operation on the processor.
    """

    median: float
    spread: float
    times: tuple[float, ...]
    device: str
    threads: int

    def __float__(self) -> float:
        return self.median

    def __repr__(self) -> str:
        """The median, the spread and where they were measured."""
        where = self.device if self.device != "cpu" else f"cpu, {self.threads} threads"
        return f"<Latency {self.median:.3g} ms ± {self.spread / 2:.2g} ({where}, {len(self.times)} calls)>"


def measure_latency(
    module: nn.Module,
    example: Any,
    *,
    device: str | torch.device = "cpu",
    warmup: int = 5,
    repeats: int = 30,
    threads: int | None = None,
) -> Latency:
    """Measure how long one call of a network takes.

    A copy of the network is called in evaluation mode, without gradients; the network itself, its device and the
    random state do not change. On a GPU the times are measured by CUDA events. Nothing else should run on the
    machine at the same time.

    Args:
        module: The network.
        example: Its input, as for :class:`~archrank.ModuleSpace`. A shape becomes a tensor of random numbers. The
            time is that of the whole batch.
        device: ``"cpu"``, ``"cuda"`` or ``"cuda:1"``.
        warmup: Number of calls before the measurement.
        repeats: Number of calls that are measured.
        threads: Number of threads that PyTorch may use for one operation on the processor; the current setting for
            None.

    Raises:
        EvaluationError: The network fails, or it cannot be measured there.

    >>> latency = measure_latency(nn.Linear(4, 2), (1, 4), repeats=7)
    >>> latency.median > 0, len(latency.times)
    (True, 7)
    """
    if not isinstance(module, nn.Module):
        raise EvaluationError(f"the network is {shown(module)}; expected a torch.nn.Module")
    for name, count, least in (("warmup", warmup, 0), ("repeats", repeats, 1), ("threads", threads, 1)):
        if not (count is None and name == "threads") and (type(count) is not int or count < least):
            raise EvaluationError(f"{name} is {shown(count)}; expected an integer of at least {least}")
    place = _place(device)
    if any(tensor.is_meta for tensor in (*module.parameters(), *module.buffers())):
        raise EvaluationError(
            f"{type(module).__name__} has weights without numbers, on the meta device; measure what space.build(…) "
            "returns"
        )
    with _threads(threads), _left_alone(place):
        copied = _copied(module, place)
        args, kwargs = filled(arguments_of(example), place)
        with untouched(copied, training=False), torch.no_grad():
            times = _times(lambda: _call_of_the_user(copied, args, kwargs), place, warmup, repeats)
        first, median, third = np.quantile(times, (0.25, 0.5, 0.75)).tolist()
        return Latency(median, third - first, tuple(times), str(place), torch.get_num_threads())


def _place(device: Any) -> torch.device:
    try:
        place = torch.device(device)
    except (RuntimeError, TypeError):
        place = torch.device("meta")
    if place.type not in ("cpu", "cuda"):
        raise EvaluationError(f"the device is {shown(device)}; expected 'cpu', 'cuda', or 'cuda:1' and so on")
    if place.type == "cuda":
        found = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (place.index or 0) >= found:
            raise EvaluationError(
                f"the device {str(place)!r} is not there: PyTorch finds {found} CUDA devices"
            )
        place = torch.device("cuda", torch.cuda.current_device() if place.index is None else place.index)
    return place


def _copied(module: nn.Module, place: torch.device) -> nn.Module:
    try:
        return copy.deepcopy(module).to(place)
    except Exception as error:
        raise EvaluationError(
            f"{type(module).__name__} cannot be copied to {place}: {in_one_line(error)}"
        ) from error


def _call_of_the_user(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    try:
        module(*args, **kwargs)
    except Exception as error:
        line = line_of(error)
        raise EvaluationError(
            f"{line + ': ' if line else ''}{type(module).__name__} fails for the example: {in_one_line(error)}"
        ) from error


def _times(call: Callable[[], None], place: torch.device, warmup: int, repeats: int) -> list[float]:
    """Milliseconds of each call."""
    for _ in range(warmup):
        call()
    if place.type == "cpu":
        return [_on_cpu(call) for _ in range(repeats)]
    torch.cuda.synchronize(place)
    return [_on_cuda(call, place) for _ in range(repeats)]


def _on_cpu(call: Callable[[], None]) -> float:
    began = perf_counter()
    call()
    return (perf_counter() - began) * 1e3


def _on_cuda(call: Callable[[], None], place: torch.device) -> float:
    with torch.cuda.device(place):
        began, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
        began.record()
        call()
        ended.record()
        torch.cuda.synchronize(place)
        return float(began.elapsed_time(ended))


@contextmanager
def _threads(count: int | None) -> Iterator[None]:
    before = torch.get_num_threads()
    try:
        if count is not None:
            torch.set_num_threads(count)
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _left_alone(place: torch.device) -> Iterator[None]:
    """The random state of the device is what it was afterwards."""
    with torch.random.fork_rng([place.index] if place.type == "cuda" else []):
        yield
