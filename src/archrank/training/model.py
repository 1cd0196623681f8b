"""A trained network on disk: its weights, and everything that is needed to rebuild it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from math import isfinite
from pathlib import Path
from typing import Any, Self

from safetensors import SafetensorError
from safetensors.torch import load, save

from archrank.errors import ArchrankError, TrainingError
from archrank.graph import Graph
from archrank.images.images import ImageData
from archrank.networks.hierarchy import HierarchySkeleton
from archrank.networks.nasbench101 import NASBench101Skeleton
from archrank.networks.nasbench201 import NASBench201Skeleton
from archrank.networks.network import Network
from archrank.networks.operations import OPERATIONS, OperationFactory
from archrank.networks.skeleton import Skeleton, outline
from archrank.networks.stacked_cells import StackedCells
from archrank.system.files import write_whole
from archrank.system.foreign import in_one_line, message
from archrank.training.curve import Epoch
from archrank.training.graph_record import cell_record, recorded_cell
from archrank.training.recipe import Recipe

__all__ = ["MODEL", "WEIGHTS", "Model"]

MODEL, WEIGHTS = "model.json", "weights.safetensors"

_FORMAT = 1

_QUOTED = 200

_SKELETONS: Mapping[str, type[Any]] = {
    kind.__name__: kind
    for kind in (StackedCells, NASBench101Skeleton, NASBench201Skeleton, HierarchySkeleton)
}


@dataclass(frozen=True, eq=False)
class Model:
    """A trained network with its description.

    It holds the graph itself, so no space is needed to use it.

    Attributes:
        network: The network.
        graph: The C cells.
        skeleton: What surrounds them.
        recipe: The recipe that it was trained with.
        classes: Names of the classes.
        image: Channels, height and width of its input images.
        mean: The mean of each channel of the training images, which normalizes its input.
        deviation: The standard deviation of each channel, likewise.
        curve: Its learning curve.
        metadata: Other information, as JSON values: space, architecture, data, seed.
    """

    network: Network
    graph: Graph
    skeleton: Skeleton
    recipe: Recipe
    classes: tuple[str, ...]
    image: tuple[int, int, int]
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    curve: tuple[Epoch, ...]
    metadata: Mapping[str, Any]

    def save(self, folder: Path) -> None:
        """Write ``weights.safetensors`` and ``model.json``, which names the weights that belong to it.

        Raises:
            TrainingError: The skeleton is not one of archrank's own, so a file cannot name it.
            FileError: The folder cannot be written.
        """
        name = type(self.skeleton).__name__
        if _SKELETONS.get(name) is not type(self.skeleton):
            raise TrainingError(
                f"the skeleton {self.skeleton!r} is not one of archrank's skeletons ({', '.join(_SKELETONS)}), so "
                "a file cannot name it; keep the weights yourself (network.state_dict())"
            )
        weights = save({n: t.detach().cpu().contiguous() for n, t in self.network.state_dict().items()})
        record = {
            "format": _FORMAT,
            **self.metadata,
            "skeleton": {"name": name, **asdict(self.skeleton)},  # type: ignore[call-overload]
            "recipe": self.recipe.as_dict(),
            "classes": self.classes,
            "image": self.image,
            "mean": self.mean,
            "deviation": self.deviation,
            "curve": [asdict(epoch) for epoch in self.curve],
            "graph": [cell_record(cell) for cell in self.graph.cells],
            "weights": hashlib.sha256(weights).hexdigest(),
        }
        write_whole(folder / WEIGHTS, weights)
        write_whole(folder / MODEL, json.dumps(record, indent=2, ensure_ascii=False) + "\n")

    @classmethod
    def load(cls, folder: Path | str, *, operations: Mapping[str, OperationFactory] = OPERATIONS) -> Self:
        """Read what :meth:`save` wrote; the network is on the CPU, in evaluation mode.

        Args:
            folder: Where it was written.
            operations: How to make the operations on sites.

        Raises:
            TrainingError: The folder holds no complete model, or one of a later format.
            UnknownName: An operation that is not in the table.
        """
        place = Path(folder)
        try:
            record = json.loads((place / MODEL).read_text(encoding="utf-8"))
            weights = (place / WEIGHTS).read_bytes()
        except (OSError, ValueError, RecursionError) as error:
            raise TrainingError(f"{place} holds no readable trained network: {message(error)}") from None
        if not isinstance(record, dict) or record.get("format") != _FORMAT:
            raise TrainingError(f"{place / MODEL} is not a model in the format of this version ({_FORMAT})")
        if hashlib.sha256(weights).hexdigest() != record.get("weights"):
            raise TrainingError(f"{place / WEIGHTS} is damaged, or belongs to another {MODEL}")
        try:
            graph = Graph(tuple(map(recorded_cell, record.pop("graph"))))
            settings = record.pop("skeleton")
            if "colours" in settings:  # release 0.1
                settings["image_channels"] = settings.pop("colours")
            skeleton: Skeleton = _SKELETONS[settings.pop("name")](**settings)
            recipe = Recipe.from_mapping(record.pop("recipe"))
            parts = {name: _numbers(record, name) for name in ("image", "mean", "deviation")}
            parts["classes"] = tuple(map(_text, record.pop("classes")))
            if [len(parts[name]) for name in parts if name != "classes"] != [3, *2 * [parts["image"][0]]]:
                raise ValueError(
                    "image is not (channels, height, width), with a mean and a deviation for each channel"
                )
            curve = tuple(Epoch(**epoch) for epoch in record.pop("curve"))
        except (AttributeError, LookupError, TypeError, ValueError, ArchrankError) as error:
            raise TrainingError(
                f"{place / MODEL} does not describe a network: {in_one_line(error)}"
            ) from None
        network = outline(graph, skeleton, operations=operations).to_empty(device="cpu")
        try:
            network.load_state_dict(load(weights))
        except (SafetensorError, RuntimeError) as error:
            raise TrainingError(f"{place / WEIGHTS} does not match {MODEL}: {message(error)}") from None
        del record["weights"], record["format"]
        return cls(network.eval(), graph, skeleton, recipe, **parts, curve=curve, metadata=record)

    def as_learnt(self, data: ImageData) -> ImageData:
        """Images normalized like those that the network was trained on.

        Raises:
            TrainingError: They have other classes, or other channels, or are smaller.
        """
        if data.classes != self.classes:
            raise TrainingError(
                f"the network knows {len(self.classes)} classes ({', '.join(self.classes[:5])}, …), and {data.name} "
                f"has {len(data.classes)} ({', '.join(data.classes[:5])}, …)"
            )
        channels, height, width = self.image
        if data.channels != channels or data.size[0] < height or data.size[1] < width:
            raise TrainingError(
                f"the network sees images of {channels} channels and {height}×{width} pixels, and those of {data.name} "
                f"have {data.channels} channels and {data.size[0]}×{data.size[1]} pixels"
            )
        return replace(data, mean=self.mean, deviation=self.deviation)


def _numbers(record: dict[str, Any], name: str) -> tuple[Any, ...]:
    numbers = record.pop(name)
    right = isinstance(numbers, list) and all(
        isinstance(n, int if name == "image" else int | float) and isfinite(n) for n in numbers
    )
    if not right or not all(n > 0 for n in numbers if name != "mean"):
        raise ValueError(f"{name} is {str(numbers)[:_QUOTED]}, expected numbers")
    return tuple(numbers)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{str(value)[:_QUOTED]} was found, expected a name")
    return value
