"""Predictors by name: the one place where a predictor's name becomes a predictor."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from archrank.errors import ArchrankError, PluginError, UnknownName
from archrank.lazy_names import LazyNames
from archrank.plugins import Names, check_subclass, installed
from archrank.system.arguments import checked_whole

if TYPE_CHECKING:
    from archrank.predictors.base import Predictor
    from archrank.space import SearchSpace

__all__ = [
    "CLASSES",
    "HINTED",
    "PREDICTORS",
    "PredictorOptions",
    "described",
    "installed_predictor",
    "named_predictor",
]

_OPTIONS = {
    "auto": ("effort", "bootstrap"),
    "neural": ("encoder", "loss", "members", "bootstrap"),
    "trees": ("members", "bootstrap"),
    "gaussian-process": ("bootstrap",),
    "wl-kernel": ("bootstrap",),
}
"""The options of archrank's own predictors, by name."""

_INSTALLED_OPTIONS = ("bootstrap",)
"""The options of a predictor that an installed package adds."""

CLASSES: "LazyNames[type[Predictor]]" = LazyNames(
    {
        "NeuralPredictor": "archrank.predictors.neural:NeuralPredictor",
        "GaussianProcess": "archrank.predictors.gaussian:GaussianProcess",
        "BoostedTrees": "archrank.predictors.trees:BoostedTrees",
        "WeisfeilerLehman": "archrank.predictors.weisfeiler_lehman:WeisfeilerLehman",
        "Ensemble": "archrank.predictors.ensemble:Ensemble",
        "KnownScores": "archrank.predictors.known_scores:KnownScores",
        "WithPrior": "archrank.predictors.with_prior:WithPrior",
    }
)
"""archrank's own classes, by the names that saved predictors know them by; imported when they are first used."""

_BUILT_IN: "LazyNames[Callable[..., Predictor]]" = LazyNames(
    {
        "auto": "archrank.predictors.automatic:auto",
        "neural": "archrank.predictors.neural:NeuralPredictor",
        "trees": "archrank.predictors.trees:BoostedTrees",
        "gaussian-process": "archrank.predictors.gaussian:GaussianProcess",
        "wl-kernel": "archrank.predictors.weisfeiler_lehman:WeisfeilerLehman",
    }
)


def _accept(name: str, value: object) -> "Callable[..., Predictor]":
    from archrank.predictors.base import Predictor

    kind = check_subclass(value, Predictor)
    called = {each.attribute for each in installed("predictors")[name]}
    if kind.__name__ in CLASSES or kind.__name__ not in called:  # saved predictors name the class
        raise ValueError(
            f"the class is named {kind.__name__!r}; it needs a name that its entry point says and that is none of "
            f"{', '.join(CLASSES)}"
        )
    return kind


PREDICTORS: "Names[Callable[..., Predictor]]" = Names("predictors", _BUILT_IN, _accept)
"""What makes each predictor, by its name; imported when it is first used."""

_MOST = 10_000
"""Of members and of resamples; a few hundred take long already."""

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
        return {name: getattr(self, name) for name in ("predictor", *_options(self.predictor))}


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
        PluginError: The installed package that adds one of them cannot be used.
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
    name = (
        predictor
        if predictor is not None
        else ("neural" if {"encoder", "loss", "members"} & given.keys() else "auto")
    )
    if not isinstance(name, str) or name not in PREDICTORS:
        raise UnknownName("predictor", name, PREDICTORS)
    for option in given:
        if option not in _options(name):
            looking = [other for other, options in _OPTIONS.items() if option in options]
            raise ArchrankError(
                f"the predictor {name!r} has no option {option}; leave it out, or choose the "
                f"predictor {' or '.join(looking)}"
            )
    if hints and name not in HINTED:
        raise ArchrankError(
            f"the predictor {name!r} takes no hints; leave them out, or choose the "
            f"predictor {' or '.join(HINTED)}"
        )
    if bootstrap is not None:
        bootstrap = checked_whole("bootstrap", bootstrap, minimum=2, maximum=_MOST, error=ArchrankError)
    if members is not None:
        members = checked_whole("members", members, maximum=_MOST, error=ArchrankError)
    from archrank.predictors.ensemble import Ensemble

    make = PREDICTORS[name]
    arguments: dict[str, Any] = {}
    if name == "auto":
        arguments = {"effort": default_effort if effort is None else effort, "hints": hints}
    elif name == "trees":
        arguments = {"members": members or 4, "hints": hints}
    elif name == "gaussian-process":
        arguments = {"hints": hints}
    elif name == "neural":
        encoder, loss = "gates" if encoder is None else encoder, "hinge" if loss is None else loss
        arguments = _neural(space, encoder, loss, members or 3)
    if "seed" in inspect.signature(make).parameters:
        arguments["seed"] = seed
    made = make(space, **arguments)
    return made if bootstrap is None else Ensemble(space, (made,) * bootstrap, bootstrap=True, seed=seed)


def installed_predictor(kind: str) -> "type[Predictor] | None":
    """The class of that name among those that installed packages add; None where there is none.

    Raises:
        PluginError: Two packages add one, or its package cannot be used.
    """
    found = {
        name: each
        for name, added in installed("predictors").items()
        for each in added
        if each.attribute == kind
    }
    if len({each.package for each in found.values()}) > 1:
        packages = " and by ".join(each.package for each in found.values())
        raise PluginError(f"a predictor of the class {kind} is added by {packages}; uninstall one of them")
    return next((cast("type[Predictor]", PREDICTORS[name]) for name in found), None)


def described(predictor: "Predictor") -> str:
    """A description of a predictor and its members."""
    from archrank.predictors.ensemble import Ensemble
    from archrank.predictors.with_prior import WithPrior

    if isinstance(predictor, WithPrior):
        title = predictor.prior.title
        return f"{described(predictor.predictor)}, with a prior{'' if title is None else f' of {title}'}"
    if not isinstance(predictor, Ensemble):
        return type(predictor).__name__
    if predictor.bootstrap:
        return f"{len(predictor.predictors)} fits to resamples, each of {described(predictor.predictors[0])}"
    *first, last = [described(member) for member in predictor.predictors]
    return f"the mean of {', '.join(first)} and {last}" if first else last


def _options(predictor: str) -> tuple[str, ...]:
    return _OPTIONS.get(predictor, _INSTALLED_OPTIONS)


def _neural(space: "SearchSpace", encoder: str, loss: str, members: int) -> dict[str, Any]:
    from archrank.encoders.named import named_encoder
    from archrank.open_space import OpenSpace
    from archrank.predictors.neural import FOR_NETWORKS
    from archrank.ranking.named import named_loss

    own = FOR_NETWORKS if isinstance(space, OpenSpace) else {}
    return {"encoder": named_encoder(encoder), "loss": named_loss(loss), "members": members, **own}
