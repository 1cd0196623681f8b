"""The options for training networks, and the only place where they become an evaluator."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archrank.cli.console import Console
from archrank.cli.options import with_options
from archrank.errors import ArchrankError
from archrank.system.progress import ProgressBar

if TYPE_CHECKING:
    from archrank.space import SearchSpace
    from archrank.training import TrainingEvaluator, TrainingSetup

__all__ = [
    "OF_SEARCHES",
    "TRAIN",
    "DataFolderOption",
    "DataOption",
    "DeviceOption",
    "TrainingOptions",
    "decoding",
    "training_evaluator",
    "with_training_options",
]

TRAIN = "train"
"""The name of the evaluator that trains, for ``--evaluator``."""

_PANEL = "Training, such as --data cifar10 --recipe proxy"


def _option(help: str, **settings: Any) -> Any:
    return typer.Option(help=help, rich_help_panel=_PANEL, show_default=False, **settings)


DataOption = Annotated[
    str | None,
    _option(
        "Images: digits | cifar10 | cifar100, a folder of classes, or path/to/file.py:name (cifar10).",
        metavar="NAME",
    ),
]
DataFolderOption = Annotated[Path | None, _option("The folder of the image files (the data folder).")]
DeviceOption = Annotated[str | None, _option("auto | cpu | cuda | cuda:1 … | mps (auto).")]


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """The training options of the command line; None for the default.

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
    epochs: Annotated[
        int | None, _option("Number of epochs (the recipe's, like the following options).", min=1)
    ] = None
    batch: Annotated[int | None, _option("Number of images in a step.", min=1)] = None
    learning_rate: Annotated[float | None, _option("The highest learning rate.")] = None
    channels: Annotated[int | None, _option("Channels of the first cells.", min=1)] = None
    cells: Annotated[int | None, _option("Layers of the skeleton, including reductions.", min=1)] = None
    image_size: Annotated[int | None, _option("Side of the network's input images, in pixels.", min=1)] = None
    train_images: Annotated[int | None, _option("Number of training images to use.", min=1)] = None
    validation: Annotated[
        float | None, _option("Share, or number, of the training images kept for validation.")
    ] = None
    device: DeviceOption = None
    pruner: Annotated[
        str | None, _option("Stop training runs that are worse than others: median | halving (none).")
    ] = None
    training_seeds: Annotated[
        int | None, _option("Number of training runs, with different seeds, to average (1).", min=1)
    ] = None
    training_time: Annotated[
        float | None,
        _option("Seconds that a training run may take; it ends before an epoch that would exceed them."),
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
            raise ArchrankError(
                f"--{name.replace('_', '-')} is an option of training: add --evaluator {TRAIN}"
            )

    @property
    def setup(self) -> "TrainingSetup":
        """The options as the library takes them."""
        from archrank.training.setup import TrainingSetup

        return TrainingSetup(**self.given)


OF_SEARCHES = ("pruner", "training_seeds", "training_time")
"""Options that only apply if many networks are trained."""


def with_training_options(
    without: Collection[str] = (),
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Let a command take the options of :class:`TrainingOptions` and hand them over as its argument ``training``.

    Args:
        without: Names of options that the command does not take.
    """
    return with_options(TrainingOptions, "training", without)


@contextmanager
def decoding(console: Console) -> Iterator[Any]:
    """Shows the progress of decoding; gives the function to report it."""
    with ProgressBar("decoding images, once", console) as bar:
        yield lambda done, count: bar.update(done, count, f"{done:,} of {count:,}")


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
    """The evaluator that trains with the options of the command line; its images are decoded.

    Args:
        space: The space of the architectures.
        options: The options of the training.
        folder: The folder of the learning curves.
        seed: The seed of the first training of an architecture.
        workers: How many trainings share this machine's cores.
        threads: How many threads each has; None for its share of the cores.
        console: Shows the progress of decoding.

    Raises:
        ArchrankError: An invalid option, or missing images.
    """
    from archrank.system.extras import needs

    needs("training", "torch", what="--evaluator train")
    from archrank.training.setup import training_evaluator

    with decoding(console or Console(stderr=True)) as on_progress:
        return training_evaluator(
            space,
            folder,
            seed=seed,
            workers=workers,
            threads=threads,
            on_progress=on_progress,
            setup=options.setup,
        )
