"""Rank the architectures of a space by a few measured ones, or by zero-cost scores."""

import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.benchmarks.cells import ARCHITECTURE
from archrank.benchmarks.given import as_architectures, as_table
from archrank.benchmarks.indices import RowIndex
from archrank.benchmarks.table import Table
from archrank.errors import ArchrankError, TableError
from archrank.predictors.automatic import auto, default_effort
from archrank.predictors.base import Predictor
from archrank.predictors.named import named_predictor
from archrank.predictors.unit import InUnit
from archrank.space import Rows, SearchSpace
from archrank.study.checks import checked_space
from archrank.system.arguments import checked_flag, checked_whole
from archrank.system.foreign import shown
from archrank.system.on_progress import OnProgress, silent
from archrank.system.progress import progress_of
from archrank.verbs.named import named_space_of
from archrank.verbs.ranked import Ranking, RankingQuality
from archrank.verbs.zero_cost import rank_zero_cost
from archrank.verbs.zero_cost_prior import check_scoring, prior_for_ranking

__all__ = ["Hint", "rank"]

MIN_MEASURED = 5
"""The fewest measured architectures to rank others by."""


class Hint(NamedTuple):
    """A column to learn a hint from.

    Attributes:
        data: Where the column is, in any form that :func:`~archrank.benchmarks.as_table` takes.
        column: Its name.
    """

    data: Any
    column: str


