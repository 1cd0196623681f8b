"""What is checked before a release, and how the public address gets into the files."""

import re
import runpy
import shutil
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_all_files_name_one_version():
    release_check = runpy.run_path(str(ROOT / "scripts" / "release_check.py"))
    assert release_check["versions"](PROJECT) == []
    assert len(release_check["versions"](PROJECT | {"version": "99.0"})) == 3


@pytest.fixture
def checkout(tmp_path):
    for name in ("pyproject.toml", "CITATION.cff", "README.md"):
        shutil.copy(ROOT / name, tmp_path)
    for name in ("scripts", "docs"):
        (tmp_path / name).mkdir()
    shutil.copy(ROOT / "docs" / "install.md", tmp_path / "docs")
    return shutil.copy(ROOT / "scripts" / "set_address.py", tmp_path / "scripts")


@pytest.mark.skipif("urls" in PROJECT, reason="the address is set")
def test_the_address_is_written_once_and_makes_links_absolute(checkout, tmp_path):
    script = runpy.run_path(str(checkout))
    with pytest.raises(SystemExit, match="is no address"):
        script["main"]("archrank")
    script["main"]("https://forge.example/owner/archrank")
    project = tomllib.loads((tmp_path / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["urls"]["Homepage"] == "https://forge.example/owner/archrank"
    assert project["dependencies"] == PROJECT["dependencies"]
    readme = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "https://forge.example/owner/archrank/raw/main/docs/images/report.png" in readme
    assert re.findall(r"\]\((?!https?:)", readme) == []
    assert "repository-code: https" in (tmp_path / "CITATION.cff").read_text(encoding="utf-8")
    install = (tmp_path / "docs" / "install.md").read_text(encoding="utf-8")
    assert "`git clone https://forge.example/owner/archrank`" in install
    assert "not published" not in install
    with pytest.raises(SystemExit, match="already"):
        script["main"]("https://forge.example/owner/archrank")


@pytest.mark.skipif(not (ROOT / ".github").exists(), reason="needs the repository")
def test_workflows_call_targets_of_the_makefile():
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    called = set()
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        called |= set(re.findall(r"run: make ([\w-]+)", path.read_text(encoding="utf-8")))
    assert called
    assert called <= targets
