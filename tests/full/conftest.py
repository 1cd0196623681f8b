"""What the tests of whole installations share; they are run by ``make test-full`` alone."""

import sys

import pytest
from environments import ROOT, Environment


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The wheel and the source distribution, built from the checkout."""
    builder = Environment.made(sys.executable, tmp_path_factory.mktemp("builder") / "venv")
    builder.install("hatchling")
    folder = tmp_path_factory.mktemp("dist")
    builder.run("-m", "hatchling", "build", "-d", folder, folder=ROOT)
    (wheel,), (source,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return wheel, source