def rank(
    space: SearchSpace | Table | str,
    measured: Any = None,
    target: str | None = None,
    top: int = 20,
    *,
    candidates: Any = None,
    minimize: bool | None = None,
    include_measured: bool = False,
    architecture_column: str = ARCHITECTURE,
    average: bool = False,
    delimiter: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    hints: Sequence[str | tuple[Any, str] | Predictor] = (),
    predictor: str | Predictor | None = None,
    effort: str | None = None,
    encoder: str | None = None,
    loss: str | None = None,
    members: int | None = None,
    bootstrap: int | None = None,
    seed: int = 0,
    zero_cost: bool | Sequence[str | tuple[Any, str]] = False,
    proxies: Any = None,
    combine: str | None = None,
    sample: int | None = None,
    batch: Any = None,
    labels: Any = None,
    folder: str | os.PathLike[str] | None = None,
    on_progress: OnProgress | None = None,
) -> Any:
    """Learn from measured architectures, score the candidates or the whole space, and return the best.

    Predictions are in the unit of the target. Predictors only order architectures, so their scores are mapped to the
    unit by cross-validation on the measured architectures (see :class:`~archrank.predictors.unit.InUnit`): the mapping
    never changes the order, and predictions stay close to the range of the measured values. The predictor is therefore
    fitted six times with up to 200 measured architectures, and four times with more. The standard deviation is
    estimated from the errors of the held-out predictions and the variance of the predictor; it is usually too wide for
    a random architecture, and about right, in some runs too narrow, for the predicted best.

    With ``zero_cost=True`` nothing has to be measured: the networks of the candidates are built and scored without
    training, and ranked by the ranks of several scores
    (:func:`archrank.verbs.zero_cost.rank_zero_cost`). With measured architectures too, the scores are a prior of the
    predictor (:class:`~archrank.predictors.WithPrior`), which has no weight from 200 measured architectures on.

    Args:
        space: The space of the architectures, or its name; a table stands for its space.
        measured: Measured architectures, five or more: a DataFrame, a path (``.csv``, ``.tsv``, ``.parquet``,
            ``.jsonl``, ``.json``), a :class:`~archrank.benchmarks.Table`, a list of dicts, or a dict of columns, with
            a column of architectures. Rows without a number in the target are left out, which is noted. None with
            ``zero_cost``.
        target: The column to rank by. None for the only column of numbers, or a table's default metric.
        top: How many of the best to return.
        candidates: Rank these architectures only, in any of these forms or as a list; None for the whole space, or with
            ``zero_cost`` for a random sample.
        minimize: Whether lower targets are better. None for what a :class:`~archrank.benchmarks.Table` declares;
            elsewhere higher is better.
        include_measured: Whether measured architectures are ranked too.
        architecture_column: The name of the column of architectures.
        average: Whether rows of the same architecture, such as several seeds, are averaged.
        delimiter: The delimiter of text files; None detects it from their first line.
        decimal: The decimal sign of texts; None detects it from the column.
        encoding: The encoding of text files; None for UTF-8.
        hints: Also learn from these columns, which correlate with the target and may be filled in more rows: names of
            columns of ``measured``, pairs of data and column, or fitted predictors of the same space. If a hint is a
            column of ``measured``, rows without the target are candidates.
        predictor: A predictor, or a name for :func:`~archrank.predictors.named_predictor`, as are the following.
        effort: The effort of ``auto``; None for ``"balanced"``, or ``"fast"`` without torch.
        encoder: The encoder of ``neural``.
        loss: The loss of ``neural``.
        members: The size of the ensemble of ``neural`` and ``trees``.
        bootstrap: How many fits to resamples are averaged.
        seed: Fixes all randomness.
        zero_cost: Whether to rank by zero-cost scores, alone or as a prior; or columns of your own scores, higher is
            better, as the prior: names of columns of ``measured``, or pairs of data and column.
        proxies: With ``zero_cost=True``, as are the following: names of zero-cost scores
            (:data:`archrank.proxies.PROXIES`), or a mapping of names to functions; None for the default set.
        combine: How their ranks become one number: ``"mean"``, which None stands for, or ``"az-nas"``, the sum of the
            logarithms of ranks, by which what one score ranks low stays low.
        sample: How many random architectures are ranked if there are no ``candidates``; with measured ones, how many
            candidates are scored beside these. None for 200.
        batch: Inputs for the networks, (B, …), or their shape; None for 16 random images.
        labels: The classes of these inputs, which some scores use; None for random ones.
        folder: The scores are kept in this folder, or in this file if its name ends in ``.jsonl``, and a later call
            continues from them.
        on_progress: Called with how many fits are done, and of how many; then, of more than 50,000 candidates, how many
            are scored; with ``zero_cost`` how many architectures are scored. Without it, a bar is shown in a terminal
            or a notebook.

    Returns:
        With ``zero_cost`` alone a :class:`~archrank.verbs.zero_cost.ZeroCostRanking`. Else a pandas DataFrame if
        ``measured`` is one, or a :class:`~archrank.verbs.ranked.Ranking`. Both have the columns ``architecture``,
        ``predicted``, ``std`` and ``rank``, the best first: with ``minimize`` the lowest. ``Ranking.quality`` has the
        cross-validated Kendall's tau with an interval, from 20 measured architectures on, and ``Ranking.explanation``
        which groups of features and which choices the predictions rest on; ``DataFrame.attrs["quality"]`` and
        ``["explanation"]`` say the same as sentences.

    Raises:
        TableError: Measured architectures or candidates cannot be read, are too few, or every candidate was measured.
        SpaceError: The space is too large to list; give candidates.
        PredictorError: Targets that are all equal, or settings that cannot be used.
        UnknownName: No such column, predictor, effort, encoder, loss or zero-cost score.
        BudgetError: ``top`` is below 1.
        ProxyError: The networks of the space cannot be built or scored.
    """
    space = checked_space(named_space_of(space))
    without = {
        "proxies": proxies,
        "combine": combine,
        "sample": sample,
        "batch": batch,
        "labels": labels,
        "folder": folder,
    }
    own = _score_columns(zero_cost, measured)
    if not own and checked_flag("zero_cost", zero_cost) and measured is None:
        with_measured = {
            "target": target,
            "minimize": minimize,
            "include_measured": include_measured or None,
            "average": average or None,
            "decimal": decimal,
            "hints": None if isinstance(hints, tuple | list) and not hints else hints,
            "predictor": predictor,
            "effort": effort,
            "encoder": encoder,
            "loss": loss,
            "members": members,
            "bootstrap": bootstrap,
        }
        _check_omitted(with_measured, "zero_cost ranks without measurements")
        return rank_zero_cost(
            space,
            top,
            candidates=candidates,
            seed=seed,
            on_progress=silent if on_progress is None else on_progress,
            architecture_column=architecture_column,
            delimiter=delimiter,
            encoding=encoding,
            **without,
        )
    if own or not zero_cost:
        _check_omitted(without, "only zero_cost=True uses it")
    else:
        check_scoring(proxies, combine, batch, labels)
    if sample is not None:
        sample = checked_whole("sample", sample)
    if measured is None:
        raise TableError(
            "there are no measured architectures to learn from; give some, or zero_cost=True to rank by the scores of "
            "untrained networks"
        )
    top, seed = checked_whole("top", top), checked_whole("seed", seed, minimum=0)
    minimize = None if minimize is None else checked_flag("minimize", minimize)
    include_measured = checked_flag("include_measured", include_measured)
    if not isinstance(target, str | None):
        raise TableError(
            f"target is {shown(target)}; expected the name of a column. Give architectures and values as one table, "
            "such as {'architecture': [...], 'accuracy': [...]}"
        )
    if isinstance(hints, str | bytes) or not isinstance(hints, Sequence):
        raise TableError(f"hints is {shown(hints)}; expected a list, such as ['accuracy after 10 epochs']")
    asked = [hint if isinstance(hint, Predictor) else _hint(hint, measured) for hint in hints]
    blanks = isinstance(measured, Table) or any(
        isinstance(h, Hint) and _same(h.data, measured) for h in (*asked, *own)
    )
    reading: dict[str, Any] = {
        "architecture_column": architecture_column,
        "delimiter": delimiter,
        "encoding": encoding,
    }
    numbers = {**reading, "average": average, "decimal": decimal}
    table = as_table(space, measured, metrics=None if target is None else [target], blanks=blanks, **numbers)
    if target is None and not isinstance(measured, Table) and len(table.metrics) > 1:
        names = ", ".join(metric.name for metric in table.metrics)
        raise TableError(f"several columns of numbers; name the one to rank by as the target: {names}")
    known, targets = _filled(table)
    lower = not table.metric().higher_is_better if minimize is None else minimize
    pool = _pool(space, candidates, reading, frozenset() if include_measured else frozenset(known))
    learned = [
        hint if isinstance(hint, Predictor) else _learned(space, hint, numbers, seed) for hint in asked
    ]
    options = {"effort": effort, "encoder": encoder, "loss": loss, "members": members, "bootstrap": bootstrap}
    given = {name: value for name, value in options.items() if value is not None}
    model, note = _model(space, predictor, given, learned, seed)
    prior_notes: list[str] = []
    if zero_cost:
        prior, prior_notes = prior_for_ranking(
            space,
            known,
            [as_table(space, h.data, metrics=[h.column], blanks=True, **numbers) for h in own],
            {**without, "pool": pool},
            seed,
            on_progress,
        )
        if prior is not None:
            model = prior.given_to(model)
    with progress_of("ranking", on_progress) as told:
        fitted = InUnit(model, seed).fit(known, targets, minimize=lower, on_progress=told)
        scores, predicted, std = fitted.predict(pool, on_progress=told)
    best = np.argsort(-scores, kind="stable")[:top]
    notes = tuple(each for each in (*table.notes, note, *prior_notes, fitted.note) if each is not None)
    for each in notes:
        warnings.warn(each, stacklevel=2)
    ranking = Ranking(
        space=space,
        target=table.metric().name,
        minimize=lower,
        architectures=tuple(space.architectures(pool[best])),
        predicted=predicted[best],
        std=std[best],
        predictor=fitted.predictor_,
        measured=len(known),
        candidates=len(pool),
        notes=notes,
        quality=RankingQuality.of(*fitted.held_out_),
        explanation=fitted.explain(),
    )
    return ranking.to_pandas() if type(measured).__module__.partition(".")[0] == "pandas" else ranking


