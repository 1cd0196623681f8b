"""What the predictions of a ranking or a predictor depend on, as bars."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from archrank.errors import ArchrankError
from archrank.plot.style import INK, RUN, WIDTH, theme
from archrank.predictors.explanation import Explanation

__all__ = ["importance"]


def importance(explained: object, *, most: int = 12, ax: Axes | None = None) -> Axes:
    """Plot the effect of each choice on the predictions, the largest first.

    An effect is 0 for a choice without influence, and 1 for one on which alone the predictions depend. A line on a bar
    is one standard deviation, where it is known. Where choices have no effects, those of groups of features are shown.

    Args:
        explained: A fitted predictor, its explanation, or the ranking that `archrank.rank` returns for a file.
        most: How many bars to show.
        ax: Axes to draw into; None for a new figure.

    Raises:
        ArchrankError: This is none of them, or nothing has an effect.

    >>> import archrank as ar
    >>> table = ar.load_benchmark("analog-nasbench")
    >>> cells = table.architectures[::700]
    >>> predictor = ar.auto(table.space, effort="fast").fit(cells, [table.value(cell) for cell in cells])
    >>> len(ar.plot.importance(predictor, most=3).patches)
    3
    """
    explanation = _explanation(explained)
    effects, spread, kind = explanation.choices, explanation.choice_std, "choice"
    if not effects:
        effects, spread, kind = explanation.groups, explanation.group_std, "group of features"
    if not effects:
        raise ArchrankError(
            "nothing that was measured has an effect on the predictions, so there is no importance"
        )
    names = list(effects)[:most]
    with theme():
        if ax is None:
            ax = Figure(figsize=(WIDTH, 1.1 + 0.3 * len(names)), layout="constrained").add_subplot()
        places = np.arange(len(names))
        ax.barh(
            places,
            [effects[name] for name in names],
            xerr=[spread.get(name, 0.0) for name in names] if spread else None,
            color=RUN,
            ecolor=INK,
            height=0.6,
        )
        ax.set_yticks(places, names)
        ax.invert_yaxis()
        left = len(effects) - len(names)
        ax.set_xlabel(f"effect of each {kind} on the predictions" + (f" ({left} more)" if left else ""))
    return ax


def _explanation(explained: object) -> Explanation:
    if isinstance(explained, Explanation):
        return explained
    found = getattr(explained, "explanation", None)
    if isinstance(found, Explanation):
        return found
    explain = getattr(explained, "explain", None)
    found = explain() if callable(explain) else None
    if isinstance(found, Explanation):
        return found
    raise ArchrankError(
        f"{explained!r:.200} does not say what its predictions depend on; expected a predictor, what it "
        "explains, or what archrank.rank returns for a file"
    )
