"""Train one architecture, and keep the network."""

import json
import os
import shlex
from collections.abc import Callable
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archrank.architecture import Architecture
from archrank.errors import ArchrankError, ParseError, TrainingError
from archrank.given import ArchitecturesLike, architectures_of
from archrank.space import SearchSpace
from archrank.study.checks import checked_space
from archrank.study.lock import FolderLock
from archrank.system.arguments import checked_flag, checked_path, checked_whole
from archrank.system.extras import needs
from archrank.system.files import exists, is_file, is_folder, write_whole
from archrank.system.foreign import message, shown
from archrank.system.on_progress import OnProgress, silent
from archrank.verbs.named import named_space_of

if TYPE_CHECKING:
    from archrank.training import Epoch, Model, Recipe
    from archrank.training.setup import TrainingSetup

__all__ = ["architecture_from", "train"]


def train(
    space: SearchSpace | str,
    architecture: ArchitecturesLike | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    data: str = "cifar10",
    recipe: "str | Recipe | None" = None,
    final: bool = False,
    seed: int = 0,
    resume: bool = False,
    onnx: bool = False,
    on_epoch: "Callable[[Epoch], bool | None] | None" = None,
    on_batch: Callable[[int, int], None] | None = None,
    on_progress: OnProgress = silent,
    command: str | None = None,
    **options: Any,
) -> "Model":
    """Train the network of one architecture as ``archrank train`` does; the folder then holds it, with a model card.

    Args:
        space: The space of the architecture, or its name.
        architecture: The architecture in any form; or a file that holds its text, or the run folder of a search, for
            the best one found.
        folder: Where the network, its curve and its card are written.
        data: The images: ``digits``, ``cifar10``, ``cifar100``, a folder of classes, or ``path/to/file.py:name``.
        recipe: How to train: a name, a file, or a recipe. None for ``cifar-final`` with 600 epochs, or the recipe
            ``digits`` for the digits.
        final: Train on the validation images too; only the test images are left then.
        seed: The seed of weights, order and augmentation.
        resume: Continue the training that the folder holds, or start one where there is none.
        onnx: Write ``model.onnx`` too.
        on_epoch: Called with every epoch, those before a resumed checkpoint too; true ends the training.
        on_batch: Called with how many batches of how many an epoch has had.
        on_progress: Called with how many images were decoded, and of how many, the first time.
        command: The command that repeats the training, for its record.
        options: Other options of :class:`~archrank.training.TrainingSetup`: ``epochs``, ``batch``, ``device`` …

    Returns:
        The trained network with its metadata.

    Raises:
        TrainingError: The folder holds another training, or training fails.
        ArchrankError: An argument cannot be used; nothing has been trained then.
    """
    needs("training", "torch", what="training")
    from archrank.training.setup import TrainingSetup

    space = checked_space(named_space_of(space))
    setup = TrainingSetup.of({"data": data, "recipe": recipe, **options})
    trained = architecture_from(space, architecture)
    chosen = setup.recipe_for("cifar-final")
    out = checked_path("folder", folder, TrainingError)
    seed = checked_whole("seed", seed, minimum=0)
    resume, final = checked_flag("resume", resume), checked_flag("final", final)
    with FolderLock(out.absolute()):
        _check(out, resume, onnx)
        model = _trained(
            space,
            trained,
            setup,
            chosen,
            out,
            final,
            seed,
            command or _command(space, trained, setup, final, seed, onnx, out),
            on_epoch=on_epoch,
            on_batch=on_batch,
            on_progress=on_progress,
        )
        _keep(model, out, onnx)
    return model


