"""Packages as pip installs them, laid out by hand, so that no test has to build one."""

import shutil
import tomllib
from pathlib import Path

EXAMPLE = Path(__file__).parents[1] / "examples" / "plugin"


def lay_out(folder, package, entry_points, version="1.0", **modules):
    """An installed package.

    Args:
        folder: A folder on Python's path.
        package: Its name.
        entry_points: The text of its entry_points.txt.
        version: Its version.
        modules: The text of each module that it has, by name.
    """
    info = folder / f"{package.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(entry_points)
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(text)


def lay_out_example(folder):
    """The package of examples/plugin."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = []
    for group, entries in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {place}" for name, place in entries.items())]
    lay_out(folder, project["name"], "\n".join(lines) + "\n", project["version"])
    shutil.copytree(EXAMPLE / "src", folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