def _check_omitted(arguments: Mapping[str, Any], why: str) -> None:
    for name, value in arguments.items():
        if value is not None:
            raise ArchrankError(f"{name} is {shown(value)}: {why}; leave {name} out")


def _score_columns(zero_cost: Any, measured: Any) -> list[Hint]:
    """The columns of a user's own zero-cost scores; none where these are to be computed, or not wanted."""
    if isinstance(zero_cost, bool):
        return []
    if isinstance(zero_cost, str | bytes) or not isinstance(zero_cost, Sequence) or not zero_cost:
        raise ArchrankError(
            f"zero_cost is {shown(zero_cost)}; expected True to compute scores, or a list of columns, such as "
            "['synflow']"
        )
    return [_hint(column, measured, "column of zero-cost scores", "") for column in zero_cost]


def _hint(hint: Any, measured: Any, what: str = "hint", other: str = ", or a fitted predictor") -> Hint:
    if isinstance(hint, str):
        return Hint(measured, hint)
    if isinstance(hint, tuple) and len(hint) == 2 and isinstance(hint[1], str):
        return Hint(*hint)
    raise TableError(
        f"the {what} {shown(hint)} is a {type(hint).__name__}; expected a column's name, or a pair of data and "
        f"column{other}"
    )


def _same(data: Any, measured: Any) -> bool:
    if isinstance(data, str | os.PathLike) and isinstance(measured, str | os.PathLike):
        return Path(data) == Path(measured)
    return data is measured


