"""The options of a training run with their defaults: the images, the recipe and its changes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any, Self

import torch

from archrank.errors import BudgetError, UnknownName
from archrank.images.images import ImageData
from archrank.images.sources import SOURCES, load_images
from archrank.space import SearchSpace
from archrank.system.on_progress import OnProgress, silent
from archrank.training.devices import device_named
from archrank.training.evaluator import TrainingEvaluator
from archrank.training.recipe import Recipe
from archrank.training.recipes import recipe_named

__all__ = ["TrainingSetup", "load_described", "training_evaluator"]

_CHANGES = ("epochs", "batch", "channels", "cells", "image_size", "train_images")


@dataclass(frozen=True, slots=True)
class TrainingSetup:
    """The images, the recipe and its changes.

    Attributes:
        data: The images, by a name for :func:`~archrank.training.load_images`.
        data_folder: Where the files of named images are; None for the data folder.
        recipe: A recipe, its name, or its ``.toml`` or ``.json`` file; None for the default of the command.
        epochs: Replaces the recipe's value, like the following options.
        batch: The number of images in a step.
        learning_rate: The highest learning rate.
        channels: Channels of the first cells.
        cells: Layers of the skeleton, reductions included.
        image_size: The side of the images that the network sees, in pixels.
        train_images: The number of training images to use.
        validation: The share, or number, of the training images kept for validation.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1`` …, ``mps``.
        pruner: ``"median"`` or ``"halving"`` to stop trainings early that are worse than others; only in a search.
        training_seeds: How many trainings of different seeds are averaged; only in a search.
        training_time: Seconds that a training may take; only in a search.
    """

    data: str = "cifar10"
    data_folder: Path | str | None = None
    recipe: str | Recipe | None = None
    epochs: int | None = None
    batch: int | None = None
    learning_rate: float | None = None
    channels: int | None = None
    cells: int | None = None
    image_size: int | None = None
    train_images: int | None = None
    validation: float | None = None
    device: str = "auto"
    pruner: str | None = None
    training_seeds: int = 1
    training_time: float | None = None

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """The setup of options by name.

        Raises:
            UnknownName: There is no such option.
        """
        known = [field.name for field in fields(cls)]
        for name in options:
            if name not in known:
                raise UnknownName("option of a training", name, known)
        return cls(**options)

    def recipe_for(self, default: str) -> Recipe:
        """The recipe with its changes.

        Args:
            default: The recipe if none is given and the images are not the digits, which have their own recipe.

        Raises:
            UnknownName: No such recipe, or no such setting in its file.
            TrainingError: An invalid setting.
        """
        recipe = self.recipe or ("digits" if self.data == "digits" else default)
        recipe = recipe if isinstance(recipe, Recipe) else recipe_named(recipe)
        if (rate := self.learning_rate) is not None:
            final = min(recipe.final_learning_rate, rate)
            recipe = recipe.but(learning_rate=rate, final_learning_rate=final)
        if (epochs := self.epochs) is not None:
            recipe = recipe.but(warm_up=min(recipe.warm_up, epochs))
        return recipe.but(**{change: getattr(self, change) for change in _CHANGES})

    def described_images(self, recipe: Recipe) -> dict[str, Any]:
        """The images as JSON values, for :func:`load_described`."""
        validation = self.validation
        return {
            "name": self.data,
            "folder": None if self.data_folder is None else str(self.data_folder),
            # Named images have a fixed size, from which they are downsampled for the network.
            "size": None if self.data in SOURCES else recipe.image_size,
            "validation": int(validation) if validation is not None and validation >= 1 else validation,
            "train": recipe.train_images,
        }


def load_described(described: Mapping[str, Any], **more: Any) -> ImageData:
    """Load the images that :meth:`TrainingSetup.described_images` describes.

    Raises:
        UnknownName: No such source.
        DataError: Files are missing or damaged.
    """
    settings = dict(described)
    folder = settings.pop("folder")
    return load_images(settings.pop("name"), folder=folder and Path(folder), **settings, **more)


def training_evaluator(
    space: SearchSpace,
    folder: Path | str = "trainings",
    *,
    seed: int = 0,
    workers: int = 1,
    threads: int | None = None,
    on_progress: OnProgress = silent,
    setup: TrainingSetup | None = None,
    **options: Any,
) -> TrainingEvaluator:
    """The evaluator that trains, with the defaults of ``archrank search --evaluator train``; its images are loaded.

    Args:
        space: The space of the architectures.
        folder: The folder of the learning curves.
        seed: The seed of the first training of an architecture.
        workers: How many trainings share this machine's cores.
        threads: How many threads each has; None for its share of the cores.
        on_progress: Called with the number of decoded images and the total while images are decoded, the first time.
        setup: The options of the training; or give them by name:
        options: Those of :class:`TrainingSetup`: ``data="cifar10"``, ``recipe="proxy"``, ``epochs`` …

    Raises:
        ArchrankError: An invalid option, or missing images.

    >>> from archrank.spaces import Enas
    >>> training_evaluator(Enas(), data="digits", epochs=1).metric
    'valid_accuracy'
    """
    if workers < 1:
        raise BudgetError(f"{workers} workers cannot evaluate anything; give --workers 1 or more")
    setup = TrainingSetup.of(options) if setup is None else setup
    recipe = setup.recipe_for("proxy")
    device_named(setup.device)
    described = setup.described_images(recipe)
    load_described(described, on_progress=on_progress)
    load: Callable[[], ImageData] = partial(load_described, described)
    evaluator = TrainingEvaluator(
        space,
        load,
        recipe,
        Path(folder),
        device=setup.device,
        seed=seed,
        repeats=setup.training_seeds,
        time_limit=setup.training_time,
        pruner=setup.pruner,
        threads=max(1, torch.get_num_threads() // workers) if threads is None and workers > 1 else threads,
    )
    evaluator.prepare()
    return evaluator
