"""``archrank train``: train one architecture, and keep the network."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.panel import Panel
from rich.table import Table as Grid
from rich.text import Text

from archrank.cli.console import Console
from archrank.cli.training import (
    OF_SEARCHES,
    TrainingOptions,
    architecture_from,
    decoding,
    load,
    with_training_options,
)
from archrank.errors import TrainingError
from archrank.progress import ProgressBar
from archrank.text import printable, shortened

if TYPE_CHECKING:
    from archrank.training import Epoch, Model, Recipe, Trained

__all__ = ["command"]


@with_training_options(without=OF_SEARCHES)
def command(
    space: Annotated[
        str, typer.Argument(help="A space's name, or your own as path/to/file.py:Class.", show_default=False)
    ],
    architecture: Annotated[
        str,
        typer.Argument(
            help="The architecture in the space's text form, a file that holds it, or the folder of a search, for the "
            "best one found.",
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder for the network.", show_default=False)],
    final: Annotated[
        bool, typer.Option("--final", help="Learn from the validation images too; only a test is left then.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Seed of weights, order and augmentation.", min=0)] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the training in the folder.")] = False,
    onnx: Annotated[bool, typer.Option("--onnx", help="Write model.onnx too.")] = False,
    *,
    training: TrainingOptions,
) -> None:
    """Train the network of one architecture; the folder then holds its weights and all that is known of it.

    Without --recipe it is cifar-final, 600 epochs, or for the digits their own.
    """
    from archrank.cli import names
    from archrank.study.lock import FolderLock
    from archrank.training import (
        Model,
        build,
        image_shape,
        multiply_adds,
        outline,
        parameters,
        skeleton_for,
        train,
        weights_generator,
    )

    chosen = names.space(space)
    trained_as = architecture_from(chosen, architecture)
    settings = training.chosen_recipe("cifar-final")
    console = Console(stderr=True)
    with FolderLock(out.absolute()):
        _check(out, resume, onnx)
        with decoding(console) as on_progress:
            images = load(training.image_facts(settings), on_progress=on_progress)
        graph = chosen.graph(trained_as)
        skeleton = skeleton_for(graph, settings, images)
        network = build(graph, skeleton, weights_generator(seed))
        words = ["archrank", "train", space, chosen.format(trained_as), *training.words, "--seed", str(seed)]
        words += [*(["--final"] if final else []), *(["--onnx"] if onnx else []), "--out", str(out)]
        try:
            with _bar(console, settings) as watch:
                came = train(
                    network,
                    images,
                    settings,
                    seed=seed,
                    device=training.device or "auto",
                    folder=out,
                    final=final,
                    **watch,
                )
        except KeyboardInterrupt:
            console.print("\ninterrupted; what was trained by the last epoch is kept. Go on with:")
            console.print(f"  {shlex.join([*words, '--resume'])}", soft_wrap=True)
            raise typer.Exit(130) from None
        sizes = outline(graph, skeleton)
        shape = image_shape(settings, images)
        model = Model(
            network=network,
            graph=graph,
            skeleton=skeleton,
            recipe=settings,
            classes=images.classes,
            image=shape,
            mean=images.mean,
            deviation=images.deviation,
            curve=came.curve,
            facts={
                "space": space,
                "architecture": chosen.format(trained_as),
                "data": {**training.image_facts(settings), "digest": images.digest},
                "final": final,
                "seed": seed,
                "parameters": parameters(sizes),
                "multiply_adds": multiply_adds(sizes, shape),
                "seconds": came.seconds,
                "command": shlex.join(words),
            },
        )
        _keep(model, out, onnx, console)
        _show(model, came, out)


def _check(out: Path, resume: bool, onnx: bool) -> None:
    """Raise an error for what is better known before the training than after."""
    from archrank.training.checkpoint import CHECKPOINT
    from archrank.training.model import MODEL

    if (out / MODEL).exists():
        raise TrainingError(f"{out} holds a trained network already: choose another folder with --out")
    if (out / CHECKPOINT).exists() and not resume:
        raise TrainingError(
            f"{out} holds a training that is not finished: go on with it by --resume, or choose another folder with "
            "--out"
        )
    if onnx and not (find_spec("onnx") and find_spec("onnxscript")):
        raise TrainingError("--onnx needs onnx and onnxscript: pip install 'archrank[training]'")


@contextmanager
def _bar(console: Console, recipe: "Recipe") -> Iterator[dict[str, Any]]:
    with ProgressBar("training", console) as bar:
        before, found = 0, ""

        def on_epoch(epoch: "Epoch") -> None:
            nonlocal before, found
            before = epoch.epoch
            accuracy = epoch.train_accuracy if epoch.valid_accuracy is None else epoch.valid_accuracy
            found = f", {'training' if epoch.valid_accuracy is None else 'validation'} {accuracy:.2%}"
            on_batch(0, 1)

        def on_batch(done: int, count: int) -> None:
            note = f"epoch {min(before + 1, recipe.epochs)} of {recipe.epochs}{found}"
            bar.update(before + done / count, recipe.epochs, note)

        yield {"on_epoch": on_epoch, "on_batch": on_batch}


def _keep(model: "Model", out: Path, onnx: bool, console: Console) -> None:
    """Write the network and what goes with it; the checkpoint goes last."""
    from archrank.cli.model_card import model_card
    from archrank.files import write_whole
    from archrank.report.style import save
    from archrank.report.training_plots import training_figure
    from archrank.training import onnx_bytes
    from archrank.training.checkpoint import CHECKPOINT

    model.save(out)
    save(training_figure(model.curve), out / "curve.svg")
    write_whole(out / "README.md", model_card(model, onnx))
    if onnx:
        with console.status("writing model.onnx"):
            write_whole(out / "model.onnx", onnx_bytes(model.network, model.image))
    (out / CHECKPOINT).unlink(missing_ok=True)


def _show(model: "Model", came: "Trained", out: Path) -> None:
    last = came.curve[-1]
    rows = [("training accuracy", f"{last.train_accuracy:.2%}")]
    if last.valid_accuracy is not None:
        rows.append(("validation accuracy", f"{last.valid_accuracy:.2%}"))
    rows += [
        ("parameters", f"{model.facts['parameters']:,}"),
        ("multiply-adds", f"{model.facts['multiply_adds']:,}"),
        ("epochs", f"{last.epoch} in {came.seconds:,.0f} s"),
        ("network", str(out)),
        ("test it, once, by", shlex.join(["archrank", "evaluate", str(out)])),
    ]
    grid = Grid.grid(padding=(0, 2))
    for name, value in rows:
        grid.add_row(Text(name, style="bold"), Text(printable(value), overflow="fold"))
    title = f"{model.facts['space']} · {model.facts['data']['name']} · {model.recipe.name}"
    Console().print(Panel(grid, title=Text(shortened(title, 100)), expand=False))
