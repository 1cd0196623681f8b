"""Candidates: architectures made ready once for many scorings."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import torch

from archrank.encoders import EncoderSettings, GraphBatch
from archrank.predictors.base import Floats
from archrank.predictors.scorer import Scorer
from archrank.predictors.threads import one_thread

__all__ = ["Candidates"]

_PART = 8_192
"""How many candidates are scored at a time."""


class Candidates:
    """Architectures made ready for scoring, by any fit of any predictor of their space.

    Args:
        space: The space's name.
        batch: Their graphs, merged.
    """

    def __init__(self, space: str, batch: GraphBatch) -> None:
        self.space = space
        self.batch = batch
        order = batch.neighbourly()
        self._parts = [order[begin : begin + _PART] for begin in range(0, len(batch), _PART)]
        self._prepared: dict[EncoderSettings, list[Any]] = {}

    def __len__(self) -> int:
        return len(self.batch)

    def score(self, scorer: Scorer, settings: EncoderSettings) -> Floats:
        """Score all, a part after the other, so that memory stays small: (E, B).

        Args:
            scorer: Does the scoring.
            settings: Those of its encoder, for which preparations are kept.
        """
        if settings not in self._prepared:
            self._prepared[settings] = [scorer.encoder.prepare(self.batch, part) for part in self._parts]
        with one_thread() as threads, ThreadPoolExecutor(threads) as pool:
            parts = list(pool.map(partial(_score, scorer), self._prepared[settings]))
        scores = torch.cat(parts, dim=1).numpy().astype(np.float64)
        ordered = np.empty_like(scores)
        ordered[:, np.concatenate(self._parts)] = scores
        return ordered


def _score(scorer: Scorer, prepared: Any) -> torch.Tensor:
    with torch.inference_mode():
        scores: torch.Tensor = scorer(prepared)
    return scores
