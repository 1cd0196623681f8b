"""Fresh environments, into which the wheel is installed as its users install it."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONSTRAINTS = ROOT / "constraints.txt"


@dataclass(frozen=True)
class Environment:
    """A virtual environment that knows nothing of the checkout."""

    folder: Path

    @classmethod
    def made(cls, python, folder):
        checked(python, "-m", "venv", folder)
        return cls(folder)

    @property
    def python(self):
        return self.folder / "bin" / "python"

    @property
    def size(self):
        """Bytes of all that is installed."""
        files = (path for path in self.folder.rglob("*") if path.is_file() and not path.is_symlink())
        return sum(path.stat().st_size for path in files)

    @property
    def distributions(self):
        """What is installed, by name."""
        listed = self.run("-m", "pip", "list", "--format", "json")
        return {each["name"].lower() for each in json.loads(listed.stdout)}

    def install(self, *what):
        self.run("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-c", CONSTRAINTS, *what)

    def run(self, *words, folder=None):
        """Runs its Python; fails with what that said."""
        return checked(self.python, *words, folder=folder)

    def archrank(self, *words, folder):
        return checked(self.folder / "bin" / "archrank", *words, folder=folder)

    def refused(self, *words, folder):
        """What the command line says on stderr to a user's mistake."""
        done = ran(self.folder / "bin" / "archrank", *words, folder=folder)
        assert done.returncode == 2, f"{words}: {done.stdout}{done.stderr}"
        return done.stderr


def checked(*words, folder=None):
    """Runs a program that must succeed."""
    done = ran(*words, folder=folder)
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
    return done


def ran(*words, folder=None):
    """Runs a program outside the checkout."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))
    }
    return subprocess.run(
        [*map(str, words)], cwd=folder or "/", env=kept, capture_output=True, text=True, check=False
    )


def interpreters():
    """Python 3.11 and later where they are on this machine, by version: in PATH, or where pyenv keeps them."""
    found = {}
    for version in ("3.11", "3.12", "3.13"):
        kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
        places = [Path(folder) / f"python{version}" for folder in os.get_exec_path()]
        places += sorted(kept.glob(f"{version}.*/bin/python{version}"))
        for place in places:
            if place.exists() and answers(place):
                found[version] = place
                break
    return found


def answers(python):
    """Whether it starts: pyenv puts programs in PATH for versions that are not chosen."""
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0
