"""The settings of a training run as data: everything that two runs must share to be comparable."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, Self, get_args

from archrank.errors import DataError, TrainingError, UnknownName
from archrank.images.augmentation import Augmentation
from archrank.networks.stacked_cells import Stem
from archrank.system.files import exists, is_file, read_bounded
from archrank.system.foreign import bounded, message, shown
from archrank.system.json_objects import read_json_text

__all__ = ["Recipe"]

Optimizer = Literal["sgd", "adamw"]
Schedule = Literal["cosine", "constant", "one-cycle"]
Precision = Literal["auto", "off"]

_WORDS: dict[str, tuple[str, ...]] = {
    "optimizer": get_args(Optimizer),
    "schedule": get_args(Schedule),
    "mixed_precision": get_args(Precision),
    "stem": get_args(Stem),
}

_POSITIVE = ("epochs", "batch", "learning_rate")
_POSITIVE_OR_NONE = ("channels", "cells", "image_size", "train_images")
_SHARES = ("momentum", "label_smoothing", "drop_path", "dropout")
_NOT_NEGATIVE = ("final_learning_rate", "warm_up", "weight_decay", "clip", "auxiliary")

_KINDS: dict[Any, tuple[tuple[type, ...], str]] = {
    int: ((int,), "a whole number"),
    int | None: ((int, type(None)), "a whole number"),
    float: ((int, float), "a number"),
    bool: ((bool,), "true or false"),
}
"""The allowed values of a kind of settings, and their description."""

_MOST, _LARGEST = 10**9, 1e100
"""The largest whole number and the largest number of a recipe; nothing can be computed with larger ones."""

_LONGEST = 2**20
"""The most bytes of a recipe's file."""

_RISE = 0.3
"""The share of a one-cycle training in which the learning rate rises, and where it begins from."""
_START = 0.04


RENAMED = {"optimiser": "optimizer"}
"""Settings that release 0.1 recorded under other names."""


