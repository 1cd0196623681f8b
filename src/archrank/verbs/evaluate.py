"""Measure a trained network on images that it did not learn from."""

import os
import warnings
from dataclasses import asdict, dataclass
from types import NoneType
from typing import TYPE_CHECKING, Any, Literal

from archrank.errors import DataError, TrainingError, UnknownName
from archrank.system.arguments import checked_path, checked_whole
from archrank.system.extras import needs
from archrank.system.foreign import shown
from archrank.system.on_progress import OnProgress, silent

if TYPE_CHECKING:
    from archrank.training import Model

__all__ = ["SPLITS", "NetworkEvaluation", "evaluate"]

SPLITS = ("test", "validation")

_SIZES = ("parameters", "multiply_adds")

_KINDS: dict[str, tuple[type, ...]] = {
    "name": (str,),
    "folder": (str, NoneType),
    "size": (int, NoneType),
    "validation": (int, float, NoneType),
    "train": (int, NoneType),
    "digest": (str,),
}
"""The description of the images in ``model.json``, and the types of its values."""


@dataclass(frozen=True, slots=True)
class NetworkEvaluation:
    """How a network does on N images.

    Attributes:
        data: The name of the images.
        split: ``"test"`` or ``"validation"``.
        images: N.
        loss: The mean cross-entropy.
        accuracy: The share whose class is the likeliest, from 0 to 1.
        top5: The share whose class is among the five likeliest; None where there are fewer than 20 classes.
        parameters: How many parameters the network has.
        multiply_adds: How many multiplications an image takes.
    """

    data: str
    split: str
    images: int
    loss: float
    accuracy: float
    top5: float | None
    parameters: int
    multiply_adds: int


def evaluate(
    model: "Model | str | os.PathLike[str]",
    split: Literal["test", "validation"] | str = "test",
    *,
    data: str | None = None,
    data_folder: str | os.PathLike[str] | None = None,
    device: str = "auto",
    batch: int = 256,
    on_progress: OnProgress = silent,
) -> NetworkEvaluation:
    """Measure a trained network as ``archrank evaluate`` does, on the images of its own data, or others.

    Args:
        model: The network, or the folder that :func:`archrank.train` wrote.
        split: ``"test"`` or ``"validation"``.
        data: Other images, by name; None for the data set that it was trained on.
        data_folder: The folder of the image files; None for that of the training.
        device: Where to compute.
        batch: Images at a time.
        on_progress: Called with how many images were decoded, and of how many, the first time.

    Raises:
        TrainingError: There is no network; the images are not of its kind; it learned from the validation images.
        UnknownName: No such split or images.
        DataError: The images cannot be loaded.
    """
    needs("training", "torch", what="training")
    from archrank.training import Model, accuracy, device_named
    from archrank.training.setup import load_described

    if not isinstance(model, Model | str | os.PathLike):
        raise TrainingError(
            f"{shown(model)} is no trained network: give a Model, or the folder that archrank.train wrote; an "
            "architecture of a space is trained by archrank.train first"
        )
    if not isinstance(split, str) or split not in SPLITS:
        raise UnknownName("split", split, SPLITS)
    batch = checked_whole("batch", batch, error=TrainingError)
    path = None if isinstance(model, Model) else checked_path("model", model, TrainingError)
    where = "the model" if path is None else str(path)
    network = model if isinstance(model, Model) else Model.load(where)
    described = _images_of(network, where)
    digest = described.pop("digest")
    if data is not None and data != described["name"]:
        described = {**described, "name": data, "folder": None, "validation": None, "train": None}
        digest = None
    if data_folder is not None:
        described["folder"] = str(checked_path("data_folder", data_folder, DataError))
    # Without data the name comes from model.json, which may be anyone's.
    images = load_described(described, on_progress=on_progress, typed=data is not None)
    if digest not in (None, images.digest):
        warnings.warn(
            f"{images.name} has changed since the training, so the network may have learned from these images",
            stacklevel=2,
        )
    if split == "validation" and digest is not None and network.metadata.get("final", True):
        raise TrainingError(
            f"{where}: the network learned from the validation images (--final); take the split test (--split test)"
        )
    part = images.test if split == "test" else images.validation
    if part is None:
        raise TrainingError(
            f"{images.name} has no test images; take the split validation (--split validation)"
        )
    side = network.image[1] if network.recipe.image_size is not None else None
    placed = network.network.to(device_named(device))
    measured = accuracy(placed, part, network.as_learnt(images), side=side, batch=batch)
    sizes = {name: network.metadata[name] for name in _SIZES}
    return NetworkEvaluation(images.name, split, **asdict(measured), **sizes)


def _images_of(model: "Model", where: str) -> dict[str, Any]:
    """The description of the images that the model was trained on."""
    found: Any = model.metadata.get("data")
    right = isinstance(found, dict) and found.keys() == _KINDS.keys()
    right = right and all(isinstance(found[name], kinds) for name, kinds in _KINDS.items())
    counts = [model.metadata.get(name) for name in _SIZES]
    if not right or not all(isinstance(count, int) for count in counts):
        raise TrainingError(
            f"model.json in {where} does not say on which images the network was trained, as `archrank train` "
            "writes it: train it anew, or load it by archrank.training.Model and measure it yourself"
        )
    return dict(found)
