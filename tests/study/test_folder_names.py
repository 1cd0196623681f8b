"""Folders and files whose names are no UTF-8, as old disks and archives have them."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

import archrank as ar
from archrank.cli import names

NAME = b"old-\xff\xfe"

SPACE = """
from archrank import Cell, Choice, Graph, SearchSpace, Site

class Short(SearchSpace):
    name = "short"
    operations = ("conv", "pool")
    choices = tuple(Choice(f"layer {i}", ("conv", "pool")) for i in range(4))

    def graph(self, architecture):
        sites = tuple(Site(op, (i,), i + 1) for i, op in enumerate(self.options(architecture).values()))
        return Graph((Cell(1, 5, sites, (4,)),))
"""


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / os.fsdecode(NAME)
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("the file system has UTF-8 names only")
    return folder


def test_a_run_is_kept_resumed_read_and_known_there(folder):
    space = ar.load_benchmark("analog-nasbench")
    run = folder / "run"
    ar.search(space, strategy="random", budget=3, folder=run)
    longer = ar.search(space, strategy="random", budget=5, folder=run, resume=True)
    assert len(longer.evaluations) == 5
    assert (run / "report.html").exists()
    assert ar.status(run).done == 5
    later = ar.search(space, strategy="random", budget=2, known=run, folder=folder / "later")
    assert len(later.known) == 5


@pytest.mark.filterwarnings("ignore:cross-validation found no correlation")
def test_a_users_space_a_table_and_a_saved_predictor_lie_there(folder, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    file = folder / "short_space_of_an_old_disk.py"
    file.write_text(SPACE)
    space = names.space(f"{file}:Short")
    measured = space.sample(12, np.random.default_rng(0))
    table = folder / "measured.csv"
    lines = ['"' + space.format(a).replace('"', '""') + f'",{sum(a.choices)}' for a in measured]
    table.write_text("\n".join(["architecture,accuracy", *lines]) + "\n")
    ranking = ar.rank(space, table, predictor="gaussian-process")
    ranking.write(folder / "ranked.csv")
    assert len((folder / "ranked.csv").read_text().splitlines()) == len(ranking) + 1
    ranking.predictor.save(folder / "predictor")
    loaded = ar.load_predictor(folder / "predictor", space)
    assert loaded.predict(measured).tolist() == ranking.predictor.predict(measured).tolist()
    sys.modules.pop(file.stem, None)


def test_a_missing_one_is_named_as_escapes(folder):
    missing = Path(os.fsdecode(b"gone-\xff.csv"))
    with pytest.raises(ar.ArchrankError, match="gone-"):
        ar.rank("nas-bench-201", missing)
