"""What the tests of the command line share."""

import sys
from functools import partial
from pathlib import Path

import pytest


@pytest.fixture
def archrank(monkeypatch, capsys, tmp_path):
    """Runs the command line in an empty folder; gives exit code, stdout and stderr in one line."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))

    def run(*words):
        from archrank.cli.main import main

        monkeypatch.setattr(sys, "argv", ["archrank", *map(str, words)])
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code or 0
        out, err = capsys.readouterr()
        return code, out, " ".join(err.split())

    yield run
    # Another test may have a module by the same name.
    for name, module in list(sys.modules.items()):
        if Path(getattr(module, "__file__", None) or ".").is_relative_to(tmp_path):
            del sys.modules[name]


@pytest.fixture
def run_search(archrank):
    """Runs ``archrank search BENCHMARK``, likewise."""
    return partial(archrank, "search")
