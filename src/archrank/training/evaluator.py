"""The evaluator that trains networks, for a search where no benchmark table exists."""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from archrank.architecture import Architecture
from archrank.errors import ArchrankError, BudgetError, TrainingError
from archrank.graph import Graph
from archrank.images.images import ImageData
from archrank.networks.counting import multiply_adds, parameters
from archrank.networks.network import Network
from archrank.networks.operations import OPERATIONS, OperationFactory
from archrank.networks.skeleton import Skeleton, build, outline
from archrank.space import SearchSpace
from archrank.system.files import write_whole
from archrank.system.foreign import message
from archrank.system.threads import threads
from archrank.system.trainings import training_folder
from archrank.training.checkpoint import CHECKPOINT
from archrank.training.choosing import image_shape, skeleton_for
from archrank.training.curve import CURVE, Epoch, read_curve
from archrank.training.devices import weights_generator
from archrank.training.fingerprint import differences, recipe_fingerprint, recorded_fingerprint
from archrank.training.pruning import Pruning, Watched
from archrank.training.recipe import Recipe
from archrank.training.train import Trained, train
from archrank.workers.outcome import note_trained

__all__ = ["METRIC", "TrainingEvaluator"]

METRIC = "valid_accuracy"
"""The default metric of a search that trains."""

LOSS = "valid_loss"
"""After short trainings it varies less between seeds than the accuracy does."""

_RESULT = "training.json"


