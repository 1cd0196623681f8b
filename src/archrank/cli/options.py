"""Options that several commands share, as a dataclass whose fields are the options."""

from collections.abc import Callable, Collection
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Any, get_type_hints

__all__ = ["with_options"]


def with_options(
    kind: type[Any], argument: str, without: Collection[str] = ()
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Let a command take the fields of a dataclass as options, and hand them over as one argument.

    Args:
        kind: The dataclass; its annotations are those of typer, and all fields have defaults.
        argument: The command's argument that is given an object of it.
        without: Names of fields that the command does not take.
    """
    hints = get_type_hints(kind, include_extras=True)
    defaults = {name: field.default for name, field in kind.__dataclass_fields__.items()}
    options = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=defaults[name], annotation=hint)
        for name, hint in hints.items()
        if name not in without
    ]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def run(**given: Any) -> None:
            held = kind(**{option.name: given.pop(option.name) for option in options})
            command(**{argument: held}, **given)

        own = [p for p in signature(command).parameters.values() if p.name != argument]
        taken = [*(p.replace(kind=Parameter.KEYWORD_ONLY) for p in own), *options]
        # What typer reads to make the options of the command line.
        run.__signature__ = Signature(taken)  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in taken}
        return run

    return decorate
