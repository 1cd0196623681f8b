"""What a choice may be: one of several options, or a number in a range."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np

from archrank.errors import SpaceError
from archrank.system.foreign import shown

__all__ = ["Domain", "Options", "Range", "Value", "as_value"]

Value: TypeAlias = str | int | float | bool | None
"""What a choice takes: plain data that a file can hold."""

_STEP = 0.2
"""Standard deviation of a mutated number, in widths of its range; the usual one of evolution strategies."""


_LARGEST = 2**53
"""The largest integer up to which floating-point numbers hold every one."""

_QUICK: frozenset[type] = frozenset((bool, int, str, type(None)))


@dataclass(frozen=True, slots=True)
class Options:
    """One of several values.

    Attributes:
        values: The options, distinct, at least one.
        ordered: Whether they are in order, so that neighbors in it are alike; true by default for numbers.

    Raises:
        SpaceError: No option, options that cannot be told apart, or options that are not plain data.

    >>> Options.of([16, 32, 64]).ordered, Options.of(["relu", "gelu"]).ordered
    (True, False)
    """

    values: tuple[Value, ...]
    ordered: bool = False

    @classmethod
    def of(cls, values: Iterable[object], ordered: bool | None = None) -> "Options":
        """The options that a user gives; for None, they are ordered if they are numbers that rise or fall."""
        given = tuple(values)
        kinds = tuple(map(type, given))
        # The same options come again and again. Equal numbers of different types differ; so do 0.0 and -0.0.
        return _options(given, kinds, ordered) if _QUICK.issuperset(kinds) else cls._of(given, ordered)

    @classmethod
    def _of(cls, given: tuple[object, ...], ordered: bool | None) -> "Options":
        plain = tuple(as_value(value) for value in given)
        if not plain:
            raise SpaceError("a choice without options was given; it needs at least one")
        first: dict[Value, Value] = {}
        for value in plain:
            if value not in first:
                first[value] = value
                continue
            other = first[value]
            if repr(other) == repr(value):
                raise SpaceError(f"the option {value!r} is listed twice: options must differ")
            raise SpaceError(
                f"the options {other!r} and {value!r} are equal and cannot be told apart; give texts or a mapping of "
                "names to them"
            )
        if ordered is None:
            numbers = [v for v in plain if isinstance(v, int | float) and not isinstance(v, bool)]
            ordered = len(numbers) == len(plain) > 1 and numbers in (sorted(numbers), sorted(numbers)[::-1])
        return cls(plain, ordered)

    def __str__(self) -> str:
        """The options as a message lists them."""
        return ", ".join(map(repr, self.values[:12])) + ", …" * (len(self.values) > 12)

    @property
    def size(self) -> int:
        """How many values there are."""
        return len(self.values)

    def contains(self, value: object) -> bool:
        """Whether it is an option; ``1`` is not ``True`` and not ``1.0``."""
        return any(value == option and type(value) is type(option) for option in self.values)

    def read(self, value: object) -> Value:
        """The option that a value denotes, also where a file or a data frame has changed its type.

        Raises:
            SpaceError: None of them.
        """
        if self.contains(value):
            return value  # type: ignore[return-value] # an option
        close = [option for option in self.values if _alike(value, option)]
        if len(close) != 1:
            raise SpaceError(f"{shown(value)} is none of the options {self}")
        return close[0]

    def draw(self, rng: np.random.Generator) -> Value:
        """One of them, uniformly."""
        return self.values[int(rng.integers(len(self.values)))]

    def others(self, value: Value) -> list[Value]:
        """All other values, those next to it first where they are in order."""
        at = self.values.index(value)
        rest = [(abs(index - at) if self.ordered else 0, index) for index in range(self.size) if index != at]
        return [self.values[index] for _, index in sorted(rest)]

    def mutated(self, value: Value, rng: np.random.Generator) -> Value | None:
        """Another value: any, or more often a near one where they are in order; None where there is no other."""
        others = self.others(value)
        if not others:
            return None
        if not self.ordered:
            return others[int(rng.integers(len(others)))]
        at = self.values.index(value)
        weights = np.array([2.0 ** -abs(self.values.index(other) - at) for other in others])
        return others[int(rng.choice(len(others), p=weights / weights.sum()))]

    def features(self, value: Value) -> list[float]:
        """Numbers that describe a value: its rank and logarithm where they are in order, else one for each option."""
        if not self.ordered:
            return [float(option == value and type(option) is type(value)) for option in self.values]
        return [self.values.index(value) / max(self.size - 1, 1)]

    def feature_names(self) -> list[str]:
        """What the numbers of :meth:`features` are, to follow the choice's name."""
        return [""] if self.ordered else [f"={option}" for option in self.values]


@lru_cache(maxsize=4096)
def _options(given: tuple[object, ...], kinds: tuple[type, ...], ordered: bool | None) -> Options:
    return Options._of(given, ordered)


