"""Which module is being called, within which others, and for the how manieth time."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import get_ident
from typing import Any

from torch import nn
from torch.nn.modules import module as _module

__all__ = ["ModuleCalls"]


class ModuleCalls:
    """The calls of modules that are under way.

    Attributes:
        path: The name of each, from the outermost, relative to the one before, such as ``("layer1", "0", "conv1")``;
            a module that its caller calls again is ``"conv1#2"``. The root itself has no name.
        classes: The class of each.
        paused: Whether calls are not noticed for the moment.

    Args:
        root: The module whose parts have names.
        parts: These, with their names.
    """

    def __init__(self, root: nn.Module, parts: Iterable[tuple[str, Any]] | None = None) -> None:
        self.path: tuple[str, ...] = ()
        self.classes: tuple[str, ...] = ()
        self.paused = False
        self._root = root
        named = root.named_modules() if parts is None else parts
        self._names = {id(module): name for name, module in named}
        self._open: list[_Open] = [_Open(root, "", (), ())]

    @contextmanager
    def followed(self) -> Iterator[None]:
        """Within it, calls of modules in this thread are noticed."""
        thread = get_ident()

        # A hook that returned anything would change the input or the output.
        def before(module: nn.Module, args: Any) -> None:
            if get_ident() == thread and not self.paused:
                self._begin(module)

        def after(module: nn.Module, args: Any, output: Any) -> None:
            if get_ident() == thread and not self.paused:
                self._end(module)

        # What register_module_forward_hook does, which takes longer than many a trace.
        key: Any = f"archrank {id(self)}"
        hooks: Any = ((_module._global_forward_pre_hooks, before), (_module._global_forward_hooks, after))
        for registered, hook in hooks:
            registered[key] = hook
        try:
            yield
        finally:
            for registered, _ in hooks:
                registered.pop(key, None)

    def _begin(self, module: nn.Module) -> None:
        if module is self._root and len(self._open) == 1:
            return
        full, path, classes = self.entered(module)
        self._open.append(_Open(module, full, path, classes))
        self._show()

    def entered(self, module: Any) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
        """The name of a module that is called now, and the path and classes within it; the call is counted."""
        outer = self._open[-1]
        full = self._names.get(id(module))
        kind = type(module).__name__
        if full is None:
            full = name = kind
        else:
            inside = f"{outer.name}." if outer.name else ""
            name = full.removeprefix(inside) if full != outer.name else kind
        times = outer.times[name] = outer.times.get(name, 0) + 1
        shown = name if times == 1 else f"{name}#{times}"
        return full, (*outer.path, shown), (*outer.classes, kind)

    def _end(self, module: nn.Module) -> None:
        # A call that raised an error which its caller caught was never ended.
        places = [i for i, call in enumerate(self._open) if call.module is module]
        if places and places[-1] > 0:
            del self._open[places[-1] :]
            self._show()

    def _show(self) -> None:
        self.path, self.classes = self._open[-1].path, self._open[-1].classes


class _Open:
    """A call that has not returned yet, and how often it called each other module."""

    __slots__ = ("classes", "module", "name", "path", "times")

    def __init__(self, module: nn.Module, name: str, path: tuple[str, ...], classes: tuple[str, ...]) -> None:
        self.module, self.name, self.path, self.classes = module, name, path, classes
        self.times: dict[str, int] = {}
