"""A named thing with its options in one word, such as ``guided:encoder=gcn:loss=mse``.

The options are a dataclass whose first field is the name; the field's own name tells what is named, such as
``strategy``. Its property ``active`` maps the fields that apply to that name, the name among them, to their values.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import fields
from types import UnionType
from typing import Any, ClassVar, Protocol, TypeVar, Union, get_args, get_origin, get_type_hints

from archrank.errors import ArchrankError, UnknownName

__all__ = ["Options", "parse_spec", "parse_specs", "spec_of"]


class Options(Protocol):
    """Options of a named thing: a dataclass as described above."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def __init__(self, *args: Any, **values: Any) -> None: ...

    @property
    def active(self) -> dict[str, Any]:
        """The options that apply to the name, by name."""


Given = TypeVar("Given", bound=Options)

_OPTION = re.compile(r":(?=[\w-]+=)")
"""A colon begins an option only where a name and ``=`` follow, so that values may hold colons."""

_YES_OR_NO = {"yes": True, "true": True, "no": False, "false": False}


def parse_specs(texts: Sequence[str], options: type[Given], names: Collection[str]) -> dict[str, Given]:
    """Read several, each once, by their short form.

    Args:
        texts: What :func:`parse_spec` reads.
        options: The class of their options.
        names: The names that there are.

    Raises:
        UnknownName: No such name or option.
        ArchrankError: None at all, the same one twice, or an option's value that cannot be read.
    """
    kind = fields(options)[0].name
    if not texts:
        raise ArchrankError(f"no {kind} is named; name some of {', '.join(names)}")
    found: dict[str, Given] = {}
    for text in texts:
        read = parse_spec(text, options, names)
        if (short := spec_of(read)) in found:
            raise ArchrankError(f"the {kind} {text!r} is named twice ({short}); leave one of them out")
        found[short] = read
    return found


def parse_spec(text: str, options: type[Given], names: Collection[str]) -> Given:
    """Read ``NAME[:option=value[:option=value…]]``.

    Args:
        text: A name and options that apply to it.
        options: The class of the options.
        names: The names that there are.

    Raises:
        UnknownName: No such name or option.
        ArchrankError: A value that cannot be read, an option twice, or one that does not apply to the name.
    """
    kind = fields(options)[0].name
    name, *settings = _OPTION.split(text.strip())
    if name not in names:
        if (before := name.partition(":")[0]) in names:
            raise ArchrankError(
                f"{text!r}: {name.removeprefix(before)!r} is no option; expected option=value after {before}:"
            )
        raise UnknownName(kind, name, names)
    known = [field.name for field in fields(options) if field.name != kind]
    values: dict[str, Any] = {}
    for setting in settings:
        given, _, value = setting.partition("=")
        option = given.replace("-", "_")
        if option not in known:
            raise UnknownName(f"option in {text!r}", given, known)
        if option in values:
            raise ArchrankError(f"{text!r} gives {option} twice")
        values[option] = _value(options, text, option, value)
    read = options(name, **values)
    active = read.active
    if idle := [option for option in values if option not in active]:
        has = ", ".join(option for option in active if option != kind) or "none"
        raise ArchrankError(f"{text!r}: {name} has no option {idle[0]}; its options are {has}")
    return read


def spec_of(options: Options) -> str:
    """The short form: the name, and the options that differ from their defaults."""
    name = getattr(options, fields(options)[0].name)
    default = type(options)(name)
    changed = {key: value for key, value in options.active.items() if value != getattr(default, key)}
    return ":".join([name, *(f"{key}={_text(value)}" for key, value in changed.items())])


def _text(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _value(options: type[Options], text: str, option: str, value: str) -> Any:
    hint = get_type_hints(options)[option]
    if get_origin(hint) in (Union, UnionType):  # an option that may be None
        hint = next(kind for kind in get_args(hint) if kind is not type(None))
    try:
        if hint is bool:
            return _YES_OR_NO[value.lower()]
        return hint(value) if hint in (int, float) else value
    except (ValueError, KeyError):
        expected = {int: "a whole number", float: "a number", bool: "yes or no"}[hint]
        raise ArchrankError(f"{text!r}: {option} is {value!r}, expected {expected}") from None
