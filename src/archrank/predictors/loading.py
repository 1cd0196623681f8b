"""Reading a saved predictor without knowing of what class it is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from archrank.errors import PredictorError
from archrank.predictors import saved
from archrank.predictors.base import Predictor
from archrank.predictors.ensemble import Ensemble
from archrank.predictors.gaussian import GaussianProcess
from archrank.predictors.neural import NeuralPredictor
from archrank.predictors.trees import BoostedTrees
from archrank.space import SearchSpace

__all__ = ["load_predictor", "read_hints"]

_CLASSES: tuple[type[Predictor], ...] = (NeuralPredictor, GaussianProcess, BoostedTrees, Ensemble)


def load_predictor(folder: Path | str, space: SearchSpace) -> Predictor:
    """Read what the ``save`` of any of archrank's predictors wrote.

    Args:
        folder: Where it was written.
        space: The space that it is about.

    Raises:
        PredictorError: No whole predictor is there, or one of another space, a later format or a class that this
            version does not know.
    """
    record, _ = saved.read(Path(folder), space)
    for kind in _CLASSES:
        if record.get("predictor") == kind.__name__:
            return kind.load(folder, space)
    raise PredictorError(
        f"the predictor in {folder} is of the class {record.get('predictor')!r}; this version reads "
        f"{', '.join(kind.__name__ for kind in _CLASSES)}: load your own with its class"
    )


def read_hints(folder: Path, record: Mapping[str, Any], space: SearchSpace) -> list[Predictor]:
    """The hints that :func:`archrank.predictors.saved.write_hints` wrote; none where the record names none.

    Args:
        folder: That of the predictor whose hints they are.
        record: What its ``predictor.json`` says.
        space: The space that it is about.

    Raises:
        PredictorError: As for :func:`load_predictor`.
    """
    return [load_predictor(hint, space) for hint in saved.folders_named(folder, record, "hints")]
