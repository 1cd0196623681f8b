"""Whether the seeds of a comparison tell what ranks best."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scipy.special import stdtrit

from archrank.plot.fits import Measure, Row, grouped, sizes_of
from archrank.report.tables import FEWEST_SEEDS

__all__ = ["Doubt", "doubt", "leads"]


@dataclass(frozen=True, slots=True)
class Doubt:
    """Where the best is not told from all others.

    Attributes:
        words: As a sentence.
        everywhere: Whether that is so for all training sizes.
    """

    words: str
    everywhere: bool


def doubt(rows: Sequence[Row], what: str, measure: Measure) -> Doubt | None:
    """At which training sizes the best by a measure is not told from all others; None where it always is.

    Args:
        rows: The results.
        what: ``"encoders"``, ``"losses"`` or ``"predictors"``: what is compared.
        measure: By which; higher is better.
    """
    groups, sizes, unclear, most = grouped(rows, what), sizes_of(rows), [], 0
    for size in sizes:
        known = [
            {f["seed"]: f[measure.column] for f in group.get(size, ()) if f.get(measure.column) is not None}
            for group in groups.values()
        ]
        known = sorted(filter(None, known), key=lambda values: -statistics.fmean(values.values()))
        if len(known) > 1 and not all(leads(known[0], other) for other in known[1:]):
            unclear.append(f"{size:,}")
            most = max(most, *map(len, known))
    if not unclear:
        return None
    seeds = "1 seed does" if most == 1 else f"{most} seeds do"
    words = f"With {', '.join(unclear)} training architectures {seeds} not tell the best from all others."
    return Doubt(words, len(unclear) == len(sizes))


def leads(values: Mapping[int, float], others: Mapping[int, float]) -> bool:
    """Whether values are higher than others by more than the 95% interval of their mean difference, paired by seed.

    >>> leads({0: 0.5, 1: 0.6, 2: 0.7}, {0: 0.4, 1: 0.5, 2: 0.59}), leads({0: 0.5, 1: 0.6}, {0: 0.1, 1: 0.2})
    (True, False)
    """
    differences = [value - others[seed] for seed, value in values.items() if seed in others]
    n = len(differences)
    if n < FEWEST_SEEDS:
        return False
    half = float(stdtrit(n - 1, 0.975)) * statistics.stdev(differences) / math.sqrt(n)
    return statistics.fmean(differences) > half
