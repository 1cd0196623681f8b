"""The names of a room: archrank's own, and those that installed packages add to it.

A package adds a name by an entry point of the group ``archrank.ROOM``, such as ``archrank.encoders``. Reading the names
imports nothing; a package is imported when one of its names is used.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.metadata import Distribution, EntryPoint, distributions
from typing import Any, Generic, TypeVar

from archrank.errors import MissingExtra, PluginError, UnknownName
from archrank.system.extras import extra_named
from archrank.system.foreign import in_one_line, shown

__all__ = ["ROOMS", "Installed", "Names", "check_subclass", "installed"]

ROOMS = {
    "spaces": "space",
    "benchmarks": "benchmark",
    "encoders": "encoder",
    "losses": "loss",
    "predictors": "predictor",
    "strategies": "strategy",
}
"""The rooms that packages can add names to, by the entry-point group ``archrank.ROOM``, and what each name is."""

_QUOTED = 200
"""A stored name may be of any length; an error message quotes this many of its characters."""

T = TypeVar("T")


class Installed:
    """A name that an installed package adds.

    Attributes:
        package: The package and its version.
        entry: Its entry point.
    """

    def __init__(self, package: str, entry: EntryPoint) -> None:
        self.package = package
        self.entry = entry

    @property
    def module(self) -> str:
        """The module that is imported when the name is used."""
        return self.entry.value.partition(":")[0].strip()

    @property
    def attribute(self) -> str:
        """What the name is called in its module."""
        return self.entry.value.partition(":")[2].partition("[")[0].strip()


def installed(room: str) -> Mapping[str, tuple[Installed, ...]]:
    """The names that installed packages add to a room, with all who add each; nothing is imported.

    >>> "gates" in installed("encoders")
    False
    """
    return _rooms()[room]


class Names(Mapping[str, T], Generic[T]):
    """The names of a room, archrank's own first.

    Args:
        room: One of :data:`ROOMS`.
        own: archrank's own names and their values.
        accept: Turns what a package's entry point names into a value, given its name too; raises where it is none.

    Raises:
        PluginError: A name is looked up that two packages claim, or archrank and a package, or whose package cannot
            be imported, or has something else there.
        MissingExtra: A name's package needs an extra of this package that is not installed.

    >>> names = Names("losses", {"hinge": 1}, lambda name, value: 2)
    >>> list(names), names["hinge"], "mine" in names
    (['hinge'], 1, False)
    """

    def __init__(self, room: str, own: Mapping[str, T], accept: Callable[[str, object], T]) -> None:
        self._room = room
        self._own = own
        self._accept = accept

    def __getitem__(self, name: str) -> T:
        added = installed(self._room).get(name, ())
        claims = [*(["archrank"] if name in self._own else []), *(each.package for each in added)]
        if len(claims) > 1:
            raise PluginError(
                f"the name {name!r} among {self._room} is claimed by {' and by '.join(claims)}; uninstall all of them "
                f"but one, or rename its entry point of the group archrank.{self._room}"
            )
        return self._loaded(name, added[0]) if added else self._own[name]

    def look_up(self, name: object) -> T:
        """The value of a name that a user or a file gives: of any value, for only a name in here is accepted.

        Raises:
            UnknownName: It is no name in here.
            PluginError: As for the class.
            MissingExtra: As for the class.
        """
        if not isinstance(name, str) or name not in self:
            raise UnknownName(ROOMS[self._room], str(name)[:_QUOTED], self)
        return self[name]

    def __contains__(self, name: object) -> bool:
        return name in self._own or name in installed(self._room)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self._own, *installed(self._room)]))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __repr__(self) -> str:
        return f"Names({self._room!r}, {list(self)})"

    def name_of(self, value: object) -> str | None:
        """The name whose value this is, or None; of other packages, only the value's own is imported."""
        for name, known in self._own.items():
            if known is value:
                return name
        package = str(getattr(value, "__module__", "")).partition(".")[0]
        for name, (first, *_) in installed(self._room).items():
            if first.module.partition(".")[0] == package and self[name] is value:
                return name
        return None

    def _loaded(self, name: str, added: Installed) -> T:
        try:
            with extra_named(f"{name!r} of {added.package}"):
                return self._accept(name, added.entry.load())
        except MissingExtra:
            raise
        except (Exception, SystemExit) as error:
            raise PluginError(
                f"{name!r} of the installed package {added.package} ({added.entry.value}) cannot be used: "
                f"{in_one_line(error)}; repair, update or uninstall the package"
            ) from None


def check_subclass(value: object, base: type[Any]) -> type[Any]:
    """What a package's entry point names, where it must be a class.

    Raises:
        TypeError: It is no subclass.
    """
    if isinstance(value, type) and issubclass(value, base):
        return value
    raise TypeError(f"{shown(value)} is no subclass of {base.__name__}")


@cache
def _rooms() -> dict[str, dict[str, tuple[Installed, ...]]]:
    rooms: dict[str, dict[str, tuple[Installed, ...]]] = {room: {} for room in ROOMS}
    seen = set()
    for distribution in distributions():
        try:
            found = _added(distribution)
        except (Exception, SystemExit) as error:  # one damaged package must not take the others away
            warnings.warn(f"an installed package cannot be read: {in_one_line(error)}", stacklevel=2)
            continue
        # The first on the path is the one that is imported.
        if not found or found[0].package.split()[0] in seen:
            continue
        seen.add(found[0].package.split()[0])
        for each in found:
            room = rooms[each.entry.group.removeprefix("archrank.")]
            room[each.entry.name] = (*room.get(each.entry.name, ()), each)
    return rooms


def _added(distribution: Distribution) -> list[Installed]:
    # Most packages add nothing: reading one small file of each is all that happens then.
    if "archrank." not in (distribution.read_text("entry_points.txt") or ""):
        return []
    package = f"{distribution.name} {distribution.version}"
    groups = {f"archrank.{room}" for room in ROOMS}
    return [Installed(package, entry) for entry in distribution.entry_points if entry.group in groups]
