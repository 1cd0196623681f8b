"""``archrank train``: train one architecture, and keep the network."""

import shlex
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.panel import Panel
from rich.table import Table as Grid
from rich.text import Text

from archrank.cli.completion import space_names
from archrank.cli.console import Console
from archrank.cli.training import (
    OF_SEARCHES,
    TrainingOptions,
    with_training_options,
)
from archrank.system.progress import ProgressBar
from archrank.system.text import printable, shortened

if TYPE_CHECKING:
    from archrank.training import Epoch, Model

__all__ = ["command"]


@with_training_options(without=OF_SEARCHES)
def command(
    space: Annotated[
        str,
        typer.Argument(
            help="A space's name, or your own as path/to/file.py:Class.",
            show_default=False,
            autocompletion=space_names,
        ),
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
        bool,
        typer.Option(
            "--final", help="Train on the validation images too; only the test images are left then."
        ),
    ] = False,
    seed: Annotated[int, typer.Option(help="Seed of weights, order and augmentation.", min=0)] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the training in the folder.")] = False,
    onnx: Annotated[bool, typer.Option("--onnx", help="Write model.onnx too.")] = False,
    *,
    training: TrainingOptions,
) -> None:
    """Train the network of one architecture, and write its weights, model card and learning curve to a folder.

    The default recipe is cifar-final, with 600 epochs; the data set digits has its own.

    Example: archrank train enas runs/enas --data cifar10 --recipe cifar-final --final --out best
    """
    from archrank.cli import names
    from archrank.verbs.train import architecture_from, train

    chosen = names.space(space)
    trained = architecture_from(chosen, architecture)
    words = ["archrank", "train", space, chosen.format(trained), *training.words, "--seed", str(seed)]
    words += [*(["--final"] if final else []), *(["--onnx"] if onnx else []), "--out", str(out)]
    epochs = training.setup.recipe_for("cifar-final").epochs
    console = Console(stderr=True)
    try:
        with _bar(console, epochs) as watch:
            model = train(
                chosen,
                trained,
                out,
                final=final,
                seed=seed,
                resume=resume,
                onnx=onnx,
                command=shlex.join(words),
                **watch,
                **training.given,
            )
    except KeyboardInterrupt:
        console.print("\ninterrupted; the state after the last epoch is kept. Continue with:")
        console.print(f"  {shlex.join([*words, '--resume'])}", soft_wrap=True)
        raise typer.Exit(130) from None
    _show(model, out)


@contextmanager
def _bar(console: Console, epochs: int) -> Iterator[dict[str, Any]]:
    """Shows the progress of decoding and training; gives the functions to report it."""
    with ExitStack() as decoding, ProgressBar("training", console) as bar:
        images = decoding.enter_context(ProgressBar("decoding images, once", console))
        before, found = 0, ""

        def on_progress(done: int, count: int) -> None:
            images.update(done, count, f"{done:,} of {count:,}")

        def on_epoch(epoch: "Epoch") -> None:
            nonlocal before, found
            before = epoch.epoch
            accuracy = epoch.train_accuracy if epoch.valid_accuracy is None else epoch.valid_accuracy
            found = f", {'training' if epoch.valid_accuracy is None else 'validation'} {accuracy:.2%}"
            on_batch(0, 1)

        def on_batch(done: int, count: int) -> None:
            decoding.close()  # a terminal shows one bar at a time
            note = f"epoch {min(before + 1, epochs)} of {epochs}{found}"
            bar.update(before + done / count, epochs, note)

        yield {"on_progress": on_progress, "on_epoch": on_epoch, "on_batch": on_batch}


def _show(model: "Model", out: Path) -> None:
    last = model.curve[-1]
    rows = [("training accuracy", f"{last.train_accuracy:.2%}")]
    if last.valid_accuracy is not None:
        rows.append(("validation accuracy", f"{last.valid_accuracy:.2%}"))
    rows += [
        ("parameters", f"{model.metadata['parameters']:,}"),
        ("multiply-adds", f"{model.metadata['multiply_adds']:,}"),
        ("epochs", f"{last.epoch} in {model.metadata['seconds']:,.0f} s"),
        ("network", str(out)),
        ("test it, once, with", shlex.join(["archrank", "evaluate", str(out)])),
    ]
    grid = Grid.grid(padding=(0, 2))
    for name, value in rows:
        grid.add_row(Text(name, style="bold"), Text(printable(value), overflow="fold"))
    title = f"{model.metadata['space']} · {model.metadata['data']['name']} · {model.recipe.name}"
    Console().print(Panel(grid, title=Text(shortened(title, 100)), expand=False))
