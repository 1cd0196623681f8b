"""Comparisons of encoders, losses and predictors by how well they rank architectures."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archrank.errors import UnknownName
from archrank.experiments.comparison import Comparison, Plan
from archrank.experiments.fits import PredictorFits, RankingFits, predictor_tasks
from archrank.experiments.grid import GridProgress, GridTask
from archrank.experiments.named import count, known_by_name, objects_by_name
from archrank.experiments.parts import Parts
from archrank.experiments.ranking_comparison import RankingComparison
from archrank.experiments.tables import AnyTable, compared_table
from archrank.predictors.base import Predictor
from archrank.predictors.named import PREDICTORS, PredictorOptions, named_predictor
from archrank.space import SearchSpace
from archrank.specs import parse_spec, spec_of
from archrank.system.on_progress import silent

if TYPE_CHECKING:
    from archrank.encoders import EncoderSettings
    from archrank.experiments.neural_fits import Loss

    Encoders = str | Iterable[str | EncoderSettings | type[EncoderSettings]] | Mapping[str, Any]
    Losses = str | Iterable[str | Loss | type[Loss]] | Mapping[str, Any]
    Predictors = str | Iterable[str | Predictor] | Mapping[str, str | Predictor]

__all__ = [
    "ENCODERS_COMPARED",
    "LOSSES_COMPARED",
    "PREDICTORS_COMPARED",
    "TAUS",
    "compare_encoders",
    "compare_losses",
    "compare_predictors",
]

ENCODERS_COMPARED = "gates,gcn-global,gcn,lstm,mlp"
LOSSES_COMPARED = "mse,bce,comparator,hinge,listmle"
PREDICTORS_COMPARED = "auto,auto:effort=fast,neural,trees,gaussian-process"

TAUS = ("last-5", "last")
"""The epochs whose Kendall's tau is shown: the mean over the last five, or the last one."""

_SIZES = "1%,5%,10%"
_PREDICTOR_SIZES = "1%,5%"


def compare_encoders(
    table: AnyTable,
    encoders: "Encoders" = ENCODERS_COMPARED,
    *,
    losses: "Losses" = "hinge",
    sizes: str | int | Iterable[str | int] | None = None,
    seeds: int = 3,
    metric: str | None = None,
    test_metric: str | None = None,
    protocol: str | None = None,
    split: str | None = None,
    split_seed: int | None = None,
    pool: str | int | None = None,
    test: str | int | None = None,
    same_subset: bool = False,
    simplify: bool = False,
    epochs: int = 200,
    members: int = 1,
    tau: str = "last-5",
    space: SearchSpace | None = None,
    minimize: Collection[str] | str = (),
    workers: int = 2,
    folder: Path | str | None = None,
    resume: bool = False,
    command: str | None = None,
    on_progress: Callable[[GridProgress], None] = silent,
) -> Comparison:
    """Compare encoders of architectures by how well predictors that use them rank.

    Each encoder is trained with each loss, training size and seed, and ranks architectures it was not trained on. As
    ``archrank compare encoders``, with the same numbers.

    Args:
        table: A benchmark's name, a :class:`~archrank.benchmarks.Table`, a DataFrame, or a file of measured
            architectures; the last two need ``space``.
        encoders: Names that commas separate; a list of names and encoder settings; or a dict of names to either.
        losses: The losses to train with, likewise.
        sizes: Training sizes: counts, or shares of the pool (``"1%,5%,10%"``); those of the protocol by default.
        seeds: How many seeds, from 0.
        metric: What to train on; the benchmark's own by default.
        test_metric: What to test on; ``metric`` by default.
        protocol: A published protocol that determines the split, sizes and metrics: ``"gates"``, ``"tnasp"`` or
            ``"ta-gates"``.
        split: ``"random"``, ``"prefix"``, ``"source"`` or ``"function"``; see
            :func:`archrank.experiments.splits.split`.
        split_seed: Fixes the split's permutation; 2020 by default.
        pool: What may be trained on: the first N or a share of them, or a range ``"a:b"``.
        test: What is tested on: the last N or a share of them, or a range.
        same_subset: Whether all seeds share the training subset of seed 0.
        simplify: Whether architectures are simplified by the space's function rules.
        epochs: Passes over the training architectures.
        members: Networks in each predictor's ensemble.
        tau: The epochs whose Kendall's tau is shown: ``"last-5"`` or ``"last"``.
        space: The space of a DataFrame or a file.
        minimize: Columns of a DataFrame or a file where lower is better.
        workers: How many processes fit; with 1 it is this process. A script with more needs
            ``if __name__ == "__main__":``.
        folder: Where results and report are kept, so that the comparison can be resumed; None for memory only.
        resume: Continue the comparison that the folder holds, if it holds one; it may get more encoders, losses,
            sizes and seeds.
        command: How the comparison was started, as its report tells it.
        on_progress: Called at the beginning and after each fit.

    Returns:
        The results: ``.summary``, ``.rows``, ``.to_pandas()``, ``.plot()``, ``.report()``.

    Raises:
        UnknownName: No such benchmark, encoder, loss, metric, split or protocol.
        ArchrankError: An argument that cannot be used; the message names it.
        RunFolderError: The folder holds something else, or ``resume`` is not set.
    """
    return _compare_neural(
        "encoders",
        table=compared_table(table, space, minimize),
        encoders=encoders,
        losses=losses,
        sizes=sizes,
        seeds=seeds,
        options={
            "metric": metric,
            "test_metric": test_metric,
            "protocol": protocol,
            "split": split,
            "split_seed": split_seed,
            "pool": pool,
            "test": test,
            "same_subset": same_subset,
        },
        simplify=simplify,
        epochs=epochs,
        members=members,
        tau=tau,
        run={"workers": workers, "folder": folder, "resume": resume, "on_progress": on_progress},
        command=command,
    )


