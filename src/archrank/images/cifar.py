"""CIFAR-10 and CIFAR-100: the official archives in their Python and binary versions, or Parquet files.

Reference: Krizhevsky, Learning Multiple Layers of Features from Tiny Images (2009).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from archrank.errors import DataError, UnknownName
from archrank.images import cifar_files
from archrank.images.cifar_files import Files
from archrank.images.source import ImageSource, Part
from archrank.system.files import is_file, is_folder
from archrank.system.folders import data_folder

__all__ = ["CIFAR", "cifar"]

_PAGE = "the CIFAR home page (https://www.cs.toronto.edu/~kriz/cifar.html)"


@dataclass(frozen=True, slots=True)
class _Kind:
    """One of the two data sets.

    Attributes:
        archive: The prefix of the names of its archives.
        folders: The folders in its archives: Python and binary version.
        parts: The files of a part, without the ending of the binary version.
        label: The key of the labels in the Python version, and the column in Parquet files.
        skipped: Bytes before the label in a record of the binary version.
        classes: Names of the classes.
    """

    archive: str
    folders: tuple[str, str]
    parts: Mapping[str, tuple[str, ...]]
    label: tuple[str, str]
    skipped: int
    classes: tuple[str, ...]


_CIFAR100 = """
apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can
castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin
elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard
lobster man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear
pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark
shrew skunk skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone
television tiger tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm
"""
"""The names of the classes of CIFAR-100, in the order of their labels."""

CIFAR: dict[str, _Kind] = {
    "cifar10": _Kind(
        "cifar-10",
        ("cifar-10-batches-py", "cifar-10-batches-bin"),
        {"train": tuple(f"data_batch_{i}" for i in range(1, 6)), "test": ("test_batch",)},
        ("labels", "label"),
        0,
        ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    ),
    "cifar100": _Kind(
        "cifar-100",
        ("cifar-100-python", "cifar-100-binary"),
        {"train": ("train",), "test": ("test",)},
        ("fine_labels", "fine_label"),
        1,
        tuple(_CIFAR100.split()),
    ),
}
"""By name."""


def cifar(name: str, folder: Path | None = None) -> ImageSource:
    """One of the CIFAR data sets, from any of its files that is present.

    Args:
        name: One of :data:`CIFAR`.
        folder: Where the files are, or the folder that an archive holds; by default the folder of that name in the
            data folder.

    Raises:
        UnknownName: Another name.
        DataError: None of the files was found; the message lists the names and the folder.
    """
    if name not in CIFAR:
        raise UnknownName("CIFAR data set", name, CIFAR)
    kind = CIFAR[name]
    place = folder if folder is not None else data_folder() / name
    # The official files come first: they hold every pixel as it was, Parquet files perhaps as JPEG.
    for find in (_unpacked, _archive, _parquet):
        if (found := find(kind, place)) is not None:
            files, parts = found
            sizes = [(file.name, file.stat().st_size) for file in files]
            stamps = [(file.resolve(), file.stat().st_mtime_ns) for file in files]
            return ImageSource(name, kind.classes, parts, sizes, stamps, size=32)
    raise DataError(_not_found(kind, name, place))


_Found = tuple[list[Path], Callable[[], dict[str, Part]]]


def _parquet(kind: _Kind, place: Path) -> _Found | None:
    """The Parquet files of a shared data set: train-*.parquet and test-*.parquet."""
    for folder in (place, place / "plain_text", place / kind.archive.replace("-", ""), place / "data"):
        if not is_folder(folder):
            continue
        files = {part: sorted(folder.glob(f"{part}-*.parquet")) for part in kind.parts}
        if all(files.values()):
            reads = {
                part: partial(cifar_files.parquet, paths, kind.label[1]) for part, paths in files.items()
            }
            return [path for paths in files.values() for path in paths], partial(_read, reads)
    return None


def _unpacked(kind: _Kind, place: Path) -> _Found | None:
    for inside, ending, read in _versions(kind):
        for folder in (place / inside, place):
            names = {part: [name + ending for name in names] for part, names in kind.parts.items()}
            if not is_file(folder / names["train"][0]):
                continue
            files = {part: [folder / name for name in names] for part, names in names.items()}
            every = [path for paths in files.values() for path in paths]
            if missing := [path.name for path in every if not is_file(path)]:
                raise DataError(f"{folder} lacks {', '.join(missing)}; unpack the archive again")
            reads = {p: _reading(read, partial(cifar_files.of_paths, paths)) for p, paths in files.items()}
            return every, partial(_read, reads)
    return None


def _archive(kind: _Kind, place: Path) -> _Found | None:
    for (inside, ending, read), version in zip(_versions(kind), ("python", "binary"), strict=True):
        path = place / f"{kind.archive}-{version}.tar.gz"
        if is_file(path):
            names = {part: [f"{inside}/{n}{ending}" for n in names] for part, names in kind.parts.items()}
            reads = {p: _reading(read, partial(cifar_files.of_archive, path, n)) for p, n in names.items()}
            return [path], partial(_read, reads)
    return None


def _reading(read: Callable[[Files], Part], files: Callable[[], Files]) -> Callable[[], Part]:
    """Opens the files when they are first read."""
    return lambda: read(files())


def _versions(kind: _Kind) -> list[tuple[str, str, Callable[[Files], Part]]]:
    """The Python and the binary version: the folder, the ending of a file's name, and how files are read."""
    python, binary = kind.folders
    return [
        (python, "", partial(cifar_files.python_version, label=kind.label[0])),
        (binary, ".bin", partial(cifar_files.binary_version, skipped=kind.skipped)),
    ]


def _read(parts: Mapping[str, Callable[[], Part]]) -> dict[str, Part]:
    return {name: read() for name, read in parts.items()}


def _not_found(kind: _Kind, name: str, place: Path) -> str:
    looked_for = [
        *(f"{kind.archive}-{version}.tar.gz" for version in ("python", "binary")),
        *(f"{folder}/" for folder in kind.folders),
        "train-*.parquet with test-*.parquet",
    ]
    missing = "" if is_folder(place) else " (there is no such folder)"
    return (
        f"{name} is not in {place}{missing}; looked for {', '.join(looked_for)}. Get an archive from {_PAGE} and put "
        "it there (ARCHRANK_DATA names the folder of all data), or name its folder with --data-folder"
    )
