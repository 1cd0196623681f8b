"""The plugin of examples/plugin, built and installed by pip."""

import os
import subprocess
import sys

import pytest

from packages import EXAMPLE
from plugin_in_use import use

pytestmark = [pytest.mark.full, pytest.mark.timeout(3600)]


def test_pip_installs_it_and_its_names_work(tmp_path):
    target = tmp_path / "target"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*pip, "--target", target, EXAMPLE], check=True)
    assert list(target.glob("archrank_example-*.dist-info"))
    path = os.pathsep.join([str(target), *filter(None, [os.environ.get("PYTHONPATH")])])
    folder = tmp_path / "empty"
    folder.mkdir()
    use({**os.environ, "PYTHONPATH": path}, folder)
