"""Where in the user's code something happens: the innermost line that is neither PyTorch's, Python's nor ours."""

import sys
import sysconfig
from pathlib import Path
from types import FrameType, TracebackType

import torch

__all__ = ["line_before", "line_now", "line_of"]

_PYTHON = sysconfig.get_path("stdlib")
_OTHERS = (str(Path(torch.__file__).parent), str(Path(__file__).parents[1]), "<frozen ")
_END = "_call_of_the_user"
"""The function that calls the user's module; further out is the caller of ours."""


def line_now() -> str:
    """The line that runs now, as ``file.py:12``; empty where no line of the user's does."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_name != _END:
        if _is_users(frame):
            return f"{frame.f_code.co_filename}:{frame.f_lineno}"
        frame = frame.f_back
    return ""


def line_of(error: BaseException) -> str:
    """The line that raised an error, or called what raised it, as ``file.py:12``; empty where there is none."""
    found = ""
    trace: TracebackType | None = error.__traceback__
    while trace is not None:
        if _is_users(trace.tb_frame):
            found = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
        elif trace.tb_frame.f_code.co_name == _END:
            found = ""
        trace = trace.tb_next
    return found


def _is_users(frame: FrameType) -> bool:
    file = frame.f_code.co_filename
    if file.startswith(_OTHERS):
        return False
    return not file.startswith(_PYTHON) or "site-packages" in file


def line_before(error: BaseException) -> str:
    """The user's line that raised it, to stand before a message."""
    line = line_of(error)
    return f"{line}: " if line else ""
