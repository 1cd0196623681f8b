"""What all tests share: a cache of their own, and the data that lie beside the checkout."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says more about what else the machine does than about the code.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# A shell that starts the tests in the background lets them, and all that they start, ignore interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Several test processes share the cores; threads that wait for one another within each would only slow them down.
os.environ.setdefault("OMP_NUM_THREADS", "1")

SHARED = Path(os.environ.get("ARCHRANK_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture(scope="session", autouse=True)
def _cache_of_the_session(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARCHRANK_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def shared():
    """Finds files of real measurements; skips where they are not there."""

    def find(name):
        if not (SHARED / name).exists():
            pytest.skip(f"needs {name} in the folder that ARCHRANK_DATA names, or in ../shared/data")
        return SHARED / name

    return find


@pytest.fixture
def data_folder(tmp_path, monkeypatch):
    """An empty data folder of the test's own."""
    folder = tmp_path / "data"
    monkeypatch.setenv("ARCHRANK_DATA", str(folder))
    return folder
