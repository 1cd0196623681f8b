"""One fit of a comparison of encoders or losses: trained on a part of a table, measured after its last epochs."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from archrank.encoders import ENCODERS, EncoderSettings
from archrank.errors import ArchrankError, PredictorError, UnknownName
from archrank.experiments.fits import Floats, RankingFits, fit_tasks
from archrank.experiments.grid import GridTask
from archrank.predictors.neural import NeuralPredictor
from archrank.ranking import LOSSES, PairwiseComparator, RankingLoss
from archrank.settings import settings_of

__all__ = ["Loss", "NeuralFits", "neural_tasks"]

Loss = RankingLoss | PairwiseComparator

_LAST = 5
"""The paper reports the mean of tau over this many last epochs."""


def neural_tasks(
    encoders: Iterable[str],
    losses: Sequence[str],
    sizes: Sequence[int],
    seeds: int,
    *,
    same_subset: bool = False,
    simplify: bool = False,
) -> list[GridTask]:
    """The tasks of a grid: every encoder with every loss, size and seed.

    Args:
        encoders: Names of encoders.
        losses: Names of losses.
        sizes: How many architectures are trained on.
        seeds: How many seeds, from 0; a seed is that of the initialization, and that of the training subset too.
        same_subset: All seeds share the subset of seed 0.
        simplify: Architectures are simplified by the space's function rules.
    """
    return [
        {"encoder": encoder, "loss": loss, "simplify": simplify, **fit}
        for encoder in encoders
        for loss in losses
        for fit in fit_tasks(sizes, seeds, same_subset)
    ]


@dataclass(frozen=True)
class NeuralFits(RankingFits):
    """Fits encoders with losses: the tasks of :func:`neural_tasks`.

    Attributes:
        epochs: Passes over the training set.
        members: Networks in each predictor.
        encoders: The encoders by the names that tasks know them by.
        losses: The losses likewise.
    """

    epochs: int = 200
    members: int = 1
    encoders: Mapping[str, EncoderSettings | type[EncoderSettings]] = field(default_factory=lambda: ENCODERS)
    losses: Mapping[str, Loss | type[Loss]] = field(default_factory=lambda: LOSSES)

    def check(self, tasks: Iterable[GridTask]) -> None:
        """Fit every encoder with every loss on two architectures, so that mistakes are found at once.

        Args:
            tasks: The tasks.

        Raises:
            UnknownName: No such encoder or loss.
            PredictorError: An encoder and a loss that cannot be combined, or not on this space.
        """
        for encoder, loss, simplify in dict.fromkeys((t["encoder"], t["loss"], t["simplify"]) for t in tasks):
            predictor = self._predictor(encoder, loss, 0, simplify, epochs=1)
            try:
                predictor.fit(*self._two())
            except ArchrankError as error:
                raise PredictorError(f"the encoder {encoder} with the loss {loss}: {error}") from None

    def cost(self, task: GridTask) -> float:
        """About how long a task takes, in any unit: a step has a cost of its own, and scoring is quick."""
        return self.epochs * (int(task["size"]) + 50) + len(self.split.test) / 3

    def __call__(self, task: GridTask) -> dict[str, Any]:
        """Fit and measure after each of the last epochs."""
        predictor = self._predictor(task["encoder"], task["loss"], task["seed"], task["simplify"])
        test = self._test
        last: list[Floats] = []
        scoring, began = 0.0, time.perf_counter()
        for epoch in predictor.fit_epochs(*self._known(task)):
            if epoch > self.epochs - _LAST:
                paused = time.perf_counter()
                last.append(predictor.predict(test))
                scoring += time.perf_counter() - paused
        seconds = time.perf_counter() - began - scoring
        return self._measured(predictor, last) | {"epochs": self.epochs, "seconds_fit": seconds}

    def settings(self, tasks: Iterable[GridTask]) -> dict[str, Any]:
        """The settings of the predictors of some tasks, by name."""
        found = {}
        for encoder, loss, simplify in dict.fromkeys((t["encoder"], t["loss"], t["simplify"]) for t in tasks):
            name = f"{encoder} + {loss}{', simplified' if simplify else ''}"
            found[name] = settings_of(self._predictor(encoder, loss, 0, simplify))
        return found

    def _predictor(
        self, encoder: str, loss: str, seed: int, simplify: bool, epochs: int | None = None
    ) -> NeuralPredictor:
        if encoder not in self.encoders:
            raise UnknownName("encoder", encoder, self.encoders)
        if loss not in self.losses:
            raise UnknownName("loss", loss, self.losses)
        found = self.losses[loss]
        return NeuralPredictor(
            self.space,
            self.encoders[encoder],
            found() if isinstance(found, type) else found,
            epochs=epochs or self.epochs,
            members=self.members,
            seed=seed,
            simplify=simplify,
        )
