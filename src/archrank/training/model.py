"""A trained network on disk: its weights, and everything that is needed to rebuild it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from archrank.errors import ArchrankError, SpaceError, TrainingError
from archrank.graph import Graph
from archrank.images.images import ImageData
from archrank.networks.network import Network
from archrank.networks.operations import OPERATIONS, OperationFactory
from archrank.networks.skeleton import Skeleton, outline
from archrank.predictors.building import outline_for
from archrank.system.files import read_bounded, write_whole
from archrank.system.foreign import in_one_line, message, shown
from archrank.training.curve import Epoch, recorded_curve
from archrank.training.graph_record import cell_record, recorded_cell
from archrank.training.recipe import Recipe
from archrank.training.recorded import member, number, refusal, rows, text, whole
from archrank.training.skeleton_record import (
    LONGEST_SIDE,
    check_operations,
    recorded_skeleton,
    skeleton_record,
)

__all__ = ["MODEL", "WEIGHTS", "Model"]

MODEL, WEIGHTS = "model.json", "weights.safetensors"

_FORMAT = 1

_PARTS = (
    "skeleton", "recipe", "classes", "image", "mean", "deviation", "curve", "graph", "weights", "format",
)  # fmt: skip
"""The names in the record that metadata cannot have."""

_QUOTED = 500
"""The most characters of an error that are quoted."""

_LARGEST_RECORD, _LARGEST_WEIGHTS = 64 * 2**20, 16 * 2**30
"""The most bytes of each file that are read."""


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
        skeleton = skeleton_record(self.skeleton)
        weights = save({n: t.detach().cpu().contiguous() for n, t in self.network.state_dict().items()})
        record = {
            "format": _FORMAT,
            **self.metadata,
            "skeleton": skeleton,
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
            record = json.loads(read_bounded(place / MODEL, _LARGEST_RECORD).decode())
            content = read_bounded(place / WEIGHTS, _LARGEST_WEIGHTS)
        except (OSError, RecursionError, ValueError) as error:
            raise TrainingError(f"{place} holds no readable trained network: {message(error)}") from None
        if not isinstance(record, dict) or record.get("format") != _FORMAT:
            raise TrainingError(f"{place / MODEL} is not a model in the format of this version ({_FORMAT})")
        if hashlib.sha256(content).hexdigest() != record.get("weights"):
            raise TrainingError(f"{place / WEIGHTS} is damaged, or belongs to another {MODEL}")
        weights = _weights(place / WEIGHTS, content)
        try:
            parts = _parts(record, weights)
        except (ArchrankError, RecursionError, ValueError) as error:
            raise TrainingError(
                f"{place / MODEL} does not describe a network: {message(error, _QUOTED)}"
            ) from None
        network = _network(place, parts["graph"], parts["skeleton"], operations, weights)
        metadata = {name: value for name, value in record.items() if name not in _PARTS}
        return cls(network.eval(), **parts, metadata=metadata)

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


def _weights(path: Path, content: bytes) -> dict[str, Tensor]:
    try:
        weights = load(content)
    except (ArithmeticError, LookupError, RuntimeError, SafetensorError, TypeError, ValueError) as error:
        raise TrainingError(f"{path} holds no weights: {in_one_line(error, 200)}") from None
    for name, tensor in weights.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise TrainingError(
                f"{path}: the weights {shown(name)} have numbers that are not finite (NaN or infinite), so the "
                "network could only answer NaN; train it again"
            )
    return weights


def _network(
    place: Path,
    graph: Graph,
    skeleton: Skeleton,
    operations: Mapping[str, OperationFactory],
    weights: Mapping[str, Tensor],
) -> Network:
    """The network of a graph and a skeleton with these weights; nothing is allocated before their shapes agree."""
    try:
        network = outline_for(lambda: outline(graph, skeleton, operations=operations), weights)
        network = network.to_empty(device="cpu")
        network.load_state_dict(weights)
    except (ArithmeticError, RuntimeError, SpaceError, TypeError, ValueError) as error:
        raise TrainingError(
            f"{place / WEIGHTS} does not match the skeleton {shown(skeleton)} and the graph of {MODEL}: "
            f"{message(error, _QUOTED)}"
        ) from error
    return network


def _parts(record: Mapping[str, Any], weights: Mapping[str, Tensor]) -> dict[str, Any]:
    """What describes the network, from a record that may come from anywhere.

    Raises:
        ValueError: A value is missing, or is not valid; the message names it.
        ArchrankError: The recipe is not valid.
    """
    found = {name: member(record, MODEL, name) for name in _PARTS[:-2]}
    cells = rows(found["graph"], "graph")
    graph = Graph(tuple(recorded_cell(cell, f"graph[{i}]") for i, cell in enumerate(cells)))
    skeleton = recorded_skeleton(found["skeleton"], weights)
    check_operations(graph, skeleton)
    if not isinstance(found["recipe"], dict):
        raise refusal("recipe", found["recipe"], "settings by name")
    image = tuple(
        whole(side, f"image[{i}]", 1, LONGEST_SIDE) for i, side in enumerate(rows(found["image"], "image"))
    )
    if len(image) != 3 or image[0] != skeleton.image_channels:
        raise refusal("image", found["image"], f"[{skeleton.image_channels}, height, width]")
    mean, deviation = (
        tuple(number(value, name) for value in rows(found[name], name)) for name in ("mean", "deviation")
    )
    if len(mean) != image[0]:
        raise refusal("mean", found["mean"], f"{image[0]} numbers, one for each channel")
    if len(deviation) != image[0] or min(deviation) <= 0:
        raise refusal("deviation", found["deviation"], f"{image[0]} numbers above 0, one for each channel")
    classes = tuple(text(name, "classes") for name in rows(found["classes"], "classes"))
    if len(classes) != skeleton.classes:
        raise refusal("classes", found["classes"], f"{skeleton.classes} names, as in skeleton.classes")
    return {
        "graph": graph,
        "skeleton": skeleton,
        "recipe": Recipe.from_mapping(found["recipe"]),
        "classes": classes,
        "image": image,
        "mean": mean,
        "deviation": deviation,
        "curve": recorded_curve(found["curve"]),
    }
