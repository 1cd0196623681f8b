"""A strategy with its options in one word, such as ``guided:encoder=gcn:loss=mse``."""

import re
from collections.abc import Sequence
from dataclasses import fields
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from archrank.cli.strategies import STRATEGIES, StrategyOptions
from archrank.errors import ArchrankError, UnknownName

__all__ = ["parse_spec", "parse_specs", "spec_of"]

_OPTION = re.compile(r":(?=[\w-]+=)")
"""A colon begins an option only where a name and ``=`` follow, so that values may hold colons."""

_YES_OR_NO = {"yes": True, "true": True, "no": False, "false": False}


def parse_specs(texts: Sequence[str]) -> dict[str, StrategyOptions]:
    """Several strategies, by their short form.

    Raises:
        UnknownName: No such strategy or option.
        ArchrankError: None at all, the same one twice, or an option's value that cannot be read.
    """
    if not texts:
        raise ArchrankError(f"no strategy is named; give --strategies some of {', '.join(STRATEGIES)}")
    found: dict[str, StrategyOptions] = {}
    for text in texts:
        options = parse_spec(text)
        if (short := spec_of(options)) in found:
            raise ArchrankError(f"the strategy {text!r} is named twice ({short}); leave one of them out")
        found[short] = options
    return found


def parse_spec(text: str) -> StrategyOptions:
    """Read ``NAME[:option=value[:option=value…]]``.

    Args:
        text: A strategy's name, and fields of :class:`StrategyOptions` that it looks at.

    Raises:
        UnknownName: No such strategy or option.
        ArchrankError: A value that cannot be read, an option twice, or one that the strategy does not look at.

    >>> parse_spec("guided:encoder=gcn:round=5").round
    5
    """
    name, *settings = _OPTION.split(text.strip())
    if name not in STRATEGIES:
        if (before := name.partition(":")[0]) in STRATEGIES:
            raise ArchrankError(
                f"{text!r}: {name.removeprefix(before)!r} is no option; expected option=value after {before}:"
            )
        raise UnknownName("strategy", name, STRATEGIES)
    known = [field.name for field in fields(StrategyOptions) if field.name != "strategy"]
    values: dict[str, Any] = {}
    for setting in settings:
        given, _, value = setting.partition("=")
        option = given.replace("-", "_")
        if option not in known:
            raise UnknownName(f"option in {text!r}", given, known)
        if option in values:
            raise ArchrankError(f"{text!r} gives {option} twice")
        values[option] = _value(text, option, value)
    options = StrategyOptions(strategy=name, **values)
    matter = options.that_matter
    if idle := [option for option in values if option not in matter]:
        looked_at = ", ".join(option for option in matter if option != "strategy")
        raise ArchrankError(f"{text!r}: {name} does not look at {idle[0]}; its options are {looked_at}")
    return options


def spec_of(options: StrategyOptions) -> str:
    """The short form: the name, and the options that differ from what they are by default.

    >>> spec_of(StrategyOptions("guided", initial=20, loss="mse"))
    'guided:loss=mse'
    """
    usual = StrategyOptions(strategy=options.strategy)
    changed = {name: value for name, value in options.that_matter.items() if value != getattr(usual, name)}
    return ":".join([options.strategy, *(f"{name}={_text(value)}" for name, value in changed.items())])


def _text(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _value(text: str, option: str, value: str) -> Any:
    hint = get_type_hints(StrategyOptions)[option]
    if get_origin(hint) in (Union, UnionType):  # an option that may be None
        hint = next(kind for kind in get_args(hint) if kind is not type(None))
    try:
        if hint is bool:
            return _YES_OR_NO[value.lower()]
        return hint(value) if hint in (int, float) else value
    except (ValueError, KeyError):
        expected = {int: "a whole number", float: "a number", bool: "yes or no"}[hint]
        raise ArchrankError(f"{text!r}: {option} is {value!r}, expected {expected}") from None
