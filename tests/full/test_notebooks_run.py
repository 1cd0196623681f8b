"""The code of the notebooks runs from the first cell to the last."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from environments import ROOT

NOTEBOOKS = sorted((ROOT / "examples" / "notebooks").glob("*.ipynb"))


@pytest.mark.full
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_run(path, tmp_path):
    parts = []
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] != "code":
            continue
        text = "".join(cell["source"])
        if text.startswith("%%writefile "):
            first, _, rest = text.partition("\n")
            parts.append(f"open({first.split()[1]!r}, 'w').write({rest!r})")
        elif text.startswith("!"):
            commands = [line[1:] for line in text.splitlines()]
            parts += [f"__import__('subprocess').run({line!r}, shell=True, check=True)" for line in commands]
        else:
            parts.append(text)
    (tmp_path / "cells.py").write_text("\n".join(parts), encoding="utf-8")
    environment = os.environ | {
        "MPLBACKEND": "Agg",
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT / "src")]),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "cells.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr[-2000:]
