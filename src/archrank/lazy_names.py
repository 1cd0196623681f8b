"""Names of things that are imported when they are first asked for."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Generic, TypeVar, cast

from archrank.extras import extra_named

__all__ = ["LazyNames"]

T = TypeVar("T")


class LazyNames(Mapping[str, T], Generic[T]):
    """A mapping whose names are known at once, and whose values are imported one by one.

    Args:
        places: Where each value is, as ``"package.module:attribute"``.

    Raises:
        MissingExtra: A value is asked for that needs an extra of this package which is not installed.

    >>> losses = LazyNames({"hinge": "archrank.ranking.losses:PairwiseHinge"})
    >>> list(losses), losses["hinge"]
    (['hinge'], <class 'archrank.ranking.losses.PairwiseHinge'>)
    """

    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = dict(places)

    def __getitem__(self, name: str) -> T:
        module, _, attribute = self._places[name].partition(":")
        with extra_named(repr(name)):
            return cast(T, getattr(import_module(module), attribute))

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __repr__(self) -> str:
        return f"LazyNames({self._places})"
