"""``archrank evaluate``: how well a trained network does."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table as Grid
from rich.text import Text

from archrank.cli.console import Console
from archrank.cli.training import DataFolderOption, DataOption, DeviceOption, decoding, load
from archrank.errors import TrainingError, UnknownName

if TYPE_CHECKING:
    from archrank.training import Model

__all__ = ["command"]

SPLITS = ("test", "validation")


def command(
    folder: Annotated[Path, typer.Argument(help="What `archrank train` wrote.", show_default=False)],
    split: Annotated[str, typer.Option(help=" | ".join(SPLITS))] = SPLITS[0],
    data: DataOption = None,
    data_folder: DataFolderOption = None,
    device: DeviceOption = None,
    batch: Annotated[int, typer.Option(help="Images at a time.", min=1)] = 256,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Measure a trained network on images that it did not learn from: those of its own data, or others (--data)."""
    from archrank.training import Model, accuracy, device_named

    if split not in SPLITS:
        raise UnknownName("split", split, SPLITS)
    model = Model.load(folder)
    facts = _data_of(model, folder)
    digest = facts.pop("digest")
    if data is not None and data != facts["name"]:
        facts = {**facts, "name": data, "folder": None, "validation": None, "train": None}
        digest = None
    if data_folder is not None:
        facts["folder"] = str(data_folder)
    console = Console(stderr=True)
    with decoding(console) as on_progress:
        # Without --data the name comes from model.json, which may be anyone's.
        images = load(facts, on_progress=on_progress, typed=data is not None)
    if digest not in (None, images.digest):
        console.print(
            Text("warning:", style="yellow"),
            f"{images.name} is not what it was at the training, so the network may have "
            "learnt from these images",
            soft_wrap=True,
        )
    if split == "validation" and digest is not None and model.facts.get("final", True):
        raise TrainingError(
            f"{folder}: the network learnt from the validation images (--final); take --split test"
        )
    part = images.test if split == "test" else images.validation
    if part is None:
        raise TrainingError(f"{images.name} has no test images; take --split validation")
    network = model.network.to(device_named(device or "auto"))
    with console.status(f"looking at {len(part):,} images"):
        side = model.image[1] if model.recipe.image_size is not None else None
        found = accuracy(network, part, model.as_learnt(images), side=side, batch=batch)
    sizes = {name: model.facts[name] for name in ("parameters", "multiply_adds")}
    if as_json:
        record = {"data": images.name, "split": split, **asdict(found), **sizes}
        sys.stdout.write(json.dumps(record, indent=2, ensure_ascii=False) + "\n")
        return
    rows = [
        ("images", f"{found.images:,} ({split} of {images.name})"),
        ("accuracy", f"{found.accuracy:.2%}"),
        *([("among the top 5", f"{found.top5:.2%}")] if found.top5 is not None else []),
        ("error", f"{1 - found.accuracy:.2%}"),
        ("cross-entropy", f"{found.loss:.4f}"),
        ("parameters", f"{sizes['parameters']:,}"),
        ("multiply-adds", f"{sizes['multiply_adds']:,}"),
    ]
    grid = Grid.grid(padding=(0, 2))
    for name, value in rows:
        grid.add_row(Text(name, style="bold"), Text(value))
    Console().print(grid)


_KINDS: dict[str, tuple[type, ...]] = {
    "name": (str,),
    "folder": (str, NoneType),
    "size": (int, NoneType),
    "validation": (int, float, NoneType),
    "train": (int, NoneType),
    "digest": (str,),
}
"""What ``model.json`` says of the images, and of which types that may be."""


def _data_of(model: "Model", folder: Path) -> dict[str, Any]:
    """What the model says of the images that it was trained on."""
    found: Any = model.facts.get("data")
    right = isinstance(found, dict) and found.keys() == _KINDS.keys()
    right = right and all(isinstance(found[name], kinds) for name, kinds in _KINDS.items())
    counts = [model.facts.get(name) for name in ("parameters", "multiply_adds")]
    if not right or not all(isinstance(count, int) for count in counts):
        raise TrainingError(
            f"model.json in {folder} does not say on which images the network was trained, as `archrank train` "
            "writes it: train it anew, or load it by archrank.training.Model and measure it yourself"
        )
    return dict(found)