def architecture_from(space: SearchSpace, given: Any) -> Architecture:
    """One architecture in any form, also from a file or a run folder.

    Args:
        space: Its space.
        given: What :func:`archrank.given.architectures_of` takes; or a file that holds the text, or the run folder of a
            search, or its ``result.json``, for the best one found.

    Raises:
        ParseError: It is no architecture of the space.
        ArchrankError: The search has not ended, or found nothing; or there is more than one architecture.
    """
    if not isinstance(given, str | os.PathLike):
        architectures = architectures_of(space, given)
        if len(architectures) != 1:
            raise ArchrankError(f"{len(architectures)} architectures were given; train them one by one")
        return architectures[0]
    text, path = os.fspath(given), Path(given)
    if exists(path / "config.json") and not exists(path / "result.json"):
        raise ArchrankError(
            f"the search in {text} has not ended: continue it (archrank search … --resume), or give an architecture"
        )
    held = path / "result.json" if is_folder(path) else path
    if not is_file(held):  # the text itself is meant
        try:
            return space.parse(text)
        except ParseError as error:
            if "/" not in text or text.lstrip()[:1] == "{":
                raise
            missing = "a folder without result.json" if is_folder(path) else "no file or folder that exists"
            raise ParseError(f"{error}; and it is {missing}") from None
    try:
        content = held.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ParseError(
            f"{shown(str(held))} cannot be read as an architecture: {message(error, 200)}"
        ) from None
    try:
        best = json.loads(content)["best"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return space.parse(content.strip())
    if not isinstance(best, dict) or not isinstance(best.get("architecture"), str):
        raise ArchrankError(f"the search in {text} found nothing that could be trained")
    return space.parse(best["architecture"])


def _check(out: Path, resume: bool, onnx: bool) -> None:
    """Refuse before the training what would fail after it."""
    from archrank.training.checkpoint import CHECKPOINT
    from archrank.training.model import MODEL

    if (out / MODEL).exists():
        raise TrainingError(f"{out} holds a trained network already: choose another folder (--out)")
    if (out / CHECKPOINT).exists() and not resume:
        raise TrainingError(
            f"{out} holds a training that is not finished: continue it with resume (--resume), or choose another "
            "folder (--out)"
        )
    if onnx and not (find_spec("onnx") and find_spec("onnxscript")):
        raise TrainingError("ONNX files (--onnx) need onnx and onnxscript: pip install 'archrank[training]'")


def _trained(
    space: SearchSpace,
    architecture: Architecture,
    setup: "TrainingSetup",
    recipe: "Recipe",
    out: Path,
    final: bool,
    seed: int,
    command: str,
    *,
    on_epoch: "Callable[[Epoch], bool | None] | None",
    on_batch: Callable[[int, int], None] | None,
    on_progress: OnProgress,
) -> "Model":
    from archrank import networks, training
    from archrank.training.setup import load_described

    described = setup.described_images(recipe)
    images = load_described(described, on_progress=on_progress)
    graph = space.graph(architecture)
    skeleton = training.skeleton_for(graph, recipe, images)
    network = networks.build(graph, skeleton, training.weights_generator(seed))
    trained = training.train(
        network,
        images,
        recipe,
        seed=seed,
        device=setup.device,
        folder=out,
        final=final,
        on_epoch=on_epoch,
        on_batch=on_batch,
    )
    sizes = networks.outline(graph, skeleton)
    shape = training.image_shape(recipe, images)
    return training.Model(
        network=network,
        graph=graph,
        skeleton=skeleton,
        recipe=recipe,
        classes=images.classes,
        image=shape,
        mean=images.mean,
        deviation=images.deviation,
        curve=trained.curve,
        metadata={
            "space": space.name,
            "architecture": space.format(architecture),
            "data": {**described, "digest": images.digest},
            "final": final,
            "seed": seed,
            "parameters": networks.parameters(sizes),
            "multiply_adds": networks.multiply_adds(sizes, shape),
            "seconds": trained.seconds,
            "command": command,
        },
    )


def _keep(model: "Model", out: Path, onnx: bool) -> None:
    """Write the network and what goes with it; the checkpoint goes last."""
    from archrank.networks import onnx_bytes
    from archrank.plot.style import save
    from archrank.plot.training import training_figure
    from archrank.training.checkpoint import CHECKPOINT
    from archrank.training.model_card import model_card

    model.save(out)
    save(training_figure(model.curve), out / "curve.svg")
    write_whole(out / "README.md", model_card(model, onnx))
    if onnx:
        write_whole(out / "model.onnx", onnx_bytes(model.network, model.image))
    (out / CHECKPOINT).unlink(missing_ok=True)


def _command(
    space: SearchSpace,
    architecture: Architecture,
    setup: "TrainingSetup",
    final: bool,
    seed: int,
    onnx: bool,
    out: Path,
) -> str:
    """The command line that trains the same."""
    words = ["archrank", "train", space.name, space.format(architecture)]
    for field in fields(setup):
        value = getattr(setup, field.name)
        if value != field.default:
            value = getattr(value, "name", value)  # a recipe's
            words += [f"--{field.name.replace('_', '-')}", str(value)]
    words += ["--seed", str(seed), *["--final"] * final, *["--onnx"] * onnx, "--out", str(out)]
    return shlex.join(words)
