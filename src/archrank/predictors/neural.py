"""A neural predictor: an encoder, a score head and a ranking loss, trained from scratch at every fit."""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from numbers import Real
from typing import Any, Literal, Self, get_args

import numpy as np
import numpy.typing as npt
import torch

from archrank.encoders import ENCODERS, GATES, EncoderSettings, HierarchicalGATES, NetworkBatch, named_encoder
from archrank.errors import PredictorError
from archrank.given import ArchitecturesLike, check_is_space
from archrank.open_space import OpenSpace
from archrank.predictors import saved
from archrank.predictors.base import Floats, Predictor, State
from archrank.predictors.building import built_for
from archrank.predictors.candidates import Candidates
from archrank.predictors.checks import check_flags, check_name, check_numbers, check_shares
from archrank.predictors.scorer import ComparingScorer, HeadScorer, Scorer, batch_for, scores_of
from archrank.predictors.targets import labels
from archrank.ranking import (
    LOSSES,
    ComparesValues,
    PairwiseComparator,
    PairwiseHinge,
    RankingLoss,
    named_loss,
)
from archrank.space import Rows, SearchSpace
from archrank.system.threads import one_thread

__all__ = ["FOR_NETWORKS", "NeuralPredictor"]

_SMALL = 4096
"""Steps on fewer architectures (times members) than this are as fast on one thread, and their times vary less."""

_STATES, _LEAST = 100_000, 16
"""A step is on no more states of networks than this, unless the networks are so large that it would be on very few."""

Schedule = Literal["one-cycle", "constant"]

FOR_NETWORKS: dict[str, Any] = {
    "hidden": (64,),
    "epochs": 100,
    "learning_rate": 1e-2,
    "schedule": "one-cycle",
    "weight_decay": 0.1,
}
"""Settings for networks of any operations; the defaults of :class:`NeuralPredictor` are for cells."""


