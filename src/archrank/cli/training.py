"""The options that say on what and how networks are trained, and the only place where they become an evaluator."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import partial, wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from archrank.cli.console import Console
from archrank.errors import ArchrankError, BudgetError
from archrank.progress import ProgressBar

if TYPE_CHECKING:
    from archrank.architecture import Architecture
    from archrank.space import SearchSpace
    from archrank.training import ImageData, Recipe, TrainingEvaluator

__all__ = [
    "OF_SEARCHES",
    "TRAIN",
    "DataFolderOption",
    "DataOption",
    "DeviceOption",
    "TrainingOptions",
    "architecture_from",
    "decoding",
    "load",
    "training_evaluator",
    "with_training_options",
]

METRIC = "valid_accuracy"
"""What trainings are compared by."""

TRAIN = "train"
"""The evaluator that trains, as ``--evaluator`` calls it."""

_PANEL = "Training"


def _option(help: str, **settings: Any) -> Any:
    return typer.Option(help=help, rich_help_panel=_PANEL, show_default=False, **settings)


DataOption = Annotated[
    str | None,
    _option(
        "Images: digits | cifar10 | cifar100, a folder of classes, or path/to/file.py:name (cifar10).",
        metavar="NAME",
    ),
]
DataFolderOption = Annotated[Path | None, _option("Where the files of the images are (the data folder).")]
DeviceOption = Annotated[str | None, _option("auto | cpu | cuda | cuda:1 … | mps (auto).")]


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """What the command line was told about training; None stands for what is usual.

    The fields are the options: :func:`with_training_options` gives them to a command.
    """

    data: DataOption = None
    data_folder: DataFolderOption = None
    recipe: Annotated[
        str | None,
        _option(
            "How to train: proxy | gates-proxy | cifar-final | nasbench201-final | imagenet-mobile | imagenet-gates | "
            "digits, or a .toml or .json file.",
            metavar="NAME",
        ),
    ] = None
    epochs: Annotated[int | None, _option("Epochs (the recipe's, like the next ones).", min=1)] = None
    batch: Annotated[int | None, _option("Images in a step.", min=1)] = None
    learning_rate: Annotated[float | None, _option("The highest learning rate.")] = None
    channels: Annotated[int | None, _option("Channels of the first cells.", min=1)] = None
    cells: Annotated[int | None, _option("Layers of the skeleton, reductions counted.", min=1)] = None
    image_size: Annotated[
        int | None, _option("Side of the images that the network sees, in pixels.", min=1)
    ] = None
    train_images: Annotated[int | None, _option("How many training images to learn from.", min=1)] = None
    validation: Annotated[
        float | None, _option("Share, or number, of the training images kept for validation.")
    ] = None
    device: DeviceOption = None
    pruner: Annotated[
        str | None, _option("End trainings early that do worse than others: median | halving (none).")
    ] = None
    training_seeds: Annotated[
        int | None, _option("Trainings, of different seeds, to average (1).", min=1)
    ] = None
    training_time: Annotated[
        float | None, _option("Seconds of a training after which no epoch begins that would not end in time.")
    ] = None

    @property
    def given(self) -> dict[str, Any]:
        """The options that were given."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}

    @property
    def words(self) -> list[str]:
        """The options that were given, as words of a command."""
        pairs = [(f"--{name.replace('_', '-')}", str(value)) for name, value in self.given.items()]
        return [word for pair in pairs for word in pair]

    def check_unused(self) -> None:
        """Raise an error if any option was given: nothing is trained.

        Raises:
            ArchrankError: One was.
        """
        for name in self.given:
            raise ArchrankError(f"--{name.replace('_', '-')} says how to train: add --evaluator {TRAIN}")

    def check_goal(self, objectives: Sequence[str]) -> None:
        """Raise an error if trainings cannot be compared by what a search goes by.

        Raises:
            ArchrankError: A pruner, and another objective than the accuracy.
        """
        if self.pruner is not None and list(objectives) != [METRIC]:
            raise ArchrankError(
                f"--pruner {self.pruner} compares trainings by {METRIC}, and the search goes by "
                f"{', '.join(objectives)}: leave it out, or search by {METRIC} alone"
            )

    def chosen_recipe(self, usual: str) -> "Recipe":
        """The recipe with its changes.

        Args:
            usual: The recipe where none is named and the images are not the digits, which have one of their own.

        Raises:
            UnknownName: No such recipe, or no such setting in its file.
            TrainingError: A setting that cannot be.
        """
        from archrank.training import recipe_named

        changed = ("epochs", "batch", "channels", "cells", "image_size", "train_images")
        name = self.recipe or ("digits" if self.data == "digits" else usual)
        recipe = recipe_named(name)
        if (rate := self.learning_rate) is not None:
            final = min(recipe.final_learning_rate, rate)
            recipe = recipe.but(learning_rate=rate, final_learning_rate=final)
        if (epochs := self.epochs) is not None:
            recipe = recipe.but(warm_up=min(recipe.warm_up, epochs))
        return recipe.but(**{change: getattr(self, change) for change in changed})

    def image_facts(self, recipe: "Recipe") -> dict[str, Any]:
        """What the images are loaded by, as JSON values."""
        from archrank.training import SOURCES

        name = self.data or "cifar10"
        validation = self.validation
        return {
            "name": name,
            "folder": None if self.data_folder is None else str(self.data_folder),
            # Data with a name have a size of their own, which the network's images are averaged down from.
            "size": None if name in SOURCES else recipe.image_size,
            "validation": int(validation) if validation is not None and validation >= 1 else validation,
            "train": recipe.train_images,
        }


