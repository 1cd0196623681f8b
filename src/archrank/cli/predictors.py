"""The only place where a predictor's name becomes a predictor."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archrank.errors import ArchrankError, UnknownName

if TYPE_CHECKING:
    from archrank.predictors import Predictor
    from archrank.space import SearchSpace

__all__ = [
    "HINTED",
    "PREDICTORS",
    "BootstrapOption",
    "EffortOption",
    "EncoderOption",
    "LossOption",
    "MembersOption",
    "PredictorOption",
    "PredictorOptions",
    "described",
    "predictor_from",
]

PREDICTORS = {
    "auto": ("effort", "bootstrap"),
    "neural": ("encoder", "loss", "members", "bootstrap"),
    "trees": ("members", "bootstrap"),
    "gaussian-process": ("bootstrap",),
}
"""The options that each predictor looks at."""

HINTED = ("auto", "trees", "gaussian-process")
"""The predictors that look at hints."""

PredictorOption = Annotated[
    str | None,
    typer.Option(help=f"{' | '.join(PREDICTORS)} (auto; neural where an encoder or a loss is named)."),
]
EffortOption = Annotated[
    str | None, typer.Option(help="How much work auto does: fast | balanced | best (search: fast).")
]
EncoderOption = Annotated[str | None, typer.Option(help="Encoder of the neural predictor (gates).")]
LossOption = Annotated[
    str | None,
    typer.Option(help="Its loss: hinge | bce | comparator | listmle | mse (hinge)."),
]
MembersOption = Annotated[
    int | None, typer.Option(help="How many networks or sets of trees are averaged (3; trees 4).", min=1)
]
BootstrapOption = Annotated[
    int | None,
    typer.Option(
        help="Average so many fits of the predictor to resamples of the labels (one fit to all).", min=2
    ),
]


@dataclass(frozen=True, slots=True)
class PredictorOptions:
    """What a word such as ``neural:encoder=gcn`` says of a predictor; see :func:`predictor_from`."""

    predictor: str
    effort: str | None = None
    encoder: str | None = None
    loss: str | None = None
    members: int | None = None
    bootstrap: int | None = None

    @property
    def that_matter(self) -> dict[str, Any]:
        """The options that the predictor named looks at, by name."""
        return {name: getattr(self, name) for name in ("predictor", *PREDICTORS[self.predictor])}


def predictor_from(
    space: "SearchSpace",
    *,
    predictor: str | None = None,
    effort: str | None = None,
    encoder: str | None = None,
    loss: str | None = None,
    members: int | None = None,
    bootstrap: int | None = None,
    seed: int = 0,
    usual_effort: str = "balanced",
    hints: "Sequence[Predictor]" = (),
) -> "Predictor":
    """Make the predictor that the command line names.

    Args:
        space: The space whose architectures are ranked.
        predictor: Its name; None for ``"neural"`` where one of its options is given, else for ``"auto"``.
        effort: For ``"auto"``: how much work it does.
        encoder: For ``"neural"``: the encoder, whose settings are left to what suits the space's graphs.
        loss: For ``"neural"``: the loss.
        members: For ``"neural"`` and ``"trees"``: how many are averaged.
        bootstrap: How many fits to resamples of the labels are averaged; None for one fit to all labels.
        seed: Fixes all randomness.
        usual_effort: How much work ``"auto"`` does where nothing is said.
        hints: Fitted predictors of something else of the same space, for those of :data:`HINTED`.

    Raises:
        UnknownName: No such predictor, effort, encoder or loss.
        ArchrankError: An option or a hint that the predictor does not look at, or a bootstrap of fewer than two.
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
                f"the predictor {name!r} does not look at {option}; leave it out, or give "
                f"--predictor {' or '.join(looking)}"
            )
    if hints and name not in HINTED:
        raise ArchrankError(
            f"the predictor {name!r} does not look at hints; leave --hint out, or give "
            f"--predictor {' or '.join(HINTED)}"
        )
    if bootstrap is not None and bootstrap < 2:
        raise ArchrankError(f"bootstrap is {bootstrap}; give 2 resamples or more, or leave it out")
    from archrank.predictors import BoostedTrees, Ensemble, GaussianProcess, auto

    made: Predictor
    if name == "auto":
        made = auto(space, effort or usual_effort, seed=seed, hints=hints)  # type: ignore[arg-type]
    elif name == "trees":
        made = BoostedTrees(space, members=members or 4, seed=seed, hints=hints)
    elif name == "gaussian-process":
        made = GaussianProcess(space, seed=seed, hints=hints)
    else:
        made = _neural(space, encoder or "gates", loss or "hinge", members or 3, seed)
    return made if bootstrap is None else Ensemble(space, [made] * bootstrap, bootstrap=True, seed=seed)


def described(predictor: "Predictor") -> str:
    """What a predictor is made of, in words."""
    from archrank.predictors import Ensemble

    if not isinstance(predictor, Ensemble):
        return type(predictor).__name__
    if predictor.bootstrap:
        return f"{len(predictor.predictors)} fits to resamples, each of {described(predictor.predictors[0])}"
    *first, last = [described(member) for member in predictor.predictors]
    return f"the mean of {', '.join(first)} and {last}" if first else last


def _neural(space: "SearchSpace", encoder: str, loss: str, members: int, seed: int) -> "Predictor":
    from archrank.encoders import ENCODERS
    from archrank.predictors import NeuralPredictor
    from archrank.ranking import LOSSES

    if encoder not in ENCODERS:
        raise UnknownName("encoder", encoder, ENCODERS)
    if loss not in LOSSES:
        raise UnknownName("loss", loss, LOSSES)
    return NeuralPredictor(space, ENCODERS[encoder], LOSSES[loss](), members=members, seed=seed)
