"""The names of the folders that training runs leave in a run folder."""

from hashlib import sha256

__all__ = ["training_folder"]


def training_folder(architecture: str, repeat: int = 0) -> str:
    """The name of the folder of a training run, below ``trainings``.

    Args:
        architecture: The text of the architecture.
        repeat: Which run of this architecture it is, from 0.

    >>> training_folder("conv", 1)
    '2ec3e47dcf05-2'
    """
    return sha256(architecture.encode()).hexdigest()[:12] + (f"-{repeat + 1}" if repeat else "")
