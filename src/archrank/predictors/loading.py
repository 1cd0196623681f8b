"""The one door to saved predictors: reading one without knowing its class."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from archrank.errors import ArchrankError, MissingExtra, PredictorError
from archrank.given import check_is_space
from archrank.predictors import saved
from archrank.predictors.base import Predictor
from archrank.predictors.named import CLASSES, installed_predictor
from archrank.space import SearchSpace
from archrank.spaces.named import named_space
from archrank.system.arguments import checked_path
from archrank.system.foreign import bounded, shown

__all__ = ["load_predictor"]

_BROKEN = (
    *(ArithmeticError, AssertionError, AttributeError, LookupError),
    *(MemoryError, RuntimeError, TypeError, ValueError),
)
"""What code raises that is given parts which do not fit together."""


def load_predictor(
    folder: Path | str, space: SearchSpace | str, *, also: Sequence[type[Predictor]] = ()
) -> Predictor:
    """Read a predictor that :meth:`~archrank.predictors.Predictor.save` wrote.

    Args:
        folder: Where it was saved.
        space: The space that it is about, or the name of a built-in one.
        also: Predictor classes of your own, which it may be or consist of; those of installed packages are found.

    Raises:
        PredictorError: No whole predictor is there, or one of another space, of another format, or of a class that is
            neither archrank's nor an installed package's nor among ``also``.
        PluginError: The installed package that adds its class, encoder or loss cannot be used.
        MissingExtra: There are neural networks in it, and the extra ``neural`` is not installed.

    Example:
        >>> import tempfile
        >>> from archrank.predictors import GaussianProcess
        >>> from archrank.spaces import NASBench201
        >>> space = NASBench201()
        >>> fitted = GaussianProcess(space).fit(space.rows()[::1000], range(16))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     fitted.save(folder)
        ...     loaded = load_predictor(folder, space)
        >>> bool((loaded.predict(space.rows()) == fitted.predict(space.rows())).all())
        True
    """
    if isinstance(space, str):
        space = named_space(space)
    check_is_space(space)
    path = checked_path("folder", folder, PredictorError)
    for kind in also:
        if not (isinstance(kind, type) and issubclass(kind, Predictor)):
            raise PredictorError(f"among also is {shown(kind)}, expected a class derived from Predictor")
    predictor = _restored(path, saved.read(path, space), space, also)
    _check_predicts(path, predictor)
    return predictor


def _check_predicts(folder: Path, predictor: Predictor) -> None:
    """Check that a predictor that was read can be used: all its parts may be whole and not fit together.

    Raises:
        PredictorError: It fails, or what it predicts is not finite.
    """
    some = predictor.space.sample(2, np.random.default_rng(0))
    try:
        with np.errstate(all="ignore"):
            scores = predictor.predict(some)
        if scores.shape != (len(some),) or not np.isfinite(scores).all():
            raise ValueError(f"its scores of {len(some)} architectures are {shown(scores.tolist())}")
    except _BROKEN as error:
        raise saved.damaged(folder, error) from None


def _restored(
    folder: Path, state: saved.State, space: SearchSpace, also: Sequence[type[Predictor]]
) -> Predictor:
    kind = _class(folder, state.kind, also)
    parts = {name: _restored(folder / name, part, space, also) for name, part in state.parts.items()}
    try:
        with np.errstate(all="ignore"):
            predictor = kind._restore(space, replace(state, parts=parts))
    except ArchrankError:
        raise
    except _BROKEN as error:
        raise saved.damaged(folder, error) from None
    predictor.minimize_ = state.minimize
    if state.title is not None:
        predictor.title = state.title
    return predictor


def _class(folder: Path, name: str, also: Sequence[type[Predictor]]) -> type[Predictor]:
    for kind in also:
        if kind.__name__ == name:
            return kind
    # Imported when a file names it, so that loading needs only what the file does.
    try:
        found = CLASSES[name] if name in CLASSES else installed_predictor(name)
    except MissingExtra as error:
        raise MissingExtra(
            error.module, error.extra, f"the predictor in {folder}, a {shown(name)},"
        ) from None
    if found is None:
        raise PredictorError(
            f"the predictor in {folder} is of the class {shown(name)}; archrank's own are {', '.join(CLASSES)}: "
            f"give your class, load_predictor(folder, space, also=({bounded(name, 80)},)), or install the package that "
            "adds it"
        )
    return found