@dataclass(frozen=True)
class Recipe:
    """All settings of a training run except the architecture, the images and the seed.

    Attributes:
        name: Its name.
        epochs: The number of passes over the training images.
        batch: The number of images in a step.
        optimizer: ``"sgd"``, with momentum, or ``"adamw"``.
        learning_rate: The highest learning rate.
        final_learning_rate: The learning rate at the end of the schedule.
        schedule: ``"cosine"``, ``"constant"``, or ``"one-cycle"``, which rises for 30 % of the steps and then falls.
        warm_up: The number of epochs, perhaps fractional, in which the learning rate rises linearly to its highest.
        momentum: The momentum of stochastic gradient descent.
        nesterov: Whether it is Nesterov momentum.
        weight_decay: The weight decay of all weights.
        clip: The largest norm of the gradient; 0 for no clipping.
        label_smoothing: The share of the target that is spread evenly over all classes.
        drop_path: Probability of dropping a site's result in the last epoch; it grows linearly from 0.
        dropout: The dropout probability before the classifier.
        auxiliary: Weight of the auxiliary head's loss; 0 for no such head.
        resized_crop: See :class:`~archrank.images.augmentation.Augmentation`, like the next four.
        crop: Pixels of padding before a random crop.
        flip: Whether images are mirrored at random.
        jitter: The jitter of brightness, contrast, saturation and hue.
        cutout: The side of the square that is painted over, in pixels.
        channels: The channels of the first cells; None for the skeleton's default.
        cells: The number of layers of the skeleton, including reductions; None for its default.
        stem: ``"cifar"``, or ``"imagenet"``, which reduces the image to an eighth of its side.
        image_size: Side of the images that the network sees, in pixels; None for that of the data. Larger images
            are averaged down.
        train_images: The number of training images; None for all.
        mixed_precision: ``"auto"`` uses half precision on CUDA devices; or ``"off"``.

    Raises:
        TrainingError: An invalid value.
        UnknownName: A word that is not among the allowed ones.

    The learning rate changes with every step. Papers of this field change it with every epoch, which is the same
    over 600 epochs and coarse over ten.
    """

    name: str
    epochs: int = 20
    batch: int = 64
    optimizer: Optimizer = "sgd"
    learning_rate: float = 0.05
    final_learning_rate: float = 0.0
    schedule: Schedule = "cosine"
    warm_up: float = 0.0
    momentum: float = 0.9
    nesterov: bool = False
    weight_decay: float = 3e-4
    clip: float = 5.0
    label_smoothing: float = 0.0
    drop_path: float = 0.0
    dropout: float = 0.0
    auxiliary: float = 0.0
    resized_crop: tuple[float, float] | None = None
    crop: int = 0
    flip: bool = False
    jitter: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    cutout: int = 0
    channels: int | None = None
    cells: int | None = None
    stem: Stem = "cifar"
    image_size: int | None = None
    train_images: int | None = None
    mixed_precision: Precision = "auto"
    summary: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        for name, allowed in _WORDS.items():
            if (word := getattr(self, name)) not in allowed:
                raise UnknownName(f"{name} in the recipe {_called(self)}", word, allowed)
        for kept in fields(self):
            _check_kind(self, kept.name, kept.type)
        self._check(_POSITIVE, lambda value: value > 0, "above 0")
        self._check(_POSITIVE_OR_NONE, lambda value: value is None or value >= 1, "1 or more")
        self._check(_SHARES, lambda value: 0 <= value < 1, "0 or more, and less than 1")
        self._check(_NOT_NEGATIVE, lambda value: value >= 0, "0 or more")
        if self.final_learning_rate > self.learning_rate:
            raise self._wrong("final_learning_rate", f"learning_rate={self.learning_rate:g} or less")
        if self.warm_up > self.epochs:
            raise self._wrong("warm_up", f"epochs={self.epochs} or less")
        if self.nesterov and not (self.optimizer == "sgd" and self.momentum > 0):
            raise self._wrong("nesterov", "false without sgd and momentum")
        try:
            _ = self.augmentation
        except (DataError, TypeError, ValueError) as error:
            raise TrainingError(f"the recipe {_called(self)}: {message(error, 500)}") from None

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Self:
        """The recipe from a mapping, as :meth:`as_dict` returns it or a file holds it.

        Raises:
            TrainingError: No name, or an invalid value.
            UnknownName: A setting that recipes do not have.

        >>> Recipe.from_mapping({"name": "mine", "epochs": 5}).epochs
        5
        """
        values = {RENAMED.get(name, name): value for name, value in values.items()}
        known = [kept.name for kept in fields(cls)]
        for name in values:
            if name not in known:
                raise UnknownName("setting of a recipe", name, known)
        if not isinstance(values.get("name"), str):
            raise TrainingError('a recipe needs a name: name = "…"')
        settings: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in values.items()}
        return cls(**settings)

    @classmethod
    def read(cls, path: Path, named: Mapping[str, "Recipe"]) -> "Recipe":
        """A recipe from a TOML or JSON file: its settings by name, which override those of ``base`` if it names one.

        Args:
            path: The file, ``.toml`` or ``.json``.
            named: The recipes that ``base`` may name.

        Raises:
            TrainingError: The file cannot be read, or holds an invalid value.
            UnknownName: An unknown setting or base.
        """
        if exists(path) and not is_file(path):  # never wait for what a pipe may give
            raise TrainingError(f"{path} cannot be read as a recipe: it is no file")
        try:
            text = read_bounded(path, _LONGEST).decode("utf-8")
            values = read_json_text(text) if path.suffix == ".json" else tomllib.loads(text)
        except (OSError, RecursionError, ValueError) as error:
            raise TrainingError(
                f"{shown(str(path))} cannot be read as a recipe: {message(error, 200)}"
            ) from None
        if not isinstance(values, dict):
            raise TrainingError(f"{path} holds {type(values).__name__}, expected settings by name")
        start: dict[str, Any] = {}
        if (base := values.pop("base", None)) is not None:
            if not isinstance(base, str) or base not in named:
                raise UnknownName(f"base in {path}", base, named)
            start = named[base].as_dict()
        return cls.from_mapping({**start, "name": path.stem, **values})

    def as_dict(self) -> dict[str, Any]:
        """The settings as JSON values, without the description."""
        values = asdict(self)
        del values["summary"]
        return {name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}

    def but(self, **changes: Any) -> Self:
        """The recipe with some settings changed; None leaves one as it is.

        >>> Recipe("mine", epochs=5).but(epochs=7, batch=None).epochs
        7
        """
        return replace(self, **{name: value for name, value in changes.items() if value is not None})

    @property
    def augmentation(self) -> Augmentation | None:
        """The augmentation of training images; None for none."""
        made = Augmentation(self.resized_crop, self.crop, self.flip, self.jitter, self.cutout)
        return None if made == Augmentation() else made

    def rate(self, epochs: float) -> float:
        """The learning rate after a number of epochs, which may be fractional.

        >>> recipe = Recipe("r", epochs=10, learning_rate=0.1, warm_up=2)
        >>> [round(recipe.rate(t), 3) for t in (0, 1, 2, 6, 10)]
        [0.0, 0.05, 0.1, 0.05, 0.0]
        """
        if epochs < self.warm_up:
            return self.learning_rate * epochs / self.warm_up
        if self.schedule == "constant":
            return self.learning_rate
        done = min((epochs - self.warm_up) / max(self.epochs - self.warm_up, 1e-9), 1.0)
        if self.schedule == "one-cycle":
            if done < _RISE:
                return _between(self.learning_rate * _START, self.learning_rate, done / _RISE)
            done = (done - _RISE) / (1 - _RISE)
        return _between(self.learning_rate, self.final_learning_rate, done)

    def _check(self, names: tuple[str, ...], right: Any, expected: str) -> None:
        for name in names:
            if not right(getattr(self, name)):
                raise self._wrong(name, expected)

    def _wrong(self, name: str, expected: str) -> TrainingError:
        return TrainingError(
            f"the recipe {_called(self)}: {name}={shown(getattr(self, name))}, expected {expected}"
        )


def _called(recipe: Recipe) -> str:
    """The name of a recipe, as errors quote it."""
    return bounded(str(recipe.name), 100)


def _check_kind(recipe: Recipe, name: str, kind: Any) -> None:
    if kind not in _KINDS:
        return
    allowed, expected = _KINDS[kind]
    value = getattr(recipe, name)
    number = isinstance(value, allowed) and isinstance(value, bool) == (kind is bool)
    if not number or (isinstance(value, float) and not math.isfinite(value)):
        raise recipe._wrong(name, expected)
    most = _MOST if kind in (int, int | None) else _LARGEST
    if value is not None and not -most <= value <= most:
        raise recipe._wrong(name, f"{expected} of at most {most:g}")


def _between(first: float, last: float, done: float) -> float:
    """The cosine schedule from the first to the last value."""
    return last + (first - last) * (1 + math.cos(math.pi * done)) / 2