OF_SEARCHES = ("pruner", "training_seeds", "training_time")
"""Options that only mean something where many networks are trained."""


def with_training_options(
    without: Collection[str] = (),
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Let a command take the options of :class:`TrainingOptions` and hand them over as its argument ``training``.

    Args:
        without: Names of options that the command does not take.
    """
    hints = get_type_hints(TrainingOptions, include_extras=True)
    options = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=hint)
        for name, hint in hints.items()
        if name not in without
    ]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def run(**given: Any) -> None:
            training = TrainingOptions(**{option.name: given.pop(option.name) for option in options})
            command(training=training, **given)

        own = [p for p in signature(command).parameters.values() if p.name != "training"]
        taken = [*(p.replace(kind=Parameter.KEYWORD_ONLY) for p in own), *options]
        # What typer reads to make the options of the command line.
        run.__signature__ = Signature(taken)  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in taken}
        return run

    return decorate


@contextmanager
def decoding(console: Console) -> Iterator[Any]:
    """Shows how many images were decoded, as long as that lasts; gives what is to be told."""
    with ProgressBar("decoding images, once", console) as bar:
        yield lambda done, count: bar.update(done, count, f"{done:,} of {count:,}")


def load(facts: dict[str, Any], **more: Any) -> "ImageData":
    """Load the images that :meth:`TrainingOptions.image_facts` says."""
    from archrank.training import load_images

    settings = dict(facts)
    folder = settings.pop("folder")
    return load_images(settings.pop("name"), folder=folder and Path(folder), **settings, **more)


def training_evaluator(
    space: "SearchSpace",
    options: TrainingOptions,
    folder: Path,
    *,
    seed: int = 0,
    workers: int = 1,
    threads: int | None = None,
    console: Console | None = None,
) -> "TrainingEvaluator":
    """The evaluator that trains as the command line says; its images are there, and decoded.

    Args:
        space: The space of the architectures.
        options: On what and how to train.
        folder: Where trainings leave their curves.
        seed: Of the first training of an architecture.
        workers: How many trainings share this machine's cores.
        threads: How many threads each has; None for its share of the cores.
        console: Shows how decoding goes, if it has to be done.

    Raises:
        ArchrankError: An option that cannot be, or images that are not there.
    """
    from archrank.extras import needs

    needs("training", "torch", what="--evaluator train")
    import torch

    from archrank.training import TrainingEvaluator, device_named

    if workers < 1:
        raise BudgetError(f"{workers} workers cannot evaluate anything; give --workers 1 or more")
    recipe = options.chosen_recipe("proxy")
    device_named(options.device or "auto")
    facts = options.image_facts(recipe)
    with decoding(console or Console(stderr=True)) as on_progress:
        load(facts, on_progress=on_progress)
    evaluator = TrainingEvaluator(
        space,
        partial(load, facts),
        recipe,
        folder,
        device=options.device or "auto",
        seed=seed,
        repeats=options.training_seeds or 1,
        time_limit=options.training_time,
        pruner=options.pruner,
        threads=max(1, torch.get_num_threads() // workers) if threads is None and workers > 1 else threads,
    )
    evaluator.prepare()
    return evaluator


def architecture_from(space: "SearchSpace", text: str) -> "Architecture":
    """An architecture of the command line.

    Args:
        space: Its space.
        text: The space's text form; a file that holds it; or the run folder of a search, or its ``result.json``, for
            the best one found.

    Raises:
        ParseError: It says no architecture of the space.
        ArchrankError: The search has not ended, or found nothing.
    """
    import json

    path = Path(text)
    if (path / "config.json").exists() and not (path / "result.json").exists():
        raise ArchrankError(
            f"the search in {text} has not ended: go on with it by archrank search … --resume, or give the architecture"
        )
    try:
        content = (path / "result.json" if path.is_dir() else path).read_text(encoding="utf-8")
    except (OSError, ValueError):  # no file: the text itself is meant
        return space.parse(text)
    try:
        best = json.loads(content)["best"]
    except (ValueError, KeyError, TypeError):
        return space.parse(content.strip())
    if best is None:
        raise ArchrankError(f"the search in {text} found nothing that could be trained")
    return space.parse(best["architecture"])
