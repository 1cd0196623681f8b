"""The code that defines a space of modules, as a text that is part of the space's identity."""

import ast
import inspect
import linecache
from collections.abc import Callable
from pathlib import Path
from typing import Any

from archrank.errors import SpaceError

__all__ = ["source_of"]


def source_of(builder: Callable[..., Any]) -> str:
    """The code of the file in which a function or class is defined, without comments and docstrings.

    Of what was defined in a notebook or typed in, and of what an installed package holds, only its own code.

    Raises:
        SpaceError: The code is not there.
    """
    target = inspect.unwrap(builder)
    if not (inspect.isfunction(target) or inspect.isclass(target) or inspect.ismethod(target)):
        target = type(target)
    try:
        file = inspect.getsourcefile(target)
        text = inspect.getsource(target)
    except (OSError, TypeError):
        raise SpaceError(
            f"the code of {getattr(builder, '__qualname__', builder)!s} cannot be read, which identifies the space: "
            "define it in a file or a notebook"
        ) from None
    path = Path(file or "")
    if path.suffix == ".py" and path.is_file() and "site-packages" not in path.parts:
        text = "".join(linecache.getlines(str(path)))
    return _plain(text)


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
