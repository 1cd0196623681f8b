"""A strategy or a predictor with its options in one word, such as ``guided:encoder=gcn:loss=mse``."""

import re
from collections.abc import Collection, Sequence
from dataclasses import fields
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from archrank.errors import ArchrankError, UnknownName
from archrank.predictors.named import PREDICTORS, PredictorOptions
from archrank.strategies.named import STRATEGIES, StrategyOptions

__all__ = ["parse_spec", "parse_specs", "spec_of"]

Options = StrategyOptions | PredictorOptions
Given = TypeVar("Given", StrategyOptions, PredictorOptions)
_KINDS: dict[type[Options], tuple[str, str, Collection[str]]] = {
    StrategyOptions: ("strategy", "strategies", STRATEGIES),
    PredictorOptions: ("predictor", "predictors", PREDICTORS),
}
"""What each kind of options is called, in the singular and the plural, and the names that there are."""

_OPTION = re.compile(r":(?=[\w-]+=)")
"""A colon begins an option only where a name and ``=`` follow, so that values may hold colons."""

_YES_OR_NO = {"yes": True, "true": True, "no": False, "false": False}


def parse_specs(texts: Sequence[str], options: type[Given]) -> dict[str, Given]:
    """Several strategies or predictors, by their short form.

    Args:
        texts: What :func:`parse_spec` reads.
        options: Of which kind they are.

    Raises:
        UnknownName: No such name or option.
        ArchrankError: None at all, the same one twice, or an option's value that cannot be read.
    """
    kind, kinds, names = _KINDS[options]
    if not texts:
        raise ArchrankError(f"no {kind} is named; give --{kinds} some of {', '.join(names)}")
    found: dict[str, Given] = {}
    for text in texts:
        read = parse_spec(text, options)
        if (short := spec_of(read)) in found:
            raise ArchrankError(f"the {kind} {text!r} is named twice ({short}); leave one of them out")
        found[short] = read
    return found


def parse_spec(text: str, options: type[Given]) -> Given:
    """Read ``NAME[:option=value[:option=value…]]``.

    Args:
        text: A name, and fields of the options that it looks at.
        options: Of which kind it is.

    Raises:
        UnknownName: No such name or option.
        ArchrankError: A value that cannot be read, an option twice, or one that is not looked at.

    >>> parse_spec("guided:encoder=gcn:round=5", StrategyOptions).round
    5
    >>> parse_spec("auto:effort=fast", PredictorOptions)
    PredictorOptions(predictor='auto', effort='fast', encoder=None, loss=None, members=None, bootstrap=None)
    """
    kind, _, names = _KINDS[options]
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
    matter = read.active
    if idle := [option for option in values if option not in matter]:
        looked_at = ", ".join(option for option in matter if option != kind) or "none"
        raise ArchrankError(f"{text!r}: {name} does not look at {idle[0]}; its options are {looked_at}")
    return read


def spec_of(options: Options) -> str:
    """The short form: the name, and the options that differ from what they are by default.

    >>> spec_of(StrategyOptions("guided", initial=10, loss="mse"))
    'guided:loss=mse'
    """
    kind, _, _ = _KINDS[type(options)]
    name = getattr(options, kind)
    usual = type(options)(name)
    changed = {key: value for key, value in options.active.items() if value != getattr(usual, key)}
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
