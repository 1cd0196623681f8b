"""The command line: one file per verb, and one place where a user's mistake becomes a message and exit code 2."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from keyword import iskeyword
from types import ModuleType
from typing import Annotated, Any

import typer
from rich.text import Text
from typer.core import TyperGroup

from archrank.cli.console import Console, encode_anything
from archrank.cli.executors import warnings_on
from archrank.errors import ArchrankError
from archrank.system.extras import extra_named

__all__ = ["app", "main"]

VERBS = (
    "benchmarks",
    "import",
    "spaces",
    "features",
    "search",
    "status",
    "worker",
    "train",
    "evaluate",
    "rank",
    "compare",
    "draw",
)

_INTERRUPTED = {
    "search": "nothing finished is lost: start the same command again, with --resume if its folder holds a run",
    "compare": "nothing finished is lost: start the same command again",
    "train": "the state after the last epoch is kept: start the same command again, with --resume if its folder "
    "holds one",
    "rank": "no ranking was written; start the same command again",
    "import": "no table was imported; start the same command again",
}
"""What stands after an interrupt that a verb does not report itself."""


class _Verbs(TyperGroup):
    """Reports an interrupt, which Typer alone ends in silence."""

    def make_context(self, *arguments: Any, **named: Any) -> Any:
        with _reported(None):
            return super().make_context(*arguments, **named)

    def invoke(self, ctx: Any) -> Any:
        with _reported(ctx):
            return super().invoke(ctx)


@contextmanager
def _reported(context: Any) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        verb = None if context is None else context.invoked_subcommand
        stands = _INTERRUPTED.get(verb or "", "start the same command again")
        Console(stderr=True).print(f"\ninterrupted; {stands}", soft_wrap=True)
        raise typer.Exit(130) from None


app = typer.Typer(
    cls=_Verbs,
    name="archrank",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        import archrank

        typer.echo(f"archrank {archrank.__version__}")
        raise typer.Exit


@app.callback()
def _every_verb(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Find a good neural network architecture while training as few as possible.

    Example: archrank search analog-nasbench --budget 60
    """


def _verb(name: str) -> ModuleType:
    # A module cannot be called like a word of the language: ``import`` is in import_.py.
    return import_module(f"archrank.cli.{name}_" if iskeyword(name) else f"archrank.cli.{name}")


for _name in VERBS:
    _module = _verb(_name)
    if hasattr(_module, "app"):  # a verb with verbs of its own
        app.add_typer(_module.app, name=_name)
    else:
        app.command(_name)(_module.command)


def main() -> None:
    """Run the command line."""
    encode_anything()
    console = Console(stderr=True)
    try:
        with warnings_on(console), extra_named():
            app()
    except ArchrankError as error:
        console.print(Text("error:", style="bold red"), str(error), soft_wrap=True)
        sys.exit(2)
    except KeyboardInterrupt:
        console.print("interrupted before anything began; start the same command again")
        sys.exit(130)


if __name__ == "__main__":
    main()
