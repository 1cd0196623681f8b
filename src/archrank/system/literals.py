r"""Values out of texts as programs print them: Python, JSON and NumPy literals. Nothing in a text is ever run.

Papers, logs and repositories write the same list as ``[0, 1]``, ``(0, 1)``, ``array([0, 1])``, ``[0 1]`` or
``[np.int64(0), np.int64(1)]``. :func:`read_literal` reads all of these; what it does not know is refused, with the
position. Length and depth are bounded before anything is read.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple, NoReturn

from archrank.errors import ParseError
from archrank.system.foreign import shown

__all__ = ["LONGEST", "Call", "read_literal", "read_printed"]

LONGEST = 20_000
"""Characters; the longest architecture of a known space has fewer than 2,000."""

DEEPEST = 16
_LONGEST_NUMBER = 30
_LONGEST_RANGE = 1_000

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>[bruBRU]{0,2}(?:'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"))
    | (?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)
    | (?P<name>[^\W\d]\w*(?:\.[^\W\d]\w*)*)
    | (?P<mark>[][(){},:=])
    )""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "/": "/", "\\": "\\", "'": "'", '"': '"'}
_CONSTANTS: dict[str, bool | None] = {
    **dict.fromkeys(("True", "true", "True_"), True),
    **dict.fromkeys(("False", "false", "False_"), False),
    **dict.fromkeys(("None", "null")),
}
_END = re.compile(r"[\s,;]*(?:#.*)?", re.DOTALL)
_END_OF_LINE = re.compile(r"[\s,;.'\")\]}]*(?:#.*)?", re.DOTALL)
_BEFORE = re.compile(r"""[^\[\](){}'"]*(?:[=:]\s*(?=[\[({'"])|=\s*(?=\d+\s*$))""")
_QUOTED = re.compile(r"""\s*[\[({'"]""")
_LAYERS = 8
"""Quotes and brackets around a value."""

_LISTS = {"list", "tuple", "array", "asarray", "tensor", "Tensor"}
_NUMBERS = {"int", "float", "bool", "bool_", "str", "str_"} | {
    f"{kind}{bits}" for kind in ("int", "uint", "float") for bits in (8, 16, 32, 64)
}
_MAPPINGS = {"dict", "OrderedDict"}
_IGNORED = {"dtype", "device"}
"""Named arguments of arrays and tensors that say nothing of their values."""


class Call(NamedTuple):
    """A call that stands in a text, such as ``Genotype(normal=…)``.

    Attributes:
        name: The last part of the called name.
        args: The values without a name.
        named: The values with one.
    """

    name: str
    args: tuple[Any, ...]
    named: Mapping[str, Any]


def read_literal(text: str, names: Mapping[str, Any] | None = None, *, calls: tuple[str, ...] = ()) -> Any:
    """The value that a text writes: lists, tuples, dictionaries, texts, numbers, truth values and None.

    Args:
        text: The text. NumPy's arrays and numbers, tensors, ``range(2, 6)``, ``list(…)`` and ``dict(…)`` are read as
            the plain values that they hold; in square brackets commas may be missing, as NumPy prints arrays.
        names: Further names that may stand alone, and their values.
        calls: Names of calls that are given back as a :class:`Call`, whatever module stands in front of them.

    Raises:
        ParseError: Anything else; the message says where the text stops being such a value.

    >>> read_literal("{'a': (1, np.int64(2)), 'b': array([0, 1]), 'c': range(2, 5), 'd': [0 1]}")
    {'a': (1, 2), 'b': [0, 1], 'c': [2, 3, 4], 'd': [0, 1]}
    """
    _check_length(text)
    return _Reader(text, names or {}, calls).whole(_END)


def read_printed(
    text: str, call: str | None = None, names: Mapping[str, Any] | None = None, keys: Collection[str] = ()
) -> Any:
    """The one value that a line of a program, a log or a table holds, as for :func:`read_literal`.

    In front of it may stand an assignment, or what a log writes; it may be in quotes, alone in a list, or under a
    single key.

    Args:
        text: The line.
        call: The name of the call that writes such a value; it is given back as a :class:`Call`.
        names: As for :func:`read_literal`.
        keys: Keys of a dictionary that is itself such a value.

    Raises:
        ParseError: As for :func:`read_literal`; or the text holds several such calls or values.

    >>> read_printed("11/02 PM best = [0, 1]"), read_printed("cell: {'arch': '[0, 1]'}")
    ([0, 1], [0, 1])
    """
    _check_length(text)
    value: Any = text
    for _ in range(_LAYERS):
        if isinstance(value, str):
            value = _printed(value, call, names)
        elif isinstance(value, list | tuple) and not isinstance(value, Call) and len(value) == 1:
            value = value[0]
        elif isinstance(value, dict) and len(value) == 1 and not value.keys() & {*keys}:
            value = next(iter(value.values()))
        else:
            return value
    raise ParseError(f"{shown(text)} holds no value but quotes and brackets")


