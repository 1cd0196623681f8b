"""Checks that a release can be published: builds it, and uses the wheel in an empty environment without the repository.

Usage: ``python scripts/release_check.py``, or ``make release-check``. It needs the package index for environments and
leaves the distributions in ``dist`` if all checks pass. It publishes nothing.
"""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
CONSTRAINTS = ROOT / "constraints.txt"
SEARCH = """
import archrank as ar

result = ar.search("nas-bench-201-cifar10", budget=14, folder="run")
assert len(result.evaluations) == 14, result
print(ar.__version__, result.best_value)
"""


def ran(*words: object, folder: Path) -> str:
    """Runs a program that knows nothing of the checkout, and returns what it prints."""
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(
        [str(word) for word in words], cwd=folder, env=kept, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"failed: {' '.join(map(str, words))}\n{done.stdout}{done.stderr}")
    return done.stdout


def environment(folder: Path, *packages: object) -> Path:
    """The ``bin`` of a fresh environment with some packages."""
    ran(sys.executable, "-m", "venv", folder, folder=folder.parent)
    pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    ran(*pip, "-c", CONSTRAINTS, *packages, folder=folder.parent)
    return folder / "bin"


def versions(project: dict[str, object]) -> list[str]:
    """What is wrong with the version of the files that name it."""
    version = project["version"]
    files = {
        "src/archrank/__init__.py": rf'^__version__ = "{version}"$',
        "CITATION.cff": rf"^version: {version}$",
        "CHANGELOG.md": rf"^## {version}",
    }
    return [
        f"{name} does not name the version {version} of pyproject.toml"
        for name, line in files.items()
        if not re.search(line, (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
    ]


def contents(wheel: Path, source: Path) -> list[str]:
    """What is wrong with the files in the distributions."""
    wrong = []
    inside = zipfile.ZipFile(wheel).namelist()
    if {name.split("/")[0].split("-")[0] for name in inside} != {"archrank"}:
        wrong.append(f"{wheel.name} holds more than the package")
    packaged = {
        path.relative_to(ROOT / "src").as_posix()
        for path in (ROOT / "src" / "archrank").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    wrong += [f"{wheel.name} lacks {name}" for name in sorted(packaged - set(inside))]
    with tarfile.open(source) as archive:
        names = {name.split("/", 1)[-1] for name in archive.getnames()}
    needed = {"README.md", "LICENSE", "CHANGELOG.md", "docs/concepts.md", "docs/conf.py", "tests/conftest.py"}
    return wrong + [f"{source.name} lacks {name}" for name in sorted(needed - names)]


def main() -> int:
    """Runs all checks; 1 if one of them fails."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wrong = versions(project)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        made = folder / "dist"
        print("building", flush=True)
        tools = environment(folder / "tools", "build", "twine")
        ran(tools / "python", "-m", "build", "--outdir", made, ROOT, folder=folder)
        (wheel,), (source,) = made.glob("*.whl"), made.glob("*.tar.gz")
        print(ran(tools / "python", "-m", "twine", "check", "--strict", wheel, source, folder=folder), end="")
        wrong += contents(wheel, source)
        print("a search and a report in an empty environment", flush=True)
        used = environment(folder / "used", wheel)
        print(ran(used / "python", "-c", SEARCH, folder=folder), end="")
        report = (folder / "run" / "report.html").read_text(encoding="utf-8")
        if "nas-bench-201-cifar10" not in report:
            wrong.append("the report of a search does not name its table")
        print(ran(used / "archrank", "--version", folder=folder), end="")
        if not wrong:
            shutil.copytree(made, ROOT / "dist", dirs_exist_ok=True)
    for line in wrong:
        print(line)
    if "urls" not in project:
        print("no project URLs yet, and README has relative links: see the first step of RELEASING.md")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
