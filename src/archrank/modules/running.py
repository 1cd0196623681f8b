"""Calls are run without numbers; where an operator needs some, they are known, zero, or the reason of an error."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import Tensor

from archrank.errors import TraceError
from archrank.modules.code_lines import line_now
from archrank.modules.constants import Constants
from archrank.modules.module_calls import ModuleCalls
from archrank.modules.nested import mapped
from archrank.system.foreign import in_one_line

__all__ = ["Running"]


_NO_NUMBERS = re.compile(r"\bmeta\b|data is not allocated|no fake impl")


class Running:
    """Runs calls, and answers questions for values.

    Attributes:
        problem: The first value that was asked for and is not known, as an error; a network may catch it.

    Args:
        constants: The numbers that are known.
        calls: The calls of modules under way.
    """

    def __init__(self, constants: Constants, calls: ModuleCalls) -> None:
        self.problem: TraceError | None = None
        self._constants, self._calls = constants, calls

    def run(self, func: Callable[..., Any], name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """The result of an operator without numbers.

        Raises:
            TraceError: The shape depends on numbers that are not known, or the operator works in no way.
        """
        try:
            return func(*args, **kwargs)
        except (NotImplementedError, RuntimeError) as error:
            if not isinstance(error, NotImplementedError) and not _NO_NUMBERS.search(str(error)):
                raise
            first = type(error).__name__
        if name == "setitem":
            return None
        deciding = self._constants.deciding(name, args)
        if any(self._constants.value(tensor) is None for tensor in deciding):
            raise self._refused(f"the shape of what {name} returns depends on values")
        try:
            return self._constants.run(func, args, kwargs)
        except Exception as error:
            line = line_now()
            raise TraceError(
                f"{line + ': ' if line else ''}the operator {name} works neither without numbers ({first}) nor on "
                f"zeros ({in_one_line(error, 300)}); register a fake implementation for it with "
                "torch.library.register_fake"
            ) from error

    def value(
        self,
        func: Callable[..., Any],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        twin: Callable[[Tensor], Tensor],
    ) -> Any:
        """What a function of tensors' numbers returns, where these do not depend on the input.

        Raises:
            TraceError: They do, or are not known.
        """

        def real(tensor: Tensor) -> Tensor:
            found = self._constants.value(twin(tensor))
            if found is None:
                name = func.__name__.strip("_")
                raise self._refused(f"the network's code uses the value of a tensor ({name})")
            return found

        return func(*mapped(real, tuple(args)), **kwargs)

    def _refused(self, what: str) -> TraceError:
        line, path = line_now(), ".".join(self._calls.path)
        where = f" in the module {path}" if path else ""
        error = TraceError(
            f"{line or 'the network'}: {what}{where}, so the graph depends on the input's numbers and not only on its "
            "shape; compute with tensors instead, such as with torch.where, or trace the part around it"
        )
        self.problem = self.problem or error
        return error