class TrainingEvaluator:
    """Trains an architecture's network and returns its validation accuracy.

    Every training leaves a folder with its learning curve (``curve.jsonl``) and its outcome (``training.json``);
    while it runs, there is a checkpoint. So an interrupted training is continued, and a
    finished one is never repeated. It can be sent to other processes; images are loaded in each, when first needed.

    Args:
        space: The space of the architectures.
        data: Loads the images; ``functools.partial(load_images, "cifar10")``.
        recipe: How to train.
        folder: The parent of the trainings' folders; in a run folder, ``trainings``.
        device: Where to train: ``auto``, ``cpu``, ``cuda`` …
        seed: The seed of the first training of every architecture.
        repeats: The number of trainings, with different seeds, that are averaged.
        time_limit: Seconds that a training may take; see :func:`~archrank.training.train.train`.
        pruner: ``"median"`` or ``"halving"`` stops trainings early that are worse than others; None stops none.
        threads: The number of PyTorch threads in a training; None for PyTorch's default.
        skeleton: What surrounds the cells; None chooses by the cells and the recipe.
        operations: How to make the operations on sites; None for archrank's own.

    Attributes:
        metric: The name of the default metric.
        directions: ``"maximize"`` or ``"minimize"`` by name of a value.
        continued: A longer training goes on from the checkpoint of the shorter one.

    Raises:
        BudgetError: Fewer than one repeat.
        UnknownName: No such pruner.
    """

    metric = METRIC
    continued = True
    directions: Mapping[str, str] = {
        METRIC: "maximize",
        LOSS: "minimize",
        "parameters": "minimize",
        "multiply_adds": "minimize",
        "seconds": "minimize",
    }

    def __init__(
        self,
        space: SearchSpace,
        data: Callable[[], ImageData],
        recipe: Recipe,
        folder: Path,
        *,
        device: str = "auto",
        seed: int = 0,
        repeats: int = 1,
        time_limit: float | None = None,
        pruner: str | None = None,
        threads: int | None = None,
        skeleton: Skeleton | None = None,
        operations: Mapping[str, OperationFactory] | None = None,
    ) -> None:
        if repeats < 1:
            raise BudgetError(f"an accuracy cannot be the mean of {repeats} trainings; give 1 or more")
        self._space, self._load, self._recipe, self._folder = space, data, recipe, folder
        self._device, self._seed, self._repeats, self._time_limit = device, seed, repeats, time_limit
        self._pruner, self._threads = pruner, threads
        self._skeleton, self._operations = skeleton, operations
        self._data: ImageData | None = None
        self._pruning = self._new_pruning()

    def __getstate__(self) -> dict[str, Any]:
        """The state without the images and the pruning, which each process makes itself."""
        return {**self.__dict__, "_data": None, "_pruning": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._pruning = self._new_pruning()

    @property
    def gives(self) -> tuple[str, ...]:
        """The names of the values that it returns."""
        repeats = [f"{METRIC}_{place}" for place in range(1, self._repeats + 1)] if self._repeats > 1 else []
        pruned = [] if self._pruner is None else ["pruned"]
        return (*self.directions, "epochs", *repeats, *pruned)

    @property
    def fingerprint(self) -> dict[str, Any]:
        """The settings that make its values comparable, as JSON values; the device is not among them."""
        return {
            "data": self.prepare().name,
            "data_digest": self.prepare().digest,
            "pruner": self._pruner,
            "training_seeds": self._repeats,
            "training_time": self._time_limit,
            **recipe_fingerprint(self._recipe),
        }

    def check_objectives(self, objectives: Sequence[str]) -> None:
        """Refuse a pruner in a search by anything but the accuracy.

        Args:
            objectives: The names of the values that the search optimizes.

        Raises:
            ArchrankError: There is a pruner, and the objectives are not the validation accuracy alone.
        """
        if self._pruner is not None and list(objectives) != [METRIC]:
            raise ArchrankError(
                f"the pruner {self._pruner} (--pruner) compares trainings by {METRIC}, and the search optimizes "
                f"{', '.join(objectives)}: leave it out, or search by {METRIC} alone"
            )

    def check_fidelities(self, levels: Sequence[int]) -> None:
        """Refuse fidelities that do not end with whole trainings.

        Args:
            levels: After how many epochs trainings may stop, ascending.

        Raises:
            ArchrankError: There is a pruner too, or the last is not the recipe's number of epochs.
        """
        if self._pruner is not None:
            raise ArchrankError(
                f"fidelities (--fidelities) and the pruner {self._pruner} (--pruner) both stop trainings early: give "
                "one of them"
            )
        if levels[-1] != self._recipe.epochs:
            raise ArchrankError(
                f"the last of the fidelities {list(levels)} is {levels[-1]}, and the recipe {self._recipe.name} "
                f"trains for {self._recipe.epochs} epochs: give the same number to both (--fidelities, --epochs)"
            )

    def prepare(self) -> ImageData:
        """Load the images, and decode them if they are not cached, before the first evaluation needs them.

        Raises:
            DataError: They cannot be loaded.
        """
        if self._data is None:
            self._data = self._load()
        return self._data

    def known_values(self, architecture: Architecture) -> Mapping[str, float]:
        """What can be counted without training: ``parameters`` and ``multiply_adds``, each when it is asked for."""
        return _Counts(partial(self._counted, architecture))

    def _counted(self, architecture: Architecture, name: str) -> float:
        data, graph = self.prepare(), self._space.graph(architecture)
        skeleton = self._skeleton or skeleton_for(graph, self._recipe, data, operations=self._table)
        network = outline(graph, skeleton, operations=self._table)
        return float(_COUNTS[name](network, image_shape(self._recipe, data)))

    def __call__(
        self, architecture: Architecture, epochs: int | None = None, seed: int = 0
    ) -> dict[str, float]:
        """Train an architecture, or read the outcome of an earlier training.

        Args:
            architecture: What is trained.
            epochs: After how many epochs to stop; then the checkpoint stays. None for the recipe's.
            seed: 0 for the first evaluation of an architecture, and k for its k-th repeat, in seeds of its own.

        Returns:
            ``valid_accuracy`` from 0 to 1 (the mean of repeats, and each as ``valid_accuracy_1`` …), ``valid_loss``
            (cross-entropy in nats, the mean of repeats), ``parameters``, ``multiply_adds``, and ``seconds`` and
            ``epochs`` of all repeats together; with a pruner also ``pruned``, 1 if the training was stopped early.

        Raises:
            TrainingError: It cannot be trained; see :func:`~archrank.training.train.train`.
            DataError: The images cannot be loaded.
        """
        data, graph = self.prepare(), self._space.graph(architecture)
        skeleton = self._skeleton or skeleton_for(graph, self._recipe, data, operations=self._table)
        found: list[dict[str, Any]] = []
        for repeat in range(seed * self._repeats, (seed + 1) * self._repeats):
            found.append(self._training(architecture, graph, skeleton, data, repeat, epochs))
            if found[-1]["pruned"]:
                break
        accuracies = [float(training["accuracy"]) for training in found]
        network = outline(graph, skeleton, operations=self._table)
        values = {
            METRIC: sum(accuracies) / len(accuracies),
            LOSS: sum(training["loss"] for training in found) / len(found),
            "parameters": float(parameters(network)),
            "multiply_adds": float(multiply_adds(network, image_shape(self._recipe, data))),
            "seconds": sum(training["seconds"] for training in found),
            "epochs": float(sum(training["epochs"] for training in found)),
        }
        if self._repeats > 1:
            values |= {f"{METRIC}_{place}": value for place, value in enumerate(accuracies, start=1)}
        if self._pruner is not None:
            values["pruned"] = float(found[-1]["pruned"])
        return values

    def _training(
        self,
        architecture: Architecture,
        graph: Graph,
        skeleton: Skeleton,
        data: ImageData,
        repeat: int,
        until: int | None,
    ) -> dict[str, Any]:
        """The outcome of one training, which is run unless it is finished or got as far."""
        text = self._space.format(architecture)
        name = training_folder(text, repeat)
        fingerprint = {
            "space": self._space.name,
            "architecture": text,
            "skeleton": repr(skeleton),
            **recipe_fingerprint(self._recipe),
            "data_digest": data.digest,
            "seed": self._seed + repeat,
        }
        folder = self._folder / name
        if (before := _read(folder / _RESULT)) is not None:
            if differing := differences(recorded_fingerprint(before), fingerprint):
                raise TrainingError(f"{folder} holds another training: {differing}. Choose another folder")
            if until is not None and until < before["epochs"]:
                return _outcome(read_curve(folder / CURVE)[:until])
            return {**before, "loss": _last_loss(folder)}
        if until is not None and until < self._recipe.epochs:
            shorter = self._train(graph, skeleton, data, repeat, folder, lambda e: e.epoch >= until)
            return _outcome(shorter.curve[:until])
        watched = self._watch() if repeat == 0 else None
        trained: Trained | None = None
        try:
            stop = None if watched is None else watched.stops
            trained = self._train(graph, skeleton, data, repeat, folder, stop)
        finally:
            accuracy = None if trained is None else trained.valid_accuracy
            pruned = trained is not None and trained.stopped == "asked"
            if watched is not None:
                watched.end(name, accuracy, pruned)
        result = {
            "fingerprint": fingerprint,
            "accuracy": accuracy,
            "seconds": trained.seconds,
            "epochs": len(trained.curve),
            "stopped": trained.stopped,
            "pruned": pruned,
        }
        write_whole(folder / _RESULT, json.dumps(result, indent=2, ensure_ascii=False) + "\n")
        (folder / CHECKPOINT).unlink(missing_ok=True)
        return {**result, "loss": _last_loss(folder)}

    def _train(
        self,
        graph: Graph,
        skeleton: Skeleton,
        data: ImageData,
        repeat: int,
        folder: Path,
        stop: Callable[[Epoch], bool] | None,
    ) -> Trained:
        seed = self._seed + repeat
        begun = len(read_curve(folder / CURVE)) if (folder / CHECKPOINT).exists() else 0
        network = build(graph, skeleton, weights_generator(seed), operations=self._table)
        with nullcontext() if self._threads is None else threads(self._threads):
            trained = train(
                network,
                data,
                self._recipe,
                seed=seed,
                device=self._device,
                folder=folder,
                time_limit=self._time_limit,
                on_epoch=stop,
            )
        note_trained(max(len(trained.curve) - begun, 0))
        return trained

    def _watch(self) -> Watched | None:
        """The comparison with all trainings that are finished so far."""
        if self._pruning is None:
            return None
        for path in sorted(self._folder.glob(f"*/{_RESULT}")):
            name = path.parent.name
            if "-" in name or name in self._pruning or (result := _read(path)) is None:
                continue
            curve = read_curve(path.parent / CURVE)
            self._pruning.learn(name, [e.valid_accuracy or 0.0 for e in curve], result["pruned"])
        return self._pruning.begin()

    @property
    def _table(self) -> Mapping[str, OperationFactory]:
        # Its factories cannot be sent to other processes, so it is no part of the evaluator.
        return OPERATIONS if self._operations is None else self._operations

    def _new_pruning(self) -> Pruning | None:
        return None if self._pruner is None else Pruning(self._pruner, self._recipe.epochs)


_COUNTS: Mapping[str, Callable[[Network, tuple[int, int, int]], int]] = {
    "parameters": lambda network, image: parameters(network),
    "multiply_adds": multiply_adds,
}


class _Counts(Mapping[str, float]):
    """Counts by name, worked out when they are asked for: multiply-adds take ten times as long as parameters."""

    def __init__(self, count: Callable[[str], float]) -> None:
        self._count = count

    def __getitem__(self, name: str) -> float:
        if name not in _COUNTS:
            raise KeyError(name)
        return self._count(name)

    def __iter__(self) -> Iterator[str]:
        return iter(_COUNTS)

    def __len__(self) -> int:
        return len(_COUNTS)


def _outcome(curve: Sequence[Epoch]) -> dict[str, Any]:
    """The outcome of a training that goes on later."""
    last = curve[-1]
    return {
        "accuracy": last.valid_accuracy,
        "loss": math.nan if last.valid_loss is None else last.valid_loss,
        "seconds": sum(epoch.seconds for epoch in curve),
        "epochs": len(curve),
        "pruned": False,
    }


def _last_loss(folder: Path) -> float:
    loss = read_curve(folder / CURVE)[-1].valid_loss
    return math.nan if loss is None else loss


def _read(path: Path) -> dict[str, Any] | None:
    """The record of a finished training; None if there is none."""
    try:
        result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise TrainingError(f"{path} cannot be read ({message(error)}); remove it to train anew") from None
    return result
