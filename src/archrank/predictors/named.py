"""Predictors by name: the one place where a predictor's name becomes a predictor."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archrank.errors import ArchrankError, UnknownName

if TYPE_CHECKING:
    from archrank.predictors.base import Predictor
    from archrank.space import SearchSpace

__all__ = ["HINTED", "PREDICTORS", "PredictorOptions", "described", "named_predictor"]

PREDICTORS = {
    "auto": ("effort", "bootstrap"),
    "neural": ("encoder", "loss", "members", "bootstrap"),
    "trees": ("members", "bootstrap"),
    "gaussian-process": ("bootstrap",),
}
"""The options of each predictor, by its name."""

HINTED = ("auto", "trees", "gaussian-process")
"""The predictors that take hints."""


@dataclass(frozen=True, slots=True)
class PredictorOptions:
    """The options of a named predictor; see :func:`named_predictor`."""

    predictor: str
    effort: str | None = None
    encoder: str | None = None
    loss: str | None = None
    members: int | None = None
    bootstrap: int | None = None

    @property
    def active(self) -> dict[str, Any]:
        """The options that apply to this predictor, by name."""
        return {name: getattr(self, name) for name in ("predictor", *PREDICTORS[self.predictor])}


def named_predictor(
    space: "SearchSpace",
    predictor: str | None = None,
    *,
    effort: str | None = None,
    encoder: str | None = None,
    loss: str | None = None,
    members: int | None = None,
    bootstrap: int | None = None,
    seed: int = 0,
    default_effort: str | None = None,
    hints: "Sequence[Predictor]" = (),
) -> "Predictor":
    """Make a predictor by its name.

    Args:
        space: The space whose architectures are ranked.
        predictor: Its name; None for ``"neural"`` where one of its options is given, else for ``"auto"``.
        effort: For ``"auto"``: how much work it does.
        encoder: For ``"neural"``: the encoder, with the default settings for the space's graphs.
        loss: For ``"neural"``: the loss.
        members: For ``"neural"`` and ``"trees"``: the size of the ensemble.
        bootstrap: How many fits to resamples of the labels are averaged; None for one fit to all labels.
        seed: Fixes all randomness.
        default_effort: The effort of ``"auto"`` where ``effort`` is None; None for that of
            :func:`~archrank.predictors.auto`.
        hints: Fitted predictors of something else of the same space, for those of :data:`HINTED`.

    Raises:
        UnknownName: No such predictor, effort, encoder or loss.
        ArchrankError: An option or a hint that does not apply to the predictor, or a bootstrap of fewer than two.
        MissingExtra: The predictor has networks, and the extra ``neural`` is not installed.
    """
    given = {
        "effort": effort,
        "encoder": encoder,
        "loss": loss,
        "members": members,
        "bootstrap": bootstrap,
    }
    given = {name: value for name, value in given.items() if value is not None}
    name = predictor or ("neural" if {"encoder", "loss", "members"} & given.keys() else "auto")
    if name not in PREDICTORS:
        raise UnknownName("predictor", name, PREDICTORS)
    for option in given:
        if option not in PREDICTORS[name]:
            looking = [other for other, options in PREDICTORS.items() if option in options]
            raise ArchrankError(
                f"the predictor {name!r} has no option {option}; leave it out, or choose the "
                f"predictor {' or '.join(looking)}"
            )
    if hints and name not in HINTED:
        raise ArchrankError(
            f"the predictor {name!r} takes no hints; leave them out, or choose the "
            f"predictor {' or '.join(HINTED)}"
        )
    if bootstrap is not None and bootstrap < 2:
        raise ArchrankError(f"bootstrap is {bootstrap}; give 2 resamples or more, or leave it out")
    from archrank.predictors.automatic import auto
    from archrank.predictors.ensemble import Ensemble
    from archrank.predictors.gaussian import GaussianProcess
    from archrank.predictors.trees import BoostedTrees

    made: Predictor
    if name == "auto":
        made = auto(space, effort or default_effort, seed=seed, hints=hints)  # type: ignore[arg-type]
    elif name == "trees":
        made = BoostedTrees(space, members=members or 4, seed=seed, hints=hints)
    elif name == "gaussian-process":
        made = GaussianProcess(space, seed=seed, hints=hints)
    else:
        made = _neural(space, encoder or "gates", loss or "hinge", members or 3, seed)
    return made if bootstrap is None else Ensemble(space, (made,) * bootstrap, bootstrap=True, seed=seed)


def described(predictor: "Predictor") -> str:
    """A description of a predictor and its members."""
    from archrank.predictors.ensemble import Ensemble

    if not isinstance(predictor, Ensemble):
        return type(predictor).__name__
    if predictor.bootstrap:
        return f"{len(predictor.predictors)} fits to resamples, each of {described(predictor.predictors[0])}"
    *first, last = [described(member) for member in predictor.predictors]
    return f"the mean of {', '.join(first)} and {last}" if first else last


def _neural(space: "SearchSpace", encoder: str, loss: str, members: int, seed: int) -> "Predictor":
    from archrank.encoders.named import named_encoder
    from archrank.ranking.named import named_loss

    chosen = named_encoder(encoder), named_loss(loss)
    from archrank.predictors.neural import NeuralPredictor

    return NeuralPredictor(space, *chosen, members=members, seed=seed)
