"""The code that defines a space of modules, as a text that is part of the space's identity."""

import ast
import inspect
import linecache
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tokenize import TokenError
from types import CodeType
from typing import Any

from archrank.errors import SpaceError
from archrank.modules.reached import Reached

__all__ = ["source_of"]


def source_of(builder: Callable[..., Any]) -> str:
    """What a function or class is made of: the code of its file, and what that reaches.

    This is the code of the user's other files in which functions and classes of it are defined, and the plain values
    that closures, partial functions, objects and constants of modules hold. Comments and docstrings do not count. Of
    what was defined in a notebook, and of what an installed package holds, only its own code; of what was typed in,
    or made by ``exec``, what it was compiled to.

    Raises:
        SpaceError: The code is not there.
    """
    target = inspect.unwrap(builder)
    while isinstance(target, partial):
        target = target.func
    if not (inspect.isfunction(target) or inspect.isclass(target) or inspect.ismethod(target)):
        target = type(target)
    try:
        file = inspect.getsourcefile(target)
        if Path(file or "").suffix not in (
            "",
            ".py",
        ):  # a page of documentation, whose lines are not those of the code
            raise OSError(file)
        text = inspect.getsource(target)
    except (OSError, TypeError, SyntaxError, TokenError):
        if compiled := "\n".join(_compiled(target)):
            return compiled + _beyond(builder, None)
        raise SpaceError(
            f"the code of {getattr(builder, '__qualname__', builder)!s} cannot be read, which identifies the space: "
            "define it in Python"
        ) from None
    path = Path(file or "")
    if path.suffix == ".py" and path.is_file() and "site-packages" not in path.parts:
        text = "".join(linecache.getlines(str(path)))
    return _plain(text) + _beyond(builder, path)


def _beyond(builder: Any, own: Path | None) -> str:
    """The user's other files that it reaches, and the values that it depends on."""
    reached = Reached(builder)
    others = sorted(path for path in reached.files if own is None or path != own.resolve())
    parts = [f"\n# {path.name}\n{_plain(path.read_text(encoding='utf-8'))}" for path in others]
    values = [f"\n# {name} = {value}" for name, value in sorted(reached.values.items())]
    return "".join([*parts, *values])


def _compiled(target: Any) -> Iterator[str]:
    """What identifies compiled code, its nested functions and the methods of a class, a line each."""
    if inspect.isclass(target):
        for name, member in vars(target).items():
            code = getattr(inspect.unwrap(member) if callable(member) else member, "__code__", None)
            if isinstance(code, CodeType):
                yield name
                yield from _lines(code)
    elif isinstance(code := getattr(target, "__code__", None), CodeType):
        yield from _lines(code)


def _lines(code: CodeType) -> Iterator[str]:
    constants = [value for value in code.co_consts if not isinstance(value, CodeType)]
    yield f"{code.co_name} {code.co_names} {code.co_varnames} {constants!r} {code.co_code.hex()}"
    for value in code.co_consts:
        if isinstance(value, CodeType):
            yield from _lines(value)


def _plain(text: str) -> str:
    """Code without comments, docstrings and layout; the text itself where it does not stand alone."""
    try:
        tree = ast.parse(inspect.cleandoc(text) if text[:1].isspace() else text)
    except (SyntaxError, ValueError, RecursionError):
        return text
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and body:
            first = body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and len(body) > 1:
                del body[0]
    return ast.unparse(tree)