def _printed(text: str, call: str | None, names: Mapping[str, Any] | None) -> Any:
    starts = [] if call is None else _calls(text, call)
    if len(starts) > 1:
        each = "; ".join(shown(text[start : start + 60], 60) for start in starts[:3])
        raise ParseError(f"{shown(text)} holds {len(starts)} times {call}(…); give one of them: {each}")
    known = (names or {}, () if call is None else (call,))
    start = before.end() if (before := _BEFORE.match(text)) else 0
    if starts and not _QUOTED.match(text):
        return _Reader(text, *known, starts[0]).whole(_END_OF_LINE)
    try:
        return _Reader(text, *known, start).whole(_END)
    except ParseError:
        if not starts:
            raise
    return _Reader(text, *known, starts[0]).whole(_END_OF_LINE)


def _check_length(text: str) -> None:
    if len(text) > LONGEST:
        raise ParseError(f"{shown(text)} is {len(text):,} characters long, expected at most {LONGEST:,}")


def _calls(text: str, name: str) -> list[int]:
    """Where calls of a name begin in a text, the module in front of it included."""
    found = re.finditer(rf"(?<![\w.])(?:[^\W\d]\w*\.)*{re.escape(name)}\s*\(", text)
    return [match.start() for match in found]


class _Reader:
    """Reads one value; the position is where the next token is looked for."""

    def __init__(self, text: str, names: Mapping[str, Any], calls: tuple[str, ...], start: int = 0) -> None:
        self._text = text
        self._names = {**_CONSTANTS, **names}
        self._calls = calls
        self._position = start

    def whole(self, end: "re.Pattern[str]") -> Any:
        """The value, after which no more may follow than ``end``."""
        value = self.value(0)
        if not end.fullmatch(self._text, self._position):
            self._refuse("more text follows")
        return value

    def value(self, depth: int) -> Any:
        if depth > DEEPEST:
            self._refuse(f"more than {DEEPEST} brackets within one another")
        kind, token = self._take()
        if kind == "text":
            return self._unquoted(token)
        if kind == "number":
            return self._number(token)
        if kind == "name":
            return self._named(token, depth)
        if token == "(":
            items, commas = self._items(")", depth)
            return items[0] if len(items) == 1 and not commas else tuple(items)
        if token == "[":
            return self._items("]", depth, commas_needed=False)[0]
        if token == "{":
            return self._mapping(depth)
        return self._refuse(f"{token!r} is not expected")

    def _take(self) -> tuple[str, str]:
        match = _TOKEN.match(self._text, self._position)
        if match is None:
            self._refuse("no value" if self._text[self._position :].strip() else "the text ends too early")
        self._position = match.end()
        kind = str(match.lastgroup)
        return kind, match[kind]

    def _next(self, *marks: str) -> str | None:
        """The mark that comes next, taken, if it is one of these."""
        match = _TOKEN.match(self._text, self._position)
        if match is None or match["mark"] not in marks:
            return None
        self._position = match.end()
        return match["mark"]

    def _items(self, closing: str, depth: int, commas_needed: bool = True) -> tuple[list[Any], int]:
        """The values up to a closing bracket, and how many commas stood between them."""
        items: list[Any] = []
        commas = 0
        while not self._next(closing):
            items.append(self.value(depth + 1))
            if self._next(","):
                commas += 1
            elif self._next(closing):
                break
            elif commas_needed or commas:
                self._refuse(f"',' or {closing!r} is expected")
            if 0 < commas < len(items):
                self._refuse("a comma is missing before")
        return items, commas

    def _mapping(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not self._next("}"):
            key = self.value(depth + 1)
            if not isinstance(key, str) or not self._next(":"):
                self._refuse("a name in quotes and ':' are expected in braces")
            self._put(found, key, self.value(depth + 1))
            if not self._next(","):
                if not self._next("}"):
                    self._refuse("',' or '}' is expected")
                break
        return found

    def _put(self, found: dict[str, Any], name: str, value: Any) -> None:
        if name in found:
            self._refuse(f"{shown(name, 60)} is there twice")
        found[name] = value

    def _named(self, token: str, depth: int) -> Any:
        name = token.rpartition(".")[2]
        if not self._next("("):
            if name in self._names:
                return self._names[name]
            self._refuse(f"the name {shown(token, 60)} is not known")
        args, named = self._arguments(depth)
        if name in self._calls:
            return Call(name, tuple(args), named)
        if name == "range" or name == "arange":
            return self._range(args)
        if name in _MAPPINGS:
            return self._dictionary(args, named)
        make = _conversion(name)
        if make is None:
            self._refuse(f"calls of {shown(token, 60)} are not read")
        if len(args) != 1 or named:
            self._refuse(f"{token} with one value is expected")
        made = make(args[0])
        return made if made is not None else self._refuse(f"{token} of {shown(args[0], 60)} is not read")

    def _arguments(self, depth: int) -> tuple[list[Any], dict[str, Any]]:
        args: list[Any] = []
        named: dict[str, Any] = {}
        while not self._next(")"):
            before = self._position
            kind, token = self._take()
            if kind == "name" and self._next("="):
                if token in _IGNORED:
                    self._pass_over()
                else:
                    self._put(named, token, self.value(depth + 1))
            else:
                self._position = before
                if named:
                    self._refuse("a value without a name follows one with a name")
                args.append(self.value(depth + 1))
            if not self._next(","):
                if not self._next(")"):
                    self._refuse("',' or ')' is expected")
                break
        return args, named

    def _pass_over(self) -> None:
        """Pass over the name or the text of a number type or of a device."""
        kind, token = self._take()
        if kind not in ("name", "text"):
            self._refuse(f"{shown(token, 60)} is not expected")

    def _range(self, args: list[Any]) -> list[int]:
        if not 1 <= len(args) <= 3 or any(type(end) is not int for end in args) or 0 in args[2:]:
            self._refuse("range takes one to three whole numbers")
        numbers = range(*args)
        try:
            count = len(numbers)
        except OverflowError:
            count = _LONGEST_RANGE + 1
        if count > _LONGEST_RANGE:
            self._refuse(f"a range of more than {_LONGEST_RANGE:,} numbers")
        return list(numbers)

    def _dictionary(self, args: list[Any], named: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        pairs: Any = args[0] if len(args) == 1 else []
        pairs = list(pairs.items()) if isinstance(pairs, dict) else pairs
        if len(args) > 1 or not isinstance(pairs, list):
            self._refuse("a dictionary takes one list of pairs")
        for pair in [*pairs, *named.items()]:
            if not isinstance(pair, tuple | list) or len(pair) != 2 or not isinstance(pair[0], str):
                self._refuse(f"{shown(pair, 60)} is no pair of a name and a value")
            self._put(found, pair[0], pair[1])
        return found

    def _number(self, token: str) -> int | float:
        if len(token) > _LONGEST_NUMBER:
            self._refuse(f"a number of {len(token):,} characters")
        try:
            return int(token)
        except ValueError:
            return float(token)

    def _unquoted(self, token: str) -> str:
        start = min(token.find(quote) for quote in "'\"" if quote in token)
        content = token[start + 1 : -1]
        return content if "\\" not in content else _ESCAPE.sub(self._escaped, content)

    def _escaped(self, match: "re.Match[str]") -> str:
        if code := match[1] or match[2]:
            return chr(int(code, 16))
        return _ESCAPED.get(match[3]) or self._refuse(f"the escape {shown(match[0])} is not read")

    def _refuse(self, why: str) -> NoReturn:
        raise ParseError(f"{why} at character {min(self._position, len(self._text))} of {shown(self._text)}")


def _conversion(name: str) -> Callable[[Any], Any] | None:
    """What makes a plain value of the value of a call; it gives None where it cannot."""
    if name in _LISTS:
        return lambda value: list(value) if isinstance(value, list | tuple) else _number(value)
    if name in _NUMBERS:
        return _number
    return None


def _number(value: Any) -> Any:
    return value if isinstance(value, int | float | str) else None