def compare_losses(
    table: AnyTable,
    losses: "Losses" = LOSSES_COMPARED,
    *,
    encoders: "Encoders" = "gates",
    sizes: str | int | Iterable[str | int] | None = None,
    seeds: int = 3,
    metric: str | None = None,
    test_metric: str | None = None,
    protocol: str | None = None,
    split: str | None = None,
    split_seed: int | None = None,
    pool: str | int | None = None,
    test: str | int | None = None,
    same_subset: bool = False,
    simplify: bool = False,
    epochs: int = 200,
    members: int = 1,
    tau: str = "last-5",
    space: SearchSpace | None = None,
    minimize: Collection[str] | str = (),
    workers: int = 2,
    folder: Path | str | None = None,
    resume: bool = False,
    command: str | None = None,
    on_progress: Callable[[GridProgress], None] = silent,
) -> Comparison:
    """Compare the losses that a neural predictor is trained with, by how well it ranks.

    As :func:`compare_encoders`, whose arguments these are, with one encoder and several losses. As ``archrank compare
    losses``, with the same numbers.
    """
    return _compare_neural(
        "losses",
        table=compared_table(table, space, minimize),
        encoders=encoders,
        losses=losses,
        sizes=sizes,
        seeds=seeds,
        options={
            "metric": metric,
            "test_metric": test_metric,
            "protocol": protocol,
            "split": split,
            "split_seed": split_seed,
            "pool": pool,
            "test": test,
            "same_subset": same_subset,
        },
        simplify=simplify,
        epochs=epochs,
        members=members,
        tau=tau,
        run={"workers": workers, "folder": folder, "resume": resume, "on_progress": on_progress},
        command=command,
    )


