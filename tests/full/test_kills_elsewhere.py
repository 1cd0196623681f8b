"""Searches with rungs whose driver and workers are killed again and again, with the study on a PostgreSQL server."""

import json
import os
import random
import signal
import time
from contextlib import suppress

import pytest

pytest.importorskip("psycopg", reason="needs psycopg: pip install 'archrank[postgres]'")
pytest.importorskip("torch")

from postgres import running_server
from rungs_elsewhere import LEVELS, Elsewhere
from waiting import PATIENCE, alive, wait_until

pytestmark = pytest.mark.full

KILLS, WORKERS = int(os.environ.get("ARCHRANK_KILLS", "6")), 3


def test_nothing_is_lost_and_no_epoch_trained_twice(tmp_path):
    rng = random.Random(0)
    with running_server() as server:
        there = Elsewhere(server, tmp_path, "killed", 6, per_epoch=1.0, patience=20)
        driver, workers, killed = there.search(), [], {"driver": 0, "worker": 0}
        before = {}

        def staff():
            """As many workers as there were; the ends of the killed ones are awaited."""
            for worker in [worker for worker in workers if worker.poll() is not None]:
                worker.communicate()
                workers.remove(worker)
            while len(workers) < WORKERS:
                workers.append(there.worker())

        try:
            while sum(killed.values()) < KILLS and driver.poll() is None:
                staff()
                wait_until(
                    lambda driver=driver: there.training or driver.poll() is not None, "a worker was to train"
                )
                time.sleep(rng.uniform(0, 1.5))
                if driver.poll() is not None:
                    break
                if sum(killed.values()) % 2:
                    driver.kill()
                    driver.communicate()
                    killed["driver"] += 1
                    driver = there.search()
                elif pids := there.training:
                    pid = rng.choice(pids)
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                        killed["worker"] += 1
                        wait_until(lambda pid=pid: not alive(pid), "the killed worker was to end")
                now = there.recorded
                assert {key: now.get(key) for key in before} == before
                before = now
            staff()
            out, said = driver.communicate(timeout=PATIENCE)
            assert driver.returncode == 0, said
        finally:
            for process in (driver, *workers):
                process.kill()
                process.communicate()
        record = json.loads(out)
        found = {(e["architecture"], e["fidelity"]): e["value"] for e in record["evaluations"]}
        assert len(found) == len(record["evaluations"])
        assert {key: found[key] for key in before} == before
        assert {e["state"] for e in record["evaluations"]} == {"measured"}
        ended = there.epochs("end")
        trained = {}
        for architecture, fidelity in found:
            trained[architecture] = max(fidelity, trained.get(architecture, 0))
        # An epoch is logged after its checkpoint is written: a kill may leave one out, and makes none appear twice.
        assert set(ended.values()) == {1}
        assert set(ended) <= {(a, epoch) for a, most in trained.items() for epoch in range(1, most + 1)}
        assert record["epochs"] == sum(trained.values()) <= 6 * LEVELS[-1]
        print(
            f"\n{killed['driver']} kills of the driver, {killed['worker']} of workers; {len(found)} trainings, "
            f"{record['epochs']} epochs recorded, {there.epochs('begin').total() - ended.total()} epochs cut off"
        )
