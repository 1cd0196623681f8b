"""Workers on a Ray cluster: on this machine, or on as many as the cluster has."""

import os
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import ceil
from typing import Any

from archrank.errors import EvaluationError
from archrank.system.foreign import message
from archrank.workers.job import Job, SentJob, T
from archrank.workers.outcome import Outcome
from archrank.workers.pool import Crew, Worker, WorkerDied

__all__ = ["RayCluster", "RayCrew"]

_STORE = 100 * 2**20
"""Bytes for Ray's object store, which by default takes 30% of the memory: outcomes are a few numbers."""

_ANSWERING = 10
"""Seconds that an existing cluster has to answer."""


@dataclass(frozen=True, slots=True)
class RayCluster:
    """Evaluate on Ray, and what one evaluation needs there.

    Every worker is a Ray actor that holds these resources as long as the search lasts.

    Attributes:
        address: An existing cluster's head, e.g. ``"10.0.0.1:6379"``; None starts a cluster on this machine, which
            ends with the search.
        cpus: CPUs per evaluation.
        gpus: GPUs per evaluation; a part, such as 0.5, shares one.
        memory: Memory per evaluation in GiB; None reserves none.
    """

    address: str | None = None
    cpus: float = 1
    gpus: float = 0
    memory: float | None = None

    @property
    def resources(self) -> dict[str, float]:
        """What one evaluation needs, by Ray's names."""
        needed = {"CPU": self.cpus, "GPU": self.gpus, "memory": (self.memory or 0) * 2**30}
        return {name: amount for name, amount in needed.items() if amount}


class RayCrew(Crew[T]):
    """Starts workers on Ray.

    Args:
        cluster: Which cluster, and what an evaluation needs.
        job: What is done with every task; it may be anything that Ray can send.
        workers: How many there will be: a cluster of one's own is made large enough.

    Raises:
        EvaluationError: Ray is not installed, no cluster answers, no machine of it has what an evaluation needs, or
            the job cannot be sent.
    """

    def __init__(self, cluster: RayCluster, job: Job[T], workers: int) -> None:
        self._ray = _ray()
        self._mine = not self._ray.is_initialized()
        if self._mine:
            _connect(self._ray, cluster, workers)
        try:
            _check(self._ray.nodes(), cluster)
            self._arguments = (job.sent(self._ray.cloudpickle.dumps, "Ray's workers"), list(sys.path))
            # Retries are the driver's: Ray's own would do a task again without a word.
            self._actor = self._ray.remote(
                num_cpus=cluster.cpus,
                num_gpus=cluster.gpus,
                memory=None if cluster.memory is None else int(cluster.memory * 2**30),
                max_restarts=0,
                max_task_retries=0,
            )(_Working)
        except BaseException:
            self.close()
            raise

    def start(self) -> Worker[T]:
        """Ask for an actor, which starts where there is room."""
        return _Actor(self._ray, self._actor.remote(*self._arguments))

    def listen(self, workers: Sequence[Worker[T]], seconds: float | None) -> Sequence[Worker[T]]:
        """Those that have answered; an idle one that died is found out when it is given something."""
        asked = {w.pending: w for w in workers if isinstance(w, _Actor) and w.pending is not None}
        answered, _ = self._ray.wait(list(asked), num_returns=1, timeout=seconds)
        return [asked[reference] for reference in answered]

    def close(self) -> None:
        """Leave the cluster, or end it if it was started here."""
        if self._mine:
            self._ray.shutdown()


class _Actor(Worker[T]):
    def __init__(self, ray: Any, actor: Any) -> None:
        self._ray = ray
        self._actor = actor
        self.pending: Any = actor.load.remote()

    def give(self, task: T) -> None:
        """Send it."""
        self.pending = self._actor.work.remote(task)

    def answer(self) -> Outcome:
        """Fetch an outcome.

        Raises:
            WorkerDied: The actor or its machine is gone.
        """
        reference, self.pending = self.pending, None
        try:
            outcome: Outcome = self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            raise WorkerDied(message(error, 500), unrelated=_is_unrelated(error)) from None
        return outcome

    def end(self, at_once: bool) -> None:
        """Kill it: an idle actor has nothing to tidy up."""
        with suppress(self._ray.exceptions.RayError, ValueError):
            self._ray.kill(self._actor)


class _Working:
    """The actor."""

    def __init__(self, job: SentJob[Any], path: Sequence[str]) -> None:
        self._job = job
        # The job's module is found where the driver found it, on this machine or on a shared disk.
        sys.path.extend(folder for folder in path if folder not in sys.path)

    def load(self) -> Outcome:
        """Load the job."""
        try:
            self._do = self._job.load()
        except EvaluationError as error:
            return Outcome(error=str(error))
        return Outcome()

    def work(self, task: Any) -> Outcome:
        """Do a task."""
        return self._do(task)


def _is_unrelated(error: Exception) -> bool:
    """Whether the actor's machine or the connection was lost, not the actor alone."""
    lost = {"ActorUnavailableError", "NodeDiedError", "LocalRayletDiedError", "OwnerDiedError"}
    return (
        type(error).__name__ in lost
        or bool(getattr(error, "preempted", False))
        or "node has died" in message(error, 2000)
    )


def _ray() -> Any:
    # Before the import, which reads them. Ray prints on stdout how a worker died, where only results belong: it is in
    # the evaluation's error.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".")
    try:
        import ray
    except ImportError:
        raise EvaluationError(
            "Ray is not installed: install it with pip install 'archrank[ray]', or use processes of this machine"
        ) from None
    return ray


def _connect(ray: Any, cluster: RayCluster, workers: int) -> None:
    settings: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    where = "on this machine" if cluster.address is None else f"at {cluster.address!r}"
    if cluster.address is None:
        cores = max(os.cpu_count() or 1, ceil(workers * cluster.cpus))
        settings |= {"include_dashboard": False, "object_store_memory": _STORE, "num_cpus": cores}
        # Ray would join a cluster that runs here already.
        settings["address"] = "local"
    else:
        settings["address"] = cluster.address
    try:
        if cluster.address is not None:
            _knock(cluster.address)
        ray.init(**settings)
    except (OSError, RuntimeError, ValueError) as error:
        reason = message(error, 500)
        raise EvaluationError(
            f"no Ray cluster {where} ({reason}): start one with `ray start --head` and give the address that it "
            "prints, or give none to have one started here; where the cluster asks for a token, set RAY_AUTH_MODE=token"
        ) from None


def _knock(address: str) -> None:
    """Ray itself tries for minutes where no cluster answers."""
    host, colon, port = address.rpartition(":")
    if not (colon and host and port.isdecimal()):
        raise ValueError("expected HOST:PORT")
    with socket.create_connection((host, int(port)), timeout=_ANSWERING):
        pass


def _check(nodes: Sequence[Mapping[str, Any]], cluster: RayCluster) -> None:
    """Ray would wait for ever for a machine that has what no machine has."""
    machines = [node["Resources"] for node in nodes if node["Alive"]]
    for name, needed in cluster.resources.items():
        most = max((machine.get(name, 0.0) for machine in machines), default=0.0)
        if needed > most:
            unit, kind = (2**30, "GiB of memory") if name == "memory" else (1, f"{name}s")
            raise EvaluationError(
                f"an evaluation needs {needed / unit:g} {kind}, and no machine of the Ray cluster has more than "
                f"{most / unit:.3g}: ask for less, or join a larger cluster by its address"
            )
