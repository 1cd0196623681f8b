"""A neural predictor: an encoder, a score head and a ranking loss, trained from scratch at every fit."""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Literal, Self, get_args

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load as read_tensors
from safetensors.torch import save as tensor_bytes

from archrank.architecture import Architecture
from archrank.encoders import ENCODERS, GATES, EncoderSettings
from archrank.errors import PredictorError, UnknownName
from archrank.predictors import saved
from archrank.predictors.base import Floats, Predictor
from archrank.predictors.candidates import Candidates
from archrank.predictors.scorer import ComparingScorer, HeadScorer, Scorer
from archrank.predictors.targets import checked_targets
from archrank.predictors.threads import one_thread
from archrank.ranking import LOSSES, ComparesValues, PairwiseComparator, PairwiseHinge, RankingLoss
from archrank.space import Rows, SearchSpace

__all__ = ["NeuralPredictor"]

_SMALL = 4096
"""Steps on fewer architectures (times members) than this are about as quick, and far steadier, on one thread."""

Schedule = Literal["one-cycle", "constant"]


class NeuralPredictor(Predictor):
    """GATES or another encoder with a score head, trained to rank.

    Args:
        space: The space whose architectures are ranked.
        encoder: The encoder's settings; or its class, whose settings are then those that suit the space's graphs.
        loss: The ranking loss, or a regression (:class:`~archrank.ranking.MSE`), or a comparator.
        hidden: Widths of the score head's hidden layers; a comparator brings a head of its own.
        dropout: Share of hidden units of the head left out at each training step.
        epochs: Passes over the training architectures.
        batch_size: Architectures a step.
        learning_rate: The highest learning rate of the schedule.
        schedule: ``"constant"``, or ``"one-cycle"``: up, then down to nothing.
        weight_decay: Decoupled weight decay (AdamW).
        members: How many networks are trained, from different starts; their standardised scores are averaged.
        seed: Fixes starts, batches and pairs.
        simplify: Whether architectures are simplified by the space's function rules before they are encoded, so that
            equal functions get equal scores; encoders of flat choices see the row as it is.
        features: Whether features of the graphs (:mod:`archrank.features`) join the embeddings.

    Attributes:
        encoder_: The encoder settings in use.
        losses_: The mean loss of each epoch, over all members: (epochs,).

    The defaults are the authors' settings for NAS-Bench-201.

    Reference: GATES (ECCV 2020).

    >>> from archrank.spaces import NASBench201
    >>> space = NASBench201()
    >>> known = space.sample(20, np.random.default_rng(0))
    >>> predictor = NeuralPredictor(space, epochs=5).fit(known, [sum(a.choices) for a in known])
    >>> predictor.predict(space.sample(3, np.random.default_rng(1))).shape
    (3,)
    """

    def __init__(
        self,
        space: SearchSpace,
        encoder: EncoderSettings | type[EncoderSettings] = GATES,
        loss: RankingLoss | PairwiseComparator = PairwiseHinge(),  # noqa: B008 (frozen)
        *,
        hidden: tuple[int, ...] = (300,) * 5,
        dropout: float = 0.1,
        epochs: int = 200,
        batch_size: int = 512,
        learning_rate: float = 1e-3,
        schedule: Schedule = "constant",
        weight_decay: float = 0.0,
        members: int = 1,
        seed: int = 0,
        simplify: bool = False,
        features: bool = False,
    ) -> None:
        self.space = space
        self.encoder = encoder
        self.loss = loss
        self.hidden = hidden
        self.dropout = dropout
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.schedule: Schedule = schedule
        self.weight_decay = weight_decay
        self.members = members
        self.seed = seed
        self.simplify = simplify
        self.features = features

    def fit(self, architectures: Sequence[Architecture], targets: npt.ArrayLike) -> Self:
        """Train from scratch on measured architectures (see :meth:`Predictor.fit`)."""
        small = min(len(architectures), self.batch_size) * self.members < _SMALL
        with one_thread() if small else nullcontext():
            for _ in self.fit_epochs(architectures, targets):
                pass
        return self

    def fit_epochs(self, architectures: Sequence[Architecture], targets: npt.ArrayLike) -> Iterator[int]:
        """Train as :meth:`fit` does, pausing after every epoch, so that a caller can measure on the way.

        Yields:
            The number of epochs done.
        """
        self._check_settings()
        values = checked_targets(architectures, targets)
        known = Candidates(self.space, architectures)
        batch, features = known.batch(self.simplify), known.features if self.features else None
        generator = torch.Generator().manual_seed(_seed(self.seed))
        self.encoder_ = self._settings()
        self._scorer = self._fresh(known, generator)
        self.losses_: list[float] = []
        n = len(values)
        steps = self.epochs * -(-n // self.batch_size)
        trainable = [p for p in self._scorer.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(
            trainable, lr=self.learning_rate, weight_decay=self.weight_decay, fused=True
        )
        one_cycle = self.schedule == "one-cycle" and steps > 1
        scheduler = (
            torch.optim.lr_scheduler.OneCycleLR(optimizer, self.learning_rate, total_steps=steps)
            if one_cycle
            else None
        )
        self._scale: tuple[Floats, Floats] | None = None
        y = torch.from_numpy(values)  # in double precision: 1e9 and 1e9 + 1 differ
        if isinstance(self.loss, ComparesValues):
            y = self.loss.rescaled(y)
        self._known: tuple[Candidates, torch.Tensor] | None = (known, y)
        whole = self._scorer.prepare(batch, features) if n <= self.batch_size else None
        for epoch in range(self.epochs):
            total = 0.0
            for chosen in _batches(n, self.batch_size, generator):
                ready = whole if whole is not None else self._scorer.prepare(batch, features, chosen)
                part = y if whole is not None else y[torch.from_numpy(chosen)]
                loss = self._scorer.loss(ready, part, generator)
                optimizer.zero_grad(set_to_none=True)
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                if scheduler is not None:
                    scheduler.step()
                total += float(loss.detach()) * len(part)
            self.losses_.append(total / n / self.members)
            self._scale = None
            yield epoch + 1

    def collate(self, architectures: Sequence[Architecture] | Rows) -> Candidates:
        """Lower and merge architectures once, for many calls of :meth:`predict`, by any fit of any predictor.

        Args:
            architectures: B architectures, or their rows of option indices as ``space.rows()`` gives them.
        """
        return Candidates(self.space, architectures)

    def predict_members(self, candidates: Sequence[Architecture] | Rows | Candidates) -> Floats:
        """Scores by every member, in standard deviations from the mean score of the training set."""
        if not hasattr(self, "_scorer"):
            raise PredictorError("this predictor was not fitted yet: call fit(architectures, targets) first")
        if len(candidates) == 0:
            return np.empty((self.members, 0))
        centre, spread = self._standard()
        scores = Candidates.of(self.space, candidates).score(self._scorer, self.encoder_, self.simplify)
        return (scores - centre) / spread

    def save(self, folder: Path | str) -> None:
        """Write ``weights.safetensors`` and ``predictor.json``."""
        if not hasattr(self, "_scorer"):
            raise PredictorError("this predictor was not fitted yet, so there is nothing to save")
        centre, spread = self._standard()
        record = {
            "predictor": type(self).__name__,
            "encoder": saved.named(ENCODERS, "encoder", self.encoder_),
            "loss": saved.named(LOSSES, "loss", self.loss),
            "settings": {name: getattr(self, name) for name in _SETTINGS},
            "centre": centre.ravel().tolist(),
            "spread": spread.ravel().tolist(),
            "losses": self.losses_,
        }
        saved.write(Path(folder), self.space, record, tensor_bytes(self._scorer.state_dict()))

    @classmethod
    def load(cls, folder: Path | str, space: SearchSpace) -> Self:
        """Read what :meth:`save` wrote."""
        record, weights = saved.read(Path(folder), space)
        try:
            return cls._rebuilt(record, weights, space)
        except (AttributeError, KeyError, TypeError, RuntimeError) as error:
            raise PredictorError(
                f"predictor.json in {folder} is damaged: {type(error).__name__}: {error}; fit it anew"
            ) from None

    @classmethod
    def _rebuilt(cls, record: dict[str, Any], weights: bytes, space: SearchSpace) -> Self:
        settings = record["settings"] | {"hidden": tuple(record["settings"]["hidden"])}
        self = cls(
            space,
            saved.from_name(ENCODERS, "encoder", record["encoder"]),
            saved.from_name(LOSSES, "loss", record["loss"]),
            **settings,
        )
        assert not isinstance(self.encoder, type)
        self.encoder_ = self.encoder
        like = Candidates(space, space.sample(1, np.random.default_rng(0)))
        self._scorer = self._fresh(like, torch.Generator())
        self._scorer.load_state_dict(read_tensors(weights))
        self._known = None
        self._scale = (np.array(record["centre"])[:, None], np.array(record["spread"])[:, None])
        self.losses_ = record["losses"]
        return self

    def _settings(self) -> EncoderSettings:
        if not isinstance(self.encoder, type):
            return self.encoder
        # They suit the space, not the few architectures that happen to be measured.
        drawn = Candidates(self.space, self.space.sample(64, np.random.default_rng(0)))
        return self.encoder.suited_to(drawn.batch(self.simplify))

    def _check_settings(self) -> None:
        for name, value in (
            ("epochs", self.epochs),
            ("batch_size", self.batch_size),
            ("members", self.members),
        ):
            if value < 1:
                raise PredictorError(f"{name} is {value}; it must be 1 or more")
        if not 0 <= self.dropout < 1:
            raise PredictorError(f"dropout is {self.dropout}; it must be from 0 to below 1")
        if self.schedule not in get_args(Schedule):
            raise UnknownName("schedule", self.schedule, get_args(Schedule))

    def _fresh(self, like: Candidates, generator: torch.Generator) -> Scorer:
        encoder = self.encoder_.build(like.batch(self.simplify), self.members, generator)
        features = like.features.shape[1] if self.features else 0
        scorer: Scorer
        if isinstance(self.loss, PairwiseComparator):
            scorer = ComparingScorer(encoder, self.members, self.dropout, self.loss, features)
        else:
            scorer = HeadScorer(encoder, self.members, self.hidden, self.dropout, self.loss, features)
        scorer.reset_head(generator)
        return scorer

    def _standard(self) -> tuple[Floats, Floats]:
        """Mean and standard deviation of each member's scores on the training set, worked out when first needed."""
        if self._scale is None:
            assert self._known is not None
            known, targets = self._known
            features = known.features if self.features else None
            self._scorer.settle(known.batch(self.simplify), features, targets)
            scores = known.score(self._scorer, self.encoder_, self.simplify)
            if not np.isfinite(scores).all():
                raise PredictorError(
                    f"the fit diverged, its scores are not finite; learning_rate {self.learning_rate} is too high"
                )
            spread = scores.std(axis=1, keepdims=True)
            self._scale = (scores.mean(axis=1, keepdims=True), np.where(spread > 0, spread, 1.0))
        return self._scale


_SETTINGS = (
    "hidden",
    "dropout",
    "epochs",
    "batch_size",
    "learning_rate",
    "schedule",
    "weight_decay",
    "members",
    "seed",
    "simplify",
    "features",
)


def _seed(seed: int) -> int:
    return int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0] >> 1)


def _batches(n: int, size: int, generator: torch.Generator) -> Iterator[npt.NDArray[np.int64]]:
    order = torch.randperm(n, generator=generator).numpy()
    for begin in range(0, n, size):
        yield order[begin : begin + size]
