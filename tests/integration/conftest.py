"""What the tests of the command line share."""

import sys
from functools import partial

import pytest


@pytest.fixture
def archrank(monkeypatch, capsys, tmp_path):
    """Runs the command line in an empty folder; gives exit code, stdout and stderr in one line."""
    monkeypatch.chdir(tmp_path)

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

    return run


@pytest.fixture
def run_search(archrank):
    """Runs ``archrank search BENCHMARK``, likewise."""
    return partial(archrank, "search")