def compare_predictors(
    table: AnyTable,
    predictors: "Predictors" = PREDICTORS_COMPARED,
    *,
    sizes: str | int | Iterable[str | int] | None = None,
    seeds: int = 3,
    metric: str | None = None,
    test_metric: str | None = None,
    protocol: str | None = None,
    split: str | None = None,
    split_seed: int | None = None,
    pool: str | int | None = None,
    test: str | int | None = None,
    same_subset: bool = False,
    space: SearchSpace | None = None,
    minimize: Collection[str] | str = (),
    workers: int = 2,
    folder: Path | str | None = None,
    resume: bool = False,
    command: str | None = None,
    on_progress: Callable[[GridProgress], None] = silent,
) -> Comparison:
    """Compare whole predictors, as search and rank use them, by how well they rank.

    As ``archrank compare predictors``, with the same numbers.

    Args:
        table: As for :func:`compare_encoders`.
        predictors: Names with options, such as ``"neural:encoder=gcn,trees"``; a list of such names and of predictors
            of the table's space; or a dict of names to either.
        sizes: As for :func:`compare_encoders`, like all that follow.
        seeds: How many seeds, from 0; a seed is the predictor's and that of its training subset.
        metric: What to train on.
        test_metric: What to test on.
        protocol: A published protocol.
        split: The kind of split.
        split_seed: Fixes its permutation.
        pool: What may be trained on.
        test: What is tested on.
        same_subset: Whether all seeds share one training subset.
        space: The space of a DataFrame or a file.
        minimize: Columns of a DataFrame or a file where lower is better.
        workers: How many processes fit; with 1 it is this process.
        folder: Where results and report are kept.
        resume: Continue what the folder holds.
        command: How the comparison was started.
        on_progress: Called at the beginning and after each fit.
    """
    read = compared_table(table, space, minimize)

    def make(text: str) -> tuple[str, Predictor]:
        options = parse_spec(text, PredictorOptions, PREDICTORS)
        return spec_of(options), named_predictor(read.space, **_fields(options))

    made = objects_by_name(
        predictors, "predictor", PREDICTORS, make, lambda each: isinstance(each, Predictor)
    )
    parts = Parts.of(
        read,
        metric=metric,
        test_metric=test_metric,
        protocol=protocol,
        split=split,
        split_seed=split_seed,
        pool=pool,
        test=test,
        same_subset=same_subset,
    )
    tasks = predictor_tasks(
        made, parts.sizes(sizes, _PREDICTOR_SIZES), count(seeds, "seeds"), same_subset=parts.same_subset
    )
    fits = PredictorFits(**parts.data, predictors=made)
    return _run(
        "predictors",
        parts,
        fits,
        tasks,
        fits.settings(tasks),
        alike=("predictor",),
        run={"workers": workers, "folder": folder, "resume": resume, "on_progress": on_progress},
        command=command,
    )


def _fields(options: PredictorOptions) -> dict[str, Any]:
    return {name: getattr(options, name) for name in options.active}


def _compare_neural(
    what: str,
    *,
    table: Any,
    encoders: Any,
    losses: Any,
    sizes: Any,
    seeds: int,
    options: Mapping[str, Any],
    simplify: bool,
    epochs: int,
    members: int,
    tau: str,
    run: Mapping[str, Any],
    command: str | None,
) -> Comparison:
    """The comparison of encoders or of losses, which differ in their defaults and in the report."""
    # Here, because a comparison of strategies does without PyTorch.
    from archrank.encoders import ENCODERS, EncoderSettings
    from archrank.experiments.neural_fits import NeuralFits, neural_tasks
    from archrank.ranking import LOSSES

    def is_encoder(each: Any) -> bool:
        return issubclass(each if isinstance(each, type) else type(each), EncoderSettings)

    if tau not in TAUS:
        raise UnknownName("tau", tau, TAUS)
    named_encoders = known_by_name(encoders, "encoder", ENCODERS, is_encoder)
    named_losses = known_by_name(losses, "loss", LOSSES, callable)
    settings = {"epochs": count(epochs, "epochs"), "members": count(members, "members")}
    parts = Parts.of(table, **options)
    tasks = neural_tasks(
        named_encoders,
        list(named_losses),
        parts.sizes(sizes, _SIZES),
        count(seeds, "seeds"),
        same_subset=parts.same_subset,
        simplify=simplify,
    )
    fits = NeuralFits(
        **parts.data, epochs=epochs, members=members, encoders=named_encoders, losses=named_losses
    )
    fits.check(tasks)
    return _run(
        what,
        parts,
        fits,
        tasks,
        fits.settings(tasks),
        alike=("encoder", "loss", "simplify"),
        settings=settings,
        tau=tau,
        run=run,
        command=command,
    )


def _run(
    what: str,
    parts: Parts,
    fits: RankingFits,
    tasks: Sequence[GridTask],
    compared: Mapping[str, Any],
    *,
    alike: Sequence[str],
    settings: Mapping[str, Any] | None = None,
    tau: str = "last",
    run: Mapping[str, Any],
    command: str | None,
) -> Comparison:
    plan = Plan(
        config={"compare": "ranking", **parts.config, **(settings or {}), "data": fits.digest},
        compared=compared,
        about={"rows": what, "tau": tau, **parts.about},
        tasks=tasks,
        work=fits,
        alike=alike,
        result=partial(RankingComparison, what),
    )
    return plan.run(**run, command=command or f"archrank.compare_{what}({parts.table.name!r}, ...)  # Python")
