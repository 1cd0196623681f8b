"""Training networks: recipes, the loop, checkpoints, the evaluator that trains."""

from archrank.system.extras import extra_named

with extra_named("archrank.training", "training"):
    from archrank.training.accuracy import Accuracy, accuracy
    from archrank.training.choosing import image_shape, skeleton_for
    from archrank.training.curve import Epoch, read_curve
    from archrank.training.devices import device_named, weights_generator
    from archrank.training.evaluator import TrainingEvaluator
    from archrank.training.model import Model
    from archrank.training.pruning import PRUNERS, Pruning
    from archrank.training.recipe import Recipe
    from archrank.training.recipes import RECIPES, recipe_named
    from archrank.training.setup import TrainingSetup, training_evaluator
    from archrank.training.train import Trained, train

__all__ = [
    "PRUNERS",
    "RECIPES",
    "Accuracy",
    "Epoch",
    "Model",
    "Pruning",
    "Recipe",
    "Trained",
    "TrainingEvaluator",
    "TrainingSetup",
    "accuracy",
    "device_named",
    "image_shape",
    "read_curve",
    "recipe_named",
    "skeleton_for",
    "train",
    "training_evaluator",
    "weights_generator",
]
