"""The recipes by name: those of papers, and small ones of archrank."""

from pathlib import Path

from archrank.errors import UnknownName
from archrank.training.recipe import Recipe

__all__ = ["RECIPES", "recipe_named"]

_CIFAR = Recipe(
    "cifar-final",
    epochs=600,
    batch=128,
    learning_rate=0.05,
    final_learning_rate=0.001,
    weight_decay=3e-4,
    clip=5.0,
    drop_path=0.2,
    dropout=0.1,
    auxiliary=0.4,
    crop=4,
    flip=True,
    cutout=16,
    channels=36,
    cells=20,
    summary="CIFAR-10 in full, as ENAS, DARTS and GATES report it",
)

_IMAGENET = Recipe(
    "imagenet-mobile",
    epochs=250,
    batch=256,
    learning_rate=0.1,
    final_learning_rate=0.0,
    warm_up=5,
    weight_decay=3e-5,
    clip=5.0,
    label_smoothing=0.1,
    drop_path=0.2,
    auxiliary=0.4,
    resized_crop=(0.08, 1.0),
    flip=True,
    jitter=(0.4, 0.4, 0.4, 0.2),
    cutout=16,
    channels=48,
    cells=14,
    stem="imagenet",
    image_size=224,
    summary="ImageNet in the mobile setting: 224×224 pixels, below 600 M multiply-adds",
)

_RECIPES = (
    Recipe(
        "digits",
        epochs=6,
        batch=64,
        learning_rate=0.1,
        channels=8,
        cells=3,
        summary="scikit-learn's digits, 8×8 pixels: seconds, to try things out",
    ),
    Recipe(
        "proxy",
        epochs=2,
        batch=32,
        learning_rate=0.1,
        crop=4,
        flip=True,
        channels=16,
        cells=5,
        image_size=8,
        train_images=8_000,
        summary="CIFAR-10 for search on a few cores: part of the images at a quarter of their size, half a minute each",
    ),
    Recipe(
        "gates-proxy",
        epochs=50,
        batch=96,
        learning_rate=0.05,
        final_learning_rate=0.001,
        crop=4,
        flip=True,
        channels=20,
        cells=20,
        summary="CIFAR-10 for search, as the authors of GATES train (their paper says 80 epochs of 8 cells)",
    ),
    _CIFAR,
    Recipe(
        "nasbench201-final",
        epochs=100,
        batch=128,
        learning_rate=0.05,
        final_learning_rate=1e-4,
        crop=4,
        flip=True,
        cutout=16,
        channels=64,
        cells=17,
        summary="CIFAR-10 in full for cells of NAS-Bench-201, wider than the benchmark trains them",
    ),
    _IMAGENET,
    _IMAGENET.but(
        name="imagenet-gates",
        channels=52,
        image_size=299,
        summary="ImageNet as in the code of GATES: larger images, more channels",
    ),
)

RECIPES: dict[str, Recipe] = {recipe.name: recipe for recipe in _RECIPES}
"""By name.

The settings of GATES are those of its authors' code (aw_nas), where it states them; what it leaves open (the
augmentation of ``gates-proxy``, weight decay of ``nasbench201-final``) is as in ``cifar-final``, without what only
helps in long trainings. The code tests ImageNet at 331 pixels after training at 299; here both are 299.

Reference: Ning et al., GATES (ECCV 2020), appendix; Liu et al., DARTS (ICLR 2019), appendix A.
"""


def recipe_named(name: str) -> Recipe:
    """A recipe by its name, or by the path of a TOML or JSON file.

    Raises:
        UnknownName: Neither; or the file names a setting that recipes do not have.
        TrainingError: The file cannot be read, or holds an invalid value.

    >>> recipe_named("cifar-final").epochs
    600
    """
    if name in RECIPES:
        return RECIPES[name]
    if Path(name).suffix in (".toml", ".json"):
        return Recipe.read(Path(name), RECIPES)
    raise UnknownName("recipe", name, [*RECIPES, "path/to/file.toml"])