@dataclass(frozen=True, slots=True)
class Range:
    """A number between two bounds, both included.

    Attributes:
        low: The lower bound.
        high: The upper bound.
        log: Whether ratios matter rather than differences.
        integer: Whether only whole numbers count.

    Raises:
        SpaceError: Bounds that are not finite or not in order, or a logarithm of what is not positive.
    """

    low: float
    high: float
    log: bool = False
    integer: bool = False

    def __post_init__(self) -> None:
        for name in ("low", "high"):
            if isinstance(bound := getattr(self, name), np.generic):
                object.__setattr__(self, name, bound.item())
        numbers = all(isinstance(b, int | float) and not isinstance(b, bool) for b in (self.low, self.high))
        if not numbers or not (_is_finite(self.low) and _is_finite(self.high)):
            raise SpaceError(f"the bounds {shown(self.low)} and {shown(self.high)} must be finite numbers")
        if self.integer and (self.low != int(self.low) or self.high != int(self.high)):
            raise SpaceError(f"the bounds {self.low} and {self.high} of an integer must be integers")
        if self.low > self.high:
            raise SpaceError(f"the lower bound {self.low} is above the upper bound {self.high}")
        if self.log and self.low <= 0:
            raise SpaceError(f"the lower bound {self.low} must be above 0 for a logarithmic scale")
        if self.integer and max(-self.low, self.high) > _LARGEST:
            raise SpaceError(
                f"the bounds {shown(self.low)} and {shown(self.high)} of an integer must be within ±2^53, up to which "
                "numbers are exact; give the exponent as the integer instead"
            )
        if not math.isfinite(self.high / self.low if self.log else self.high - self.low):
            raise SpaceError(
                f"the range from {self.low} to {self.high} is too wide for floating-point numbers; give the exponent "
                "as the number instead"
            )

    def __str__(self) -> str:
        """The range as a message describes it."""
        kind = "an integer" if self.integer else "a number"
        return f"{kind} from {self.low} to {self.high}{' on a logarithmic scale' * self.log}"

    @property
    def size(self) -> int | None:
        """How many values there are; None for a continuous range."""
        if self.integer:
            return int(self.high) - int(self.low) + 1
        return 1 if self.low == self.high else None

    def contains(self, value: object) -> bool:
        """Whether it lies within the bounds and is of the right type."""
        kind = int if self.integer else float
        return type(value) is kind and self.low <= value <= self.high

    def read(self, value: object) -> Value:
        """The number that a value denotes.

        Raises:
            SpaceError: No number within the bounds.
        """
        try:
            number = float(value)  # type: ignore[arg-type] # what cannot be converted is refused below
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        whole = not self.integer or number == math.floor(number) if math.isfinite(number) else False
        if not whole or not self.low <= number <= self.high:
            raise SpaceError(f"{shown(value)} is not {self}")
        return int(number) if self.integer else number

    def draw(self, rng: np.random.Generator) -> Value:
        """One of them: uniform, or with a uniform logarithm."""
        if self.integer and not self.log:
            return int(rng.integers(int(self.low), int(self.high) + 1))
        return self._from_unit(float(rng.random()))

    def others(self, value: Value) -> list[Value]:
        """The values a tenth of the range below and above, or the next integers where these are farther."""
        found: list[Value] = []
        for step in (-0.1, 0.1):
            other = self._from_unit(min(max(self._to_unit(value) + step, 0.0), 1.0))
            if self.integer and other == value:
                other = int(value) + (1 if step > 0 else -1)  # type: ignore[arg-type] # a number
            if other != value and self.low <= other <= self.high:  # type: ignore[operator] # a number
                found.append(other)
        return found

    def mutated(self, value: Value, rng: np.random.Generator) -> Value | None:
        """Another value near it, normally distributed around it; None where there is no other."""
        if self.low == self.high:
            return None
        at = self._to_unit(value)
        for _ in range(20):
            other = self._from_unit(min(max(at + _STEP * float(rng.standard_normal()), 0.0), 1.0))
            if other != value:
                return other
        others = self.others(value)
        return others[int(rng.integers(len(others)))]

    def features(self, value: Value) -> list[float]:
        """Where it lies between the bounds, from 0 to 1."""
        return [self._to_unit(value)]

    def feature_names(self) -> list[str]:
        """What the number of :meth:`features` is, to follow the choice's name."""
        return [""]

    def _to_unit(self, value: Value) -> float:
        number = float(value)  # type: ignore[arg-type] # a number
        if self.low == self.high:
            return 0.0
        if self.log:
            return math.log(number / self.low) / math.log(self.high / self.low)
        return (number - self.low) / (self.high - self.low)

    def _from_unit(self, unit: float) -> Value:
        if self.integer:
            # Each integer has an equal part, in logarithms where these count.
            low, high = self.low - 0.5, self.high + 0.5
            number = low * (high / low) ** unit if self.log else low + unit * (high - low)
            return int(min(max(round(number), self.low), self.high))
        number = (
            self.low * (self.high / self.low) ** unit
            if self.log
            else self.low + unit * (self.high - self.low)
        )
        return float(min(max(number, self.low), self.high))


Domain: TypeAlias = Options | Range
"""The values that one choice may take."""


def as_value(value: object) -> Value:
    """A user's option as plain data.

    Raises:
        SpaceError: It is neither text nor a number, nor True, False or None, or it is not finite.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if type(value) is float and not math.isfinite(value):
        raise SpaceError(f"the option {value} is not finite")
    if value is None or type(value) in (str, int, float, bool):
        return value  # type: ignore[return-value] # one of these
    raise SpaceError(
        f"the option {shown(value)} is a {type(value).__name__}; options are texts, numbers, True, False or None. "
        "For classes or functions give a mapping of names to them"
    )


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # an integer that is larger than all floating-point numbers
        return False


def _alike(value: object, option: Value) -> bool:
    """Whether a value is an option but for its type, such as the text of a number."""
    if isinstance(value, str) or isinstance(option, str):
        return str(value) == str(option)
    if isinstance(value, bool) or isinstance(option, bool):
        return False
    return bool(value == option)
