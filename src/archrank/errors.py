"""The one small tree of errors: each names the value, what was expected, and the way out."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from itertools import islice

__all__ = [
    "ArchrankError",
    "BudgetError",
    "DataError",
    "EvaluationError",
    "FileError",
    "Infeasible",
    "InvalidArchitecture",
    "MeasureError",
    "MissingExtra",
    "ParseError",
    "PluginError",
    "PredictorError",
    "RunFolderError",
    "SpaceError",
    "TableError",
    "TraceError",
    "TrainingError",
    "UnknownName",
    "UnrelatedFailure",
    "closest",
]


_LONGEST_NAME = 200
_COMPARED = 2_000
"""How many allowed names are compared with one that is not."""


class ArchrankError(Exception):
    """archrank cannot use what it was given; the message is meant for the user."""


class UnknownName(ArchrankError, LookupError):
    """A name that is not among the allowed ones.

    Args:
        kind: What the name was for, e.g. ``"benchmark"``.
        name: The name given.
        allowed: The names that would have been understood.

    >>> print(UnknownName("encoder", "gate", ["gates", "mlp"]))
    unknown encoder 'gate'; did you mean 'gates'? Allowed: gates, mlp
    """

    def __init__(self, kind: str, name: object, allowed: Iterable[str]) -> None:
        names = list(islice(allowed, _COMPARED))
        text = name if isinstance(name, str) else _repr(name)
        close = closest(text, names)
        hint = "." if close is None else f"; did you mean {close!r}?"
        shown = ", ".join(map(_cut, names[:30])) + (", …" if len(names) > 30 else "")
        allowed_ones = f"{hint} Allowed: {shown}" if names else "; there is none"
        super().__init__(f"unknown {kind} {_cut(text)!r}{allowed_ones}")


def closest(text: str, names: Iterable[str], cutoff: float = 0.4) -> str | None:
    """The name that is most similar to a text, whatever the case of letters; None if none is.

    >>> closest("DARTS", ["enas", "darts"]), closest("x", ["darts"])
    ('darts', None)
    """
    # Of what a file holds both may be of any length, and comparing takes the product of the two.
    if len(text) > _LONGEST_NAME:
        return None
    folded = {name.casefold(): name for name in reversed(list(names)) if len(name) <= _LONGEST_NAME}
    found = get_close_matches(text.casefold(), folded, n=1, cutoff=cutoff)
    return folded[found[0]] if found else None


def _repr(value: object) -> str:
    try:
        return repr(value)
    except Exception:  # a value of the user's own class
        return f"a {type(value).__name__}"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_NAME else f"{text[: _LONGEST_NAME - 1]}…"


class ParseError(ArchrankError, ValueError):
    """A text that does not say an architecture; the message says where and why."""


class InvalidArchitecture(ArchrankError, ValueError):
    """Choices that the space's validity rule refuses."""


class SpaceError(ArchrankError, ValueError):
    """A search space that is itself ill-made, or too large for what was asked of it."""


class TableError(ArchrankError, ValueError):
    """A table of measured architectures that cannot be used as it is."""


class BudgetError(ArchrankError, ValueError):
    """A budget that cannot be spent."""


class DataError(ArchrankError, ValueError):
    """Images that are missing or damaged, or not as requested."""


class EvaluationError(ArchrankError):
    """An evaluation that failed or returned something that is not a finite number."""


class UnrelatedFailure(EvaluationError):
    """Raised by an evaluator that failed for a reason unrelated to the architecture, such as a preempted machine.

    The evaluation has failed, and a search learns nothing about the architecture from it.
    """


class Infeasible(EvaluationError):
    """An evaluation that was given up because a value that was measured first breaks a constraint.

    Args:
        message: Which, and by what value.
        values: The values that are known, by name: finite numbers.
    """

    def __init__(self, message: str, values: Mapping[str, float]) -> None:
        super().__init__(message)
        self.values = {name: float(value) for name, value in values.items()}


class FileError(ArchrankError):
    """A file that cannot be written; the message gives the operating system's reason."""


class MeasureError(ArchrankError, ValueError):
    """Scores and targets that a measure of ranking is not defined for."""


class MissingExtra(ArchrankError, ImportError):
    """Something needs an extra of this package that is not installed.

    Args:
        module: What is missing.
        extra: The extra that brings it.
        what: What needs it.

    >>> print(MissingExtra("torch", "neural"))
    this needs torch, which is not installed: pip install 'archrank[neural]'
    """

    def __init__(self, module: str, extra: str, what: str = "this") -> None:
        self.module, self.extra = module, extra
        super().__init__(f"{what} needs {module}, which is not installed: pip install 'archrank[{extra}]'")


class PluginError(ArchrankError):
    """A name that an installed package adds and that cannot be used; the message names the package."""


class PredictorError(ArchrankError, ValueError):
    """A predictor that cannot be fitted, queried, saved or loaded as requested."""


class ProxyError(ArchrankError, ValueError):
    """A network that cannot be scored without training, or a zero-cost score that cannot be used."""


class RunFolderError(ArchrankError):
    """A run folder that cannot be used: another configuration, another process, or no room to write."""


class TraceError(ArchrankError):
    """A network whose graph cannot be read; the message names the operator or the line of its code."""


class TrainingError(ArchrankError):
    """A network that cannot be trained as requested, or a trained network that cannot be used."""
