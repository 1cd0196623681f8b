"""What the tests of the command line share."""

import sys

import pytest


@pytest.fixture
def run_search(monkeypatch, capsys, tmp_path):
    """Runs ``archrank search BENCHMARK``; gives exit code, stdout and stderr in one line."""
    monkeypatch.chdir(tmp_path)

    def run(benchmark, *words):
        from archrank.cli.main import main

        monkeypatch.setattr(sys, "argv", ["archrank", "search", benchmark, *map(str, words)])
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code or 0
        out, err = capsys.readouterr()
        return code, out, " ".join(err.split())

    return run
