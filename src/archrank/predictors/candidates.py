"""Candidates: architectures prepared once for many predictions."""

from collections.abc import Callable, Hashable, Sequence
from functools import cached_property, lru_cache
from typing import TypeVar, cast

import numpy as np
import numpy.typing as npt

from archrank.encoders.batch import Choices, GraphBatch, merge
from archrank.encoders.network_batch import NetworkBatch
from archrank.errors import PredictorError
from archrank.given import ArchitecturesLike, Prepared, rows_of
from archrank.open_space import OpenSpace
from archrank.predictors.base import Floats, Predictor
from archrank.predictors.feature_map import feature_map
from archrank.predictors.network_map import network_map
from archrank.space import Rows, SearchSpace

__all__ = ["Candidates", "references"]

T = TypeVar("T")

_PART = 4_096
"""Candidates per block."""

_STATES = 100_000
"""States of networks per block."""

_CELL_STATES, _LEAST_PART = 200_000, 16
"""States of cells per block, unless the cells are so large that these would be very few candidates."""

_REFERENCES = 500
"""Size of the random sample that a predictor's scores are standardized on."""

_MAX_HINTS = 8
"""Hints whose predictions are kept at most: the cache holds the predictors, and candidates may live long."""


class Candidates(Prepared):
    """Architectures of a space, with their features, graphs and other intermediate results, each computed on first use.

    All fits of all predictors of the space, members of ensembles too, can share one.

    Args:
        space: The space.
        architectures: B architectures; B may be 0.

    Attributes:
        rows: Their option indices: (B, number of choices).

    Raises:
        PredictorError: Architectures of another space, or something else.
        ParseError: A text that is no architecture.
    """

    def __init__(self, space: SearchSpace, architectures: ArchitecturesLike) -> None:
        self.space = space
        self.rows: Rows = rows_of(space, architectures, empty=True)
        self._batches: dict[bool, GraphBatch] = {}
        self._networks: dict[bool, NetworkBatch] = {}
        self._kept: dict[Hashable, object] = {}
        self._hinted: dict[Predictor, Floats] = {}

    def __len__(self) -> int:
        return len(self.rows)

    @classmethod
    def of(cls, space: SearchSpace, candidates: "ArchitecturesLike | Candidates") -> "Candidates":
        """The candidates themselves, or new ones.

        Raises:
            PredictorError: Architectures or candidates of another space, or something else.
            ParseError: A text that is no architecture.
        """
        if not isinstance(candidates, Candidates):
            return cls(space, candidates)
        if candidates.space.name != space.name:
            raise PredictorError(
                f"candidates of the space {candidates.space.name!r} were given to a predictor for {space.name!r}"
            )
        return candidates

    @property
    def features(self) -> npt.NDArray[np.float32]:
        """Features of the functions on comparable scales: (B, F)."""
        features, which = self.distinct
        return features[which]

    @cached_property
    def distinct(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """The U distinct rows of :attr:`features`, and which of them each candidate has: (U, F), (B,).

        Equal functions have equal features, and in some spaces most architectures share theirs with others.
        """
        features = np.ascontiguousarray(feature_map(self.space)(self.rows))
        if not features.shape[1]:
            return features[:1], np.zeros(len(features), dtype=np.int64)
        whole_rows = features.view(np.dtype((np.void, features.itemsize * features.shape[1])))[:, 0]
        _, first, which = np.unique(whole_rows, return_index=True, return_inverse=True)
        return features[first], which

    def hint_predictions(self, hints: Sequence[Predictor]) -> Floats:
        """The predictions of hints, each standardized over a random sample of the space: (B, H).

        Args:
            hints: H fitted predictors of another target on the same space.

        Raises:
            PredictorError: One that is of another space, or was not fitted.
        """
        for hint in hints:
            if hint not in self._hinted:
                sample = hint.predict(references(self.space))
                self._hinted[hint] = (hint.predict(self) - sample.mean()) / (sample.std() or 1.0)
        while len(self._hinted) > max(_MAX_HINTS, len(hints)):
            del self._hinted[next(hint for hint in self._hinted if hint not in hints)]
        return np.array([self._hinted[hint] for hint in hints]).reshape(len(hints), len(self)).T

    def batch(self, simplify: bool = False) -> GraphBatch:
        """The graphs, merged.

        Args:
            simplify: Whether the space's function rules simplify them first.

        Raises:
            PredictorError: The operations of the space are not known beforehand.
        """
        if simplify not in self._batches:
            if isinstance(self.space, OpenSpace):
                raise PredictorError(
                    f"the space {self.space.name} has no fixed cells, which the other encoders need; take "
                    "the encoder hierarchical-gates, or a predictor on features: auto, gaussian-process or trees"
                )
            cells = (self.space.function_arrays if simplify else self.space.arrays)(self.rows)
            choices = Choices(self.rows, tuple(len(c.options) for c in self.space.choices))
            self._batches[simplify] = merge(cells, self.space.operations, choices)
        return self._batches[simplify]

    def networks(self, simplify: bool = False) -> NetworkBatch:
        """The graphs with their hierarchies, for encoders of networks of any operations.

        Args:
            simplify: Whether the space's function rules simplify them first.
        """
        if simplify not in self._networks:
            self._networks[simplify] = network_map(self.space)(self.rows, simplify)
        return self._networks[simplify]

    def parts(self, simplify: bool = False, networks: bool = False) -> list[npt.NDArray[np.int64]]:
        """Blocks of candidates to score together, which limits memory and puts similar ones side by side.

        Args:
            simplify: Whether the space's function rules simplify the graphs first.
            networks: Whether the graphs are those of :meth:`networks`.
        """

        def make() -> list[npt.NDArray[np.int64]]:
            if networks:
                return self.networks(simplify).parts(_STATES)
            order = self.batch(simplify).neighborly()
            junctions = sum(cell.present.shape[1] for cell in self.batch(simplify).cells)
            size = max(_LEAST_PART, min(_PART, _CELL_STATES // junctions))
            return [order[begin : begin + size] for begin in range(0, len(order), size)]

        return self.kept(("parts", simplify, networks), make)

    def kept(self, key: Hashable, make: Callable[[], T]) -> T:
        """The result of ``make``, which is called once for each key: preparations that later fits use again."""
        if key not in self._kept:
            self._kept[key] = make()
        return cast(T, self._kept[key])


@lru_cache(maxsize=4)
def references(space: SearchSpace) -> Candidates:
    """A fixed random sample of a space, on which the scores of different predictors are standardized."""
    return Candidates(space, space.sample(_REFERENCES, np.random.default_rng(0)))
