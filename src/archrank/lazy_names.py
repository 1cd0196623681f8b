"""A mapping of names to objects that are imported on first use."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Generic, TypeVar, cast

from archrank.system.extras import extra_named

__all__ = ["LazyNames"]

T = TypeVar("T")


class LazyNames(Mapping[str, T], Generic[T]):
    """A mapping whose names are known at once, and whose values are imported one by one.

    Args:
        paths: Where each value is, as ``"package.module:attribute"``.

    Raises:
        MissingExtra: The value needs an extra of this package that is not installed.

    >>> losses = LazyNames({"hinge": "archrank.ranking.losses:PairwiseHinge"})
    >>> list(losses), losses["hinge"]
    (['hinge'], <class 'archrank.ranking.losses.PairwiseHinge'>)
    """

    def __init__(self, paths: Mapping[str, str]) -> None:
        self._paths = dict(paths)

    def __getitem__(self, name: str) -> T:
        module, _, attribute = self._paths[name].partition(":")
        with extra_named(repr(name)):
            return cast(T, getattr(import_module(module), attribute))

    def __contains__(self, name: object) -> bool:
        return name in self._paths

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)

    def __repr__(self) -> str:
        return f"LazyNames({self._paths})"