def _learned(space: SearchSpace, hint: Hint, reading: Mapping[str, Any], seed: int) -> Predictor:
    """The fast predictor, fitted to the rows in which a hint's column is filled."""
    table = as_table(space, hint.data, metrics=[hint.column], blanks=True, **reading)
    learned = auto(space, "fast", seed=seed).fit(*_filled(table))
    learned.title = f"hint {hint.column}"
    return learned


def _filled(table: Table) -> tuple[list[Architecture], npt.NDArray[np.float64]]:
    """The measured architectures and their targets; an error where they are too few."""
    values = table.column()
    filled = np.flatnonzero(~np.isnan(values))
    if len(filled) < MIN_MEASURED:
        raise TableError(
            f"{table.name} has {len(filled)} architectures with a number in {table.metric().name!r}, too few to learn "
            f"a ranking from; give {MIN_MEASURED} or more{''.join(f'; {note}' for note in table.notes)}"
        )
    return table.space.architectures(table.rows[filled]), values[filled]


def _pool(
    space: SearchSpace, candidates: Any, reading: Mapping[str, Any], left_out: frozenset[Architecture]
) -> Rows:
    """Option indices of what is to be ranked: (B, number of choices)."""
    if candidates is not None:
        kept = [a for a in as_architectures(space, candidates, **reading) if a not in left_out]
        rows = space.pack(kept)
    else:
        rows = space.rows()
        if left_out:
            where = RowIndex(rows, space)
            found = [where.get(architecture.choices) for architecture in left_out]
            rows = np.delete(rows, [index for index in found if index is not None], axis=0)
    if not len(rows):
        raise TableError(
            "every candidate was measured already: give other candidates, or include the measured ones "
            "(include_measured, --include-measured)"
        )
    return rows


def _model(
    space: SearchSpace,
    predictor: str | Predictor | None,
    options: Mapping[str, Any],
    hints: Sequence[Predictor],
    seed: int,
) -> tuple[Predictor, str | None]:
    """The predictor to fit, and what there is to note about the choice."""
    if predictor is None or isinstance(predictor, str):
        note = None
        if predictor in (None, "auto") and not options.keys() - {"bootstrap"}:
            effort, note = default_effort()
            options = {**options, "effort": effort}
        return named_predictor(space, predictor, seed=seed, hints=hints, **options), note
    if not isinstance(predictor, Predictor):
        raise ArchrankError(
            f"the predictor {shown(predictor)} is a {type(predictor).__name__}; expected a name or a Predictor"
        )
    if options or hints:
        what = ", ".join([*options, *(["hints"] if hints else [])])
        raise ArchrankError(
            f"{what}: options of a predictor that is given by name; give them to the predictor itself"
        )
    return predictor.with_seed(getattr(predictor, "seed", 0)), None
