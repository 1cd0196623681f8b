"""The skeleton for a graph, at the size that a recipe sets."""

from collections.abc import Mapping

from archrank.errors import ArchrankError, TrainingError
from archrank.graph import Graph
from archrank.images.images import ImageData
from archrank.networks.hierarchy import HierarchySkeleton
from archrank.networks.nasbench101 import NASBench101Skeleton
from archrank.networks.nasbench201 import NASBench201Skeleton
from archrank.networks.operations import OPERATIONS, OperationFactory
from archrank.networks.skeleton import Skeleton, outline
from archrank.networks.stacked_cells import StackedCells
from archrank.training.recipe import Recipe

__all__ = ["image_shape", "skeleton_for"]

_STAGES = 3
_BETWEEN = _STAGES - 1
"""The networks of the benchmarks: stages of equal cells, with a reduction between stages."""


def skeleton_for(
    graph: Graph,
    recipe: Recipe,
    data: ImageData,
    *,
    operations: Mapping[str, OperationFactory] = OPERATIONS,
) -> Skeleton:
    """The skeleton that stacks such a graph's cells, or surrounds a graph that is the whole network.

    The form of the cells decides, not the space's name, so a space of your own with cells like those of a published
    one has the same skeleton. A recipe's ``cells`` are all layers: 17 are three stages of five cells of
    NAS-Bench-201, and the two halvings between them.

    Args:
        graph: The C cells.
        recipe: Channels, layers, stem, auxiliary head and dropout.
        data: Classes and channels.
        operations: How to make the operations on sites.

    Raises:
        TrainingError: No skeleton stacks such cells.
        UnknownName: An operation that is not in the table.
    """
    reasons: list[ArchrankError] = []
    for kind in (_hierarchy, _stacked, _nasbench101, _nasbench201):
        try:
            skeleton = kind(recipe, len(data.classes), image_shape(recipe, data))
            outline(graph, skeleton, operations=operations)
        except ArchrankError as error:
            reasons.append(error)
        else:
            return skeleton
    operation = next((error for error in reasons if isinstance(error, LookupError)), None)
    if operation is not None:
        raise operation
    raise TrainingError(
        "no skeleton stacks such cells: " + "; ".join(map(str, reasons)) + ". Give your own (skeleton=…)"
    )


def image_shape(recipe: Recipe, data: ImageData) -> tuple[int, int, int]:
    """Channels, height and width of the images that a network sees.

    Raises:
        TrainingError: The recipe asks for larger images than there are.
    """
    if recipe.image_size is None:
        return data.channels, *data.size
    if recipe.image_size > min(data.size):
        raise TrainingError(
            f"the recipe {recipe.name} asks for images of {recipe.image_size} pixels, and those of {data.name} have "
            f"{data.size[0]}×{data.size[1]}; give --image-size {min(data.size)} or less, or larger images"
        )
    return data.channels, recipe.image_size, recipe.image_size


def _hierarchy(recipe: Recipe, classes: int, image: tuple[int, int, int]) -> Skeleton:
    size = _given(channels=recipe.channels)
    return HierarchySkeleton(**size, classes=classes, image_channels=image[0], image_size=image[1:])


def _stacked(recipe: Recipe, classes: int, image: tuple[int, int, int]) -> Skeleton:
    return StackedCells(
        **_given(channels=recipe.channels, cells=recipe.cells),
        stem=recipe.stem,
        auxiliary=recipe.auxiliary > 0,
        dropout=recipe.dropout,
        classes=classes,
        image_channels=image[0],
    )


def _nasbench101(recipe: Recipe, classes: int, image: tuple[int, int, int]) -> Skeleton:
    size = _given(channels=recipe.channels, modules=_a_stage(recipe.cells))
    return NASBench101Skeleton(**size, classes=classes, image_channels=image[0])


def _nasbench201(recipe: Recipe, classes: int, image: tuple[int, int, int]) -> Skeleton:
    size = _given(channels=recipe.channels, cells=_a_stage(recipe.cells))
    return NASBench201Skeleton(**size, classes=classes, image_channels=image[0])


def _a_stage(layers: int | None) -> int | None:
    return None if layers is None else max(1, (layers - _BETWEEN) // _STAGES)


def _given(**sizes: int | None) -> dict[str, int]:
    return {name: size for name, size in sizes.items() if size is not None}
