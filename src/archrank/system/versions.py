"""What a run was made with."""

import platform
import sys
from importlib.metadata import version

__all__ = ["versions"]


def versions() -> dict[str, str]:
    """The versions of Python, of archrank, and of what decides its numbers; PyTorch's where it was loaded."""
    packages = ["archrank", "numpy", *(name for name in ("optuna", "torch") if name in sys.modules)]
    return {"python": platform.python_version()} | {name: version(name) for name in packages}