class NeuralPredictor(Predictor):
    """GATES or another encoder with a score head, trained to rank.

    Args:
        space: The space whose architectures are ranked.
        encoder: The encoder's settings; or its class or its name (:data:`~archrank.encoders.ENCODERS`), with default
            settings for the space's graphs. The class or name of GATES stands for
            :class:`~archrank.encoders.HierarchicalGATES` in a space of networks of any operations.
        loss: The ranking loss, or a regression (:class:`~archrank.ranking.MSE`), or a comparator; or its name
            (:data:`~archrank.ranking.LOSSES`).
        hidden: Widths of the score head's hidden layers; a comparator has its own head.
        dropout: Dropout probability of the head's hidden units.
        epochs: Passes over the training architectures.
        batch_size: Architectures per step; fewer where they are networks of very many operations.
        learning_rate: The highest learning rate of the schedule.
        schedule: ``"constant"``, or ``"one-cycle"``: up, then down to 0.
        weight_decay: Decoupled weight decay (AdamW).
        members: Number of networks, trained from different initial weights; their standardized scores are averaged.
        seed: Fixes initial weights, batches and pairs.
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
        encoder: EncoderSettings | type[EncoderSettings] | str = GATES,
        loss: RankingLoss | PairwiseComparator | str = PairwiseHinge(),  # noqa: B008 (frozen)
        *,
        hidden: Sequence[int] = (300,) * 5,
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

    def fit_epochs(self, X: ArchitecturesLike, y: npt.ArrayLike, *, minimize: bool = False) -> Iterator[int]:
        """Train as :meth:`fit` does, pausing after every epoch, so that a caller can measure on the way.

        Yields:
            The number of epochs done.
        """
        check_is_space(self.space)
        self._check_settings()
        rows, targets = labels(self.space, X, y, minimize)
        self._forget()
        self.minimize_ = bool(minimize)
        yield from self._epochs(rows, targets)

    def collate(self, X: ArchitecturesLike | Candidates) -> Candidates:
        """Lower and merge architectures once, for many calls of :meth:`predict`, by any fit of any predictor."""
        return Candidates.of(self.space, X)

    def _fit(self, rows: Rows, targets: Floats) -> None:
        """Train from scratch."""
        small = min(len(rows), self.batch_size) * self.members < _SMALL
        with one_thread() if small else nullcontext():
            for _ in self._epochs(rows, targets):
                pass

    def _epochs(self, rows: Rows, targets: Floats) -> Iterator[int]:
        known = Candidates(self.space, rows)
        generator = torch.Generator().manual_seed(_seed(self.seed))
        self.encoder_ = self._settings(known)
        batch = batch_for(self.encoder_, known, self.simplify)
        features = known.features if self.features else None
        self.loss_ = self._loss()
        self._scorer = self._new_scorer(known, generator)
        self.losses_: list[float] = []
        n = len(targets)
        size = self.batch_size
        if isinstance(batch, NetworkBatch):  # large networks need memory
            size = max(_LEAST, min(size, _STATES // max(int(batch.sizes.mean()), 1)))
        steps = self.epochs * -(-n // size)
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
        y = torch.from_numpy(targets)  # in double precision: 1e9 and 1e9 + 1 differ
        if isinstance(self.loss_, ComparesValues):
            y = self.loss_.rescaled(y)
        self._known: tuple[Candidates, torch.Tensor] | None = (known, y)
        whole = self._scorer.prepare(batch, features) if n <= size else None
        for epoch in range(self.epochs):
            total = 0.0
            for indices in _batches(n, size, generator):
                prepared = whole if whole is not None else self._scorer.prepare(batch, features, indices)
                part = y if whole is not None else y[torch.from_numpy(indices)]
                loss = self._scorer.loss(prepared, part, generator)
                optimizer.zero_grad(set_to_none=True)
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                if scheduler is not None:
                    scheduler.step()
                total += float(loss.detach()) * len(part)
            self.losses_.append(total / n / self.members)
            self._scale = None
            yield epoch + 1

    def _predict_members(self, candidates: Candidates) -> Floats:
        """Scores by every member, in standard deviations from the mean score of the training set."""
        if not len(candidates):
            return np.empty((self.members, 0))
        mean, std = self._standard()
        return (scores_of(candidates, self._scorer, self.encoder_, self.simplify) - mean) / std

    def _group_effects(self, rng: np.random.Generator) -> dict[str, float]:
        return {} if self.features else {"graph": 1.0}  # with both, which of them counts is not told apart

    def _state(self) -> State:
        mean, std = self._standard()
        return State(
            self._plain_settings("encoder", "loss"),
            {
                "encoder": saved.named(ENCODERS, "encoder", self.encoder_),
                "loss": saved.named(LOSSES, "loss", self.loss_),
                "mean": mean.ravel().tolist(),
                "std": std.ravel().tolist(),
                "losses": self.losses_,
            },
            {name: tensor.numpy() for name, tensor in self._scorer.state_dict().items()},
        )

    @classmethod
    def _restore(cls, space: SearchSpace, state: State) -> Self:
        learned = state.learned
        self = cls(
            space,
            saved.from_name(ENCODERS, "encoder", learned["encoder"]),
            saved.from_name(LOSSES, "loss", learned["loss"]),
            **{**state.settings, "hidden": tuple(state.settings["hidden"])},
        )
        self._check_settings()
        template = Candidates(space, space.sample(1, np.random.default_rng(0)))
        self.encoder_, self.loss_ = self._settings(template), self._loss()
        self._scorer = built_for(lambda: self._new_scorer(template, torch.Generator()), state.arrays)
        self._scorer.load_state_dict({name: torch.from_numpy(array) for name, array in state.arrays.items()})
        self._known = None
        mean, std = (saved.of_shape(learned[name], (self.members,))[:, None] for name in ("mean", "std"))
        if not (std > 0).all():
            raise ValueError("a standard deviation that is not above 0")
        self._scale = (mean, std)
        self.losses_ = list(learned["losses"])
        return self

    def _settings(self, known: Candidates) -> EncoderSettings:
        encoder = named_encoder(self.encoder) if isinstance(self.encoder, str) else self.encoder
        if encoder is GATES and isinstance(self.space, OpenSpace):
            encoder = HierarchicalGATES
        if encoder.of_networks:
            networks = known.networks(self.simplify)
            settings = encoder.suited_to(networks) if isinstance(encoder, type) else encoder
            return settings.completed(networks)
        if not isinstance(encoder, type):
            return encoder
        # Default settings depend on the space, not on the few measured architectures.
        drawn = Candidates(self.space, self.space.sample(64, np.random.default_rng(0)))
        return encoder.suited_to(drawn.batch(self.simplify))

    def _loss(self) -> RankingLoss | PairwiseComparator:
        return named_loss(self.loss) if isinstance(self.loss, str) else self.loss

    def _check_settings(self) -> None:
        encoder = named_encoder(self.encoder) if isinstance(self.encoder, str) else self.encoder
        if not (
            isinstance(encoder, EncoderSettings)
            or (isinstance(encoder, type) and issubclass(encoder, EncoderSettings))
        ):
            raise PredictorError(
                f"encoder is {encoder!r}; expected a name ({', '.join(ENCODERS)}), or an encoder's settings such as "
                "GATES()"
            )
        loss = self._loss()
        if isinstance(loss, type) or not (callable(loss) or isinstance(loss, PairwiseComparator)):
            raise PredictorError(
                f"loss is {loss!r}; expected a name ({', '.join(LOSSES)}), or a loss such as PairwiseHinge()"
            )
        if not isinstance(self.hidden, Sequence) or not all(
            isinstance(width, int | np.integer) and width > 0 for width in self.hidden
        ):
            raise PredictorError(f"hidden is {self.hidden!r}; expected widths of layers, such as (300, 300)")
        check_numbers(self, epochs=1, batch_size=1, members=1, seed=0)
        check_shares(self, "dropout", below_one=True)
        check_name(self, "schedule", get_args(Schedule))
        check_flags(self, "simplify", "features")
        for name in ("learning_rate", "weight_decay"):
            if not isinstance(getattr(self, name), Real) or not getattr(self, name) >= 0:
                raise PredictorError(f"{name} is {getattr(self, name)!r}; it must be a number, 0 or more")

    def _new_scorer(self, template: Candidates, generator: torch.Generator) -> Scorer:
        batch = batch_for(self.encoder_, template, self.simplify)
        encoder = self.encoder_.build(batch, self.members, generator)
        features = template.features.shape[1] if self.features else 0
        scorer: Scorer
        if isinstance(self.loss_, PairwiseComparator):
            scorer = ComparingScorer(encoder, self.members, self.dropout, self.loss_, features)
        else:
            scorer = HeadScorer(encoder, self.members, self.hidden, self.dropout, self.loss_, features)
        scorer.reset_head(generator)
        return scorer

    def _standard(self) -> tuple[Floats, Floats]:
        """Mean and standard deviation of each member's scores on the training set, computed on first use."""
        if self._scale is None:
            assert self._known is not None
            known, targets = self._known
            features = known.features if self.features else None
            self._scorer.settle(batch_for(self.encoder_, known, self.simplify), features, targets)
            scores = scores_of(known, self._scorer, self.encoder_, self.simplify)
            if not np.isfinite(scores).all():
                raise PredictorError(
                    f"the fit diverged, its scores are not finite; learning_rate {self.learning_rate} is too high"
                )
            std = scores.std(axis=1, keepdims=True)
            self._scale = (scores.mean(axis=1, keepdims=True), np.where(std > 0, std, 1.0))
        return self._scale


def _seed(seed: int) -> int:
    return int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0] >> 1)


def _batches(n: int, size: int, generator: torch.Generator) -> Iterator[npt.NDArray[np.int64]]:
    order = torch.randperm(n, generator=generator).numpy()
    for begin in range(0, n, size):
        yield order[begin : begin + size]
