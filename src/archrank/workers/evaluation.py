"""What the workers of a search do: evaluate one architecture after another."""

from dataclasses import dataclass

from archrank.architecture import Architecture

__all__ = ["Task"]


@dataclass(frozen=True, slots=True)
class Task:
    """One architecture to evaluate, under its trial's number."""

    number: int
    architecture: Architecture
